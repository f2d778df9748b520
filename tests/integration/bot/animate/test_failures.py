"""One clip from the terminal while the database fails, the backend is away, or another process has the job."""

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
from bot.commands.admin.acting import Acting
from bot.commands.admin.database import maintenance_app
from bot.commands.admin.limits import change_limits
from bot.commands.animate.terminal_job import ClipOutcome, make_clip
from bot.composition import Ports
from bot.settings import Settings, load_settings, variable_of
from doubles.generation.backend import ScriptedBackend, tiny_mp4
from doubles.generation.faulty_store import FaultyStore
from factories import a_lease, a_request, later
from generation.domain.job import JobStatus
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.domain.style import StyledRequest
from generation.protocol.clock import Clock, SystemClock
from generation.protocol.errors import BackendUnavailable, StorageFull, StoreBusy, StoreError
from generation.protocol.request import Endpoint
from generation.text.dialect import PLAIN


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable_of(field), raising=False)
    monkeypatch.chdir(tmp_path)


class HurriedClock(SystemClock):
    """The machine's clock, on which a short pause takes a tenth of its time: the rest is skipped, so that deadlines and
    leases still see all of it."""

    def __init__(self) -> None:
        self._skipped = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self._skipped

    async def sleep(self, seconds: float) -> None:
        share = 0.1 if seconds <= 2 else 1.0
        await super().sleep(seconds * share)
        self._skipped += timedelta(seconds=max(0.0, seconds) * (1 - share))


class Setting:
    """A terminal, a scripted backend, and a store that fails where the test says so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.backend = ScriptedBackend()
        self.store = FaultyStore(None)
        self.screen = Screen(Console(file=StringIO()))
        self.around: Callable[[Any], Any] = lambda store: store
        self.clock: Clock = HurriedClock()

    def arrange(self, ports: Ports) -> Ports:
        self.store.store = ports.store
        return replace(ports, store=self.around(self.store), backends={"worker": self.backend})  # type: ignore[arg-type]

    @property
    def settings(self) -> Settings:
        return load_settings(data_dir=self.folder / "data", worker_url="http://127.0.0.1:9")

    async def animate(self) -> ClipOutcome:
        return await make_clip(
            self.settings,
            StyledRequest(a_request()),
            self.folder / "a.mp4",
            self.screen,
            arrange=self.arrange,
            clock=self.clock,
        )


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path)


@pytest.mark.parametrize("step", ["job submitting", "job queued", "job running", "job succeeded", "delivery sent"])
@pytest.mark.parametrize("trouble", [StoreBusy("database is locked"), StorageFull("disk is full")])
async def test_a_step_that_cannot_be_saved_at_once_is_saved_later(
    setting: Setting, step: str, trouble: Exception
) -> None:
    setting.store.troubles = {step: [trouble]}
    outcome = await setting.animate()
    assert (outcome.job.status, outcome.undelivered) == (JobStatus.SUCCEEDED, None)
    assert setting.store.refused == [step]
    assert (setting.folder / "a.mp4").read_bytes() == tiny_mp4()
    assert len(setting.backend.submissions) == 1


async def test_a_database_that_stays_full_is_one_error_and_not_a_group_of_errors(setting: Setting) -> None:
    setting.store.always = {"job submitting": StorageFull("disk is full")}
    with pytest.raises(StoreError):
        await setting.animate()
    assert setting.backend.submissions == []


async def test_between_two_attempts_the_job_keeps_its_lease(setting: Setting) -> None:
    setting.backend.refusals = [BackendUnavailable("worker")]
    setting.clock = SystemClock()  # looked at from beside it
    claimable: list[list[Any]] = []

    async def read_claimable() -> None:
        while setting.backend.refusals or setting.store.store is None:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        claimable.append(await setting.store.claimable(datetime.now(UTC) + timedelta(seconds=5), limit=5))

    async with asyncio.TaskGroup() as group:
        group.create_task(read_claimable())
        outcome = await setting.animate()
    assert outcome.job.status is JobStatus.SUCCEEDED
    assert claimable == [[]]


async def test_a_job_that_another_process_holds_is_waited_for(setting: Setting) -> None:
    """A laptop that slept: the lease has run out, and another bot has taken the job."""

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

    setting.around = Stolen
    outcome = await setting.animate()
    assert outcome.job.status is JobStatus.SUCCEEDED
    assert len(setting.backend.submissions) == 1


@pytest.mark.parametrize(
    ("limits", "field", "value"),
    [
        (["max_frames=8"], "num_frames", 8),
        (["max_steps=20"], "num_inference_steps", 20),
        (["max_size=312x312"], "pixels", (312, 312)),
        (["quality=turbo"], "endpoint", Endpoint.TURBO),
        (["quality=turbo", "max_steps=2"], "num_inference_steps", 2),
    ],
)
async def test_what_nobody_asked_for_is_fitted_into_the_terminals_limits_too(
    setting: Setting, limits: list[str], field: str, value: object
) -> None:
    by = UserRef(Platform.TERMINAL, "operator")
    async with maintenance_app(setting.settings) as app:
        await change_limits(Acting(app.service, ServerRef(Platform.TERMINAL, "local"), by, PLAIN), limits)
    assert (await setting.animate()).job.status is JobStatus.SUCCEEDED
    ((_, sent),) = setting.backend.submissions
    assert getattr(sent, field) == value
