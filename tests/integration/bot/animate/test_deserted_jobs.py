"""A job of a terminal that is gone is closed by the next process, and a start that fails leaves nothing ordered."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from adapters.terminal.messenger import DETACHED_CHANNEL, LOCAL_CHANNEL, LOCAL_USER
from adapters.terminal.screen import Screen
from bot.cli import app as command
from bot.commands.animate.terminal_job import make_clip
from bot.composition import App, Ports, Role, open_app
from bot.folders import run_lock
from bot.settings import Settings, load_settings
from doubles.generation.backend import FINISHED, ScriptedBackend
from doubles.generation.faulty_store import FaultyStore
from factories import a_request
from generation.domain.job import Job, JobStatus
from generation.domain.refs import ChannelRef, Platform, ServerRef, UserRef
from generation.domain.style import StyledRequest
from generation.protocol.errors import StorageFull
from generation.service import SubmitContext

CHAT = ChannelRef(ServerRef(Platform.DISCORD, "1"), "2")
MEMBER = UserRef(Platform.DISCORD, "3")


class Found:
    """A data folder in which a process has left a job, and the backend that it was for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.backend = ScriptedBackend()
        self.settings: Settings = load_settings(data_dir=folder / "data", worker_url="http://127.0.0.1:9")

    @asynccontextmanager
    async def app(self, owner: str) -> AsyncIterator[App]:
        def arrange(ports: Ports) -> Ports:
            return replace(ports, backends={"worker": self.backend})

        async with open_app(self.settings, Role(owner), arrange=arrange) as app:
            yield app

    async def left(self, channel: ChannelRef, status: JobStatus) -> Job:
        """A job in that status whose process was killed, so that its lease has run out."""
        by = MEMBER if channel is CHAT else LOCAL_USER
        async with self.app("gone") as app:
            job = await app.service.submit(a_request(), SubmitContext("gone", requested_by=by, channel=channel))
            if status is not JobStatus.PENDING:
                running = asyncio.create_task(app.lifecycle.run(job))
                while (job := await app.ports.store.job(job.id) or job).status is not status:
                    await asyncio.sleep(0.01)
                running.cancel()
                await asyncio.wait({running})
            # as if thirty seconds had passed
            async with app.ports.store.transaction() as tx:
                await tx.release(job.id, "gone")
        return job

    async def ended(self, job: Job) -> Job:
        """The job after a `flipbook run` has found it."""
        async with self.app("run") as app, asyncio.timeout(40), asyncio.TaskGroup() as group:
            running = group.create_task(app.dispatcher.run())
            while not (job := await app.ports.store.job(job.id) or job).status.is_final:
                await asyncio.sleep(0.01)
            app.dispatcher.stop()
            await running
        return job


@pytest.fixture
def found(tmp_path: Path) -> Found:
    return Found(tmp_path)


@pytest.mark.parametrize(
    ("channel", "status", "end", "submissions"),
    [
        (LOCAL_CHANNEL, JobStatus.PENDING, JobStatus.CANCELLED, 0),
        (LOCAL_CHANNEL, JobStatus.QUEUED, JobStatus.CANCELLED, 1),
        (LOCAL_CHANNEL, JobStatus.RUNNING, JobStatus.CANCELLED, 1),
        (DETACHED_CHANNEL, JobStatus.PENDING, JobStatus.SUCCEEDED, 1),
        (CHAT, JobStatus.PENDING, JobStatus.SUCCEEDED, 1),
    ],
)
async def test_a_bot_makes_only_what_somebody_waits_for(
    found: Found, channel: ChannelRef, status: JobStatus, end: JobStatus, submissions: int
) -> None:
    if status is not JobStatus.PENDING:
        found.backend.hold = asyncio.Event()
        found.backend.updates = FINISHED if status is JobStatus.RUNNING else (FINISHED[0], FINISHED[-1])
    job = await found.ended(await found.left(channel, status))
    assert (job.status, len(found.backend.submissions)) == (end, submissions)


async def test_the_next_clip_from_a_terminal_closes_what_the_last_one_left(found: Found) -> None:
    left = [await found.left(LOCAL_CHANNEL, JobStatus.PENDING)]
    await make_clip(
        found.settings,
        StyledRequest(a_request()),
        found.folder / "a.mp4",
        Screen(Console(file=StringIO())),
        arrange=_with(found),
    )
    async with found.app("look") as app:
        assert [(await app.service.job(job.id, LOCAL_CHANNEL.server)).status for job in left] == [JobStatus.CANCELLED]
    assert len(found.backend.submissions) == 1


@pytest.mark.parametrize("trouble", ["a bug", "a full disk"])
async def test_a_start_that_fails_leaves_nothing_ordered(found: Found, trouble: str) -> None:
    store = FaultyStore(None)
    if trouble == "a full disk":
        store.always = {"job submitting": StorageFull("disk is full")}
    else:
        found.backend.refusals = [RuntimeError(trouble)]  # type: ignore[list-item]

    def arrange(ports: Ports) -> Ports:
        store.store = ports.store
        return replace(ports, store=store, backends={"worker": found.backend})  # type: ignore[arg-type]

    with pytest.raises(Exception, match=r"disk is full|bug"):
        await make_clip(
            found.settings,
            StyledRequest(a_request()),
            found.folder / "a.mp4",
            Screen(Console(file=StringIO())),
            arrange=arrange,
        )
    async with found.app("look") as app:
        (job,) = await app.ports.store.jobs_of(LOCAL_USER, LOCAL_CHANNEL.server, limit=5)
    # one whose submission is in doubt ends when the next process has asked about it
    assert job.status is JobStatus.CANCELLED or job.cancel_requested


@pytest.mark.parametrize("is_served", [True, False])
def test_a_detached_job_is_ordered_and_its_place_told(
    tmp_path: Path, is_served: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(data_dir=tmp_path / "data")
    settings.data_dir.mkdir()
    arguments = ["animate", "a boat", "--detach", "--data-dir", str(settings.data_dir)]
    if is_served:
        with run_lock(settings):
            result = CliRunner().invoke(command, arguments)
    else:
        result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.stderr
    assert (("; `flipbook run` makes it." in result.stderr), "the next `flipbook run`" in result.stderr) == (
        is_served,
        not is_served,
    )
    place = Path(result.stdout.strip())
    assert place.parent == settings.data_dir / "clips"
    facts = json.loads(CliRunner().invoke(command, [*arguments, "--json"]).stdout)
    assert facts["status"] == "pending"
    assert facts["path"].endswith(f"{facts['id']}.mp4")


def test_a_detached_job_takes_no_output(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        command, ["animate", "a boat", "--detach", "-o", "a.mp4", "--data-dir", str(tmp_path / "data")]
    )
    assert (result.exit_code, result.stderr) == (2, "With --detach the clip stays in the store: leave --output away.\n")


def _with(found: Found):  # type: ignore[no-untyped-def]
    return lambda ports: replace(ports, backends={"worker": found.backend})
