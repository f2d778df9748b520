"""A bot with some weeks behind it, for pictures of the operator's pages: two servers, clips of the
preview engine, a line, reports, changes and troubles."""

import asyncio
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from bot.composition import App
from generation.domain.delivery import Delivery
from generation.domain.job import Job, JobId, JobStatus, new_job_id
from generation.domain.parsing import parse_request
from generation.domain.pricing import Micros
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef, UserRef
from generation.domain.report import Report, ReportReason
from generation.mp4 import encode
from generation.protocol.errors import BackendBusy, DeliveryDelayed
from generation.protocol.progress import Steps
from generation.protocol.request import Endpoint
from generation.rules import ledger
from worker.engines.preview.engine import PreviewRender

GUILD: Final = ServerRef(Platform.DISCORD, "1290000000000000001")
WORKSPACE: Final = ServerRef(Platform.SLACK, "T0PAPERTOWN")
_NAMES: Final = {
    GUILD: "Paper Town",
    WORKSPACE: "Lighthouse Studio",
    ChannelRef(GUILD, "1290000000000000011"): "clips",
    ChannelRef(WORKSPACE, "C0CLIPS"): "animations",
    UserRef(Platform.DISCORD, "1290000000000007001"): "Mira",
    UserRef(Platform.DISCORD, "1290000000000007002"): "Noah",
    UserRef(Platform.DISCORD, "1290000000000007003"): "Ines",
    UserRef(Platform.SLACK, "U0ADA"): "ada",
    UserRef(Platform.SLACK, "U0BO"): "bo",
}
_PROMPTS: Final = (
    "a paper boat on a stormy sea, oil painting",
    "a red fox running through fresh snow at dawn",
    "koi in a pond, drawn in ink",
    "lighthouse in fog, slow waves",
    "an astronaut watering tomatoes on the moon",
    "a hot-air balloon over lavender fields",
    "city street in the rain, neon reflections",
    "a whale of paper lanterns in the night sky",
)
_DAYS: Final = 30
_OPEN: Final = 7


@dataclass(frozen=True)
class OperatorScene:
    """What there is to look at."""

    newest: JobId
    """Of a clip that was made from another one."""


async def furnish(app: App) -> OperatorScene:
    """Fill the bot's database, its clips and its line."""
    for named, name in _NAMES.items():
        app.service.names.note(named, name)
    now, made = app.clock.now(), list[Job]()
    for number in range(_DAYS):
        at = now - timedelta(hours=3 + 23 * (_DAYS - number - 1), minutes=7 * number % 60)
        for again in range(1 + number * 5 % 4):
            parent = made[-1] if again == 1 else None
            made.append(await _made(app, number + 3 * again, at + timedelta(minutes=again), parent))
    await _line(app, now)
    await _decisions(app, made, now)
    return OperatorScene(next(job.id for job in reversed(made) if job.parent is not None))


def _job(number: int, at: datetime, parent: Job | None = None) -> Job:
    server = WORKSPACE if number % 3 == 0 else GUILD
    members = [
        each for each in _NAMES if isinstance(each, UserRef) and each.platform is server.platform
    ]
    channel = next(c for c in _NAMES if isinstance(c, ChannelRef) and c.server == server)
    asked = {"prompt": _PROMPTS[number % len(_PROMPTS)], "seed": 1000 + 37 * number}
    request = parse_request({**asked, "num_frames": 16, "video_size": "square"})
    if parent is not None:
        request, channel = parent.request.with_seed(4242), parent.channel
        members = [parent.requested_by]
    return Job(
        new_job_id(at),
        request,
        members[number % len(members)],
        channel,
        f"picture:{number}:{at.timestamp()}",
        at,
        parent=None if parent is None else parent.id,
        reserved=Micros(40_000),
    )


async def _made(app: App, number: int, at: datetime, parent: Job | None) -> Job:
    job = _job(number, at, parent)
    cost = Micros((20_000, 40_000, 80_000)[number % 3])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clip.mp4"
        await asyncio.to_thread(file.write_bytes, _clip(job.request.prompt))
        artifact = await app.ports.artifacts.save(job.id, file)
    done = replace(
        job,
        status=JobStatus.SUCCEEDED,
        attempt=1,
        backend="fal" if number % 3 == 1 else "worker",
        engine=None if number % 3 == 1 else "animatediff",
        cost=cost,
        submitted_at=at + timedelta(seconds=1),
        started_at=at + timedelta(seconds=3),
        finished_at=at + timedelta(seconds=14),
        artifact=artifact,
    )
    message = MessageRef(job.channel, "1290000000000000999")
    delivery = Delivery(job.id, job.channel, opened_at=at, message=message)
    async with app.ports.store.transaction() as tx:
        await tx.standing(job.channel.server, job.requested_by, at)
        done = replace(done, number=await tx.next_number(job.channel.server))
        await tx.append(ledger.reserve(job, at))
        await tx.add_job(done, delivery.sent(message, at + timedelta(seconds=15)), None)
        await tx.append(ledger.settle(done, at + timedelta(seconds=14)))
    return done


@cache
def _clip(prompt: str) -> bytes:
    render = PreviewRender(parse_request({"prompt": prompt, "seed": 7, "num_frames": 4}))
    while not render.is_finished:
        render.advance()
    return encode(render.frames(), fps=4)


async def _line(app: App, now: datetime) -> None:
    for number in range(_OPEN):
        job = _job(number, now - timedelta(seconds=9 * (_OPEN - number)))
        job = replace(job, number=101 + number)
        if number == 4:
            turbo = job.request.model_copy(update={"endpoint": Endpoint.TURBO})
            job = replace(job, request=turbo)
        app.schedule.line.job_moved(job)
        if number < 2:
            running = replace(job, status=JobStatus.RUNNING, backend="worker", started_at=now)
            app.schedule.line.job_moved(running)
            app.schedule.note_rest(running, 6.0 + 4 * number, Steps(17 - 8 * number, 25))


async def _decisions(app: App, made: list[Job], now: datetime) -> None:
    service, operator = app.service, UserRef(Platform.TERMINAL, "operator")
    admin, reporter = (UserRef(Platform.DISCORD, f"129000000000000700{n}") for n in (1, 2))
    await service.set_ceilings(GUILD, {"user_clips_per_day": 20}, by=operator)
    await service.change_rules(GUILD, {"user_clips_per_day": 50, "max_frames": 24}, by=admin)
    await service.pause(WORKSPACE, "moving to a new GPU, back at 18:00", by=operator)
    async with app.ports.store.transaction() as tx:
        for job, words in ((made[-1], "it shows our office"), (made[-4], "")):
            server = job.channel.server
            by = UserRef(Platform.SLACK, "U0BO") if server == WORKSPACE else reporter
            await tx.add_report(Report(job.id, server, by, ReportReason.PERSON, words, now))
    app.breakers.failed("fal", BackendBusy("fal", retry_after=40))
    for _ in range(3):
        app.observer.trouble(
            "delivery put off", DeliveryDelayed("Discord answers 503"), job_id=made[-1].id
        )
