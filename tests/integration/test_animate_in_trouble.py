"""One clip from the terminal while the database is locked or full, the backend away, or somebody else too eager."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from adapters.terminal.screen import Screen
from bot.animate import Outcome, animate
from bot.app import Ports
from bot.settings import Settings, load_settings, variable_of
from doubles.backend import ScriptedBackend, tiny_mp4
from doubles.faulty_store import FaultyStore
from factories import a_lease, a_request, later
from generation.errors import BackendUnavailable, StorageFull, StoreBusy, StoreError
from generation.job import JobStatus


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable_of(field), raising=False)
    monkeypatch.chdir(tmp_path)


class Bench:
    """A terminal, a scripted backend, and a store that fails where it is told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.backend = ScriptedBackend()
        self.store = FaultyStore(None)
        self.screen = Screen(Console(file=StringIO()))
        self.around: Callable[[Any], Any] = lambda store: store

    def arrange(self, ports: Ports) -> Ports:
        self.store.store = ports.store
        return replace(ports, store=self.around(self.store), backends={"worker": self.backend})  # type: ignore[arg-type]

    async def animate(self) -> Outcome:
        settings = load_settings(data_dir=self.folder / "data", worker_url="http://127.0.0.1:9")
        return await animate(settings, a_request(), self.folder / "a.mp4", self.screen, arrange=self.arrange)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("step", ["job submitting", "job queued", "job running", "job succeeded", "delivery sent"])
@pytest.mark.parametrize("trouble", [StoreBusy("database is locked"), StorageFull("disk is full")])
async def test_a_step_that_cannot_be_saved_at_once_is_saved_later(bench: Bench, step: str, trouble: Exception) -> None:
    bench.store.troubles = {step: [trouble]}
    outcome = await bench.animate()
    assert (outcome.job.status, outcome.undelivered) == (JobStatus.SUCCEEDED, None)
    assert bench.store.refused == [step]
    assert (bench.folder / "a.mp4").read_bytes() == tiny_mp4()
    assert len(bench.backend.submissions) == 1


async def test_a_database_that_stays_full_is_an_error_of_ours_and_not_a_group_of_errors(bench: Bench) -> None:
    bench.store.always = {"job submitting": StorageFull("disk is full")}
    with pytest.raises(StoreError):
        await bench.animate()
    assert bench.backend.submissions == []


async def test_between_two_attempts_the_job_stays_ours(bench: Bench) -> None:
    bench.backend.refusals = [BackendUnavailable("worker")]
    claimable: list[list[Any]] = []

    async def look() -> None:
        while bench.backend.refusals or bench.store.store is None:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        claimable.append(await bench.store.claimable(datetime.now(UTC) + timedelta(seconds=5), limit=5))

    async with asyncio.TaskGroup() as group:
        group.create_task(look())
        outcome = await bench.animate()
    assert outcome.job.status is JobStatus.SUCCEEDED
    assert claimable == [[]]


async def test_a_job_in_other_hands_is_waited_for(bench: Bench) -> None:
    """A laptop that slept: its lease ran out, and a bot beside it has taken the job."""

    class Stolen(FaultyStore):
        taken = False

        async def job(self, job_id: Any) -> Any:
            if not self.taken:
                self.taken = True
                async with self.store.transaction() as tx:
                    assert await tx.claim(job_id, a_lease("another", later(days=3650)), later(days=3649))
                asyncio.get_running_loop().call_later(0.5, self.give_back, job_id)
            return await self.store.job(job_id)

        def give_back(self, job_id: Any) -> None:
            async def release() -> None:
                async with self.store.transaction() as tx:
                    await tx.release(job_id, "another")

            self.releasing = asyncio.ensure_future(release())

    bench.around = Stolen
    outcome = await bench.animate()
    assert outcome.job.status is JobStatus.SUCCEEDED
    assert len(bench.backend.submissions) == 1
