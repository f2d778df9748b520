"""What a worker and the doctor tell, for the picture of the Health page."""

from dataclasses import replace

from bot.commands.doctor.explained import Explained
from bot.composition import Ports
from generation.backends.client import QueueClient
from generation.diagnostics import Finding, Grade
from generation.ports import WorkerHealth
from generation.protocol.clock import SystemClock


class PicturedWorker(QueueClient):
    """A worker that is there, and tells of itself."""

    async def engine(self) -> str | None:
        return "animatediff"

    async def places(self) -> int | None:
        return 2

    async def health(self) -> WorkerHealth | None:
        return WorkerHealth(
            status="ready",
            engine="animatediff",
            why="its models are installed",
            device="NVIDIA GeForce RTX 4070",
            version="0.1.0",
            places=2,
            active=2,
            waiting=5,
            memory_total=12_878_000_000,
            memory_free=4_610_000_000,
            models=("epicrealism", "motion-adapter", "animatelcm", "zoom-in", "pan-left"),
            compiling=1,
        )


def with_a_worker(ports: Ports) -> Ports:
    """The ports with that worker in place of one that is nowhere."""
    worker = PicturedWorker(
        "worker", "http://192.0.2.7:8188", None, resubmits_safely=True, clock=SystemClock()
    )
    return replace(ports, backends={**ports.backends, "worker": worker})


async def examined() -> list[Explained]:
    """What the doctor finds on a machine that is nearly well."""
    findings = (
        Finding(Grade.GOOD, "settings", "of /etc/flipbook/flipbook.env, and of the environment"),
        Finding(Grade.GOOD, "data folder", "/var/lib/flipbook, 74.7 GiB free"),
        Finding(Grade.GOOD, "database", "up to date; jobs: 5 pending, 2 running"),
        Finding(Grade.NOTE, "backup", "the last one was made nine days ago"),
        Finding(Grade.GOOD, "backend worker", "http://192.0.2.7:8188 accepts the key"),
        Finding(Grade.BAD, "Discord server Paper Town", "the bot may not attach files in #clips"),
        Finding(Grade.GOOD, "Slack token", "accepted by Lighthouse Studio"),
    )
    return [Explained.of(finding) for finding in findings]
