"""The embedded worker: restarted whatever its child does, and never outliving its parent."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import pytest
from filelock import FileLock

from bot.supervisor import LOCKED, EmbeddedWorker, WorkerCannotStart
from doubles.clock import AutoClock

READY = 'import sys, time; print(\'{"ready": true, "url": "http://127.0.0.1:1234", "engine": "preview"}\', flush=True)'
NOBODY = 2**22 + 1  # more than a process id can be
UNTIL_TOLD = "; sys.stdin.read()"


class Child:
    """A supervised child made of a line of Python, and the addresses that it has reported."""

    def __init__(self, folder: Path, program: str) -> None:
        self.moves: list[str] = []
        self.ends: list[bool] = []
        self.arguments = folder / "arguments"
        note = f"import sys, os; open({str(self.arguments)!r}, 'a').write(f'{{os.getpid()}} {{sys.argv[-1]}}\\n'); "
        self.command = [sys.executable, "-c", note + program]
        self.worker = EmbeddedWorker(self.command, dict(os.environ), folder, clock=AutoClock(), backend=self)

    def move_to(self, url: str) -> None:
        self.moves.append(url)

    def ended(self, *, starts_again: bool) -> None:
        self.ends.append(starts_again)

    def starts(self) -> list[list[str]]:
        """Process id and asked-for port of each start so far."""
        return [line.split() for line in self.arguments.read_text().splitlines()] if self.arguments.exists() else []


@asynccontextmanager
async def supervised(worker: EmbeddedWorker) -> AsyncIterator[None]:
    async with asyncio.timeout(40), asyncio.TaskGroup() as group:
        task = group.create_task(worker.run())
        yield
        assert not task.done()
        task.cancel()


async def started(child: Child, times: int) -> None:
    while len(child.starts()) < times:
        await asyncio.sleep(0.01)


def line(pid: float | None = None) -> str:
    """The ready line of another Flipbook's worker, as in the file beside its lock."""
    said = {"ready": True, "url": "http://127.0.0.1:4321", "engine": "animatediff", "pid": pid or os.getpid()}
    return json.dumps(said)


def is_running(pid: str) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_a_worker_tells_its_address_and_ends_with_its_parent(tmp_path: Path) -> None:
    child = Child(tmp_path, READY + UNTIL_TOLD)
    async with supervised(child.worker):
        await child.worker.ready()
        assert (child.moves, child.worker.engine) == (["http://127.0.0.1:1234"], "preview")
        assert (child.worker.is_ready, child.worker.state) == (True, "ready (preview)")
    [[pid, port]] = child.starts()
    assert (port, is_running(pid)) == ("0", False)


async def test_a_worker_that_ends_is_started_again_on_its_port(tmp_path: Path) -> None:
    child = Child(tmp_path, READY)
    async with supervised(child.worker):
        await started(child, 2)
    assert [port for _, port in child.starts()][:2] == ["0", "1234"]


async def test_a_worker_that_ends_before_it_is_ready_cannot_start_but_is_tried_again(tmp_path: Path) -> None:
    child = Child(tmp_path, "sys.exit(69)")
    async with supervised(child.worker):
        with pytest.raises(WorkerCannotStart):
            await child.worker.ready()
        await started(child, 9)
        assert child.worker.state == "ends again and again (it ended with code 69); its own log lines say why"
    # starting for a while; then it is away, and its clips may go elsewhere
    assert child.ends[:8] == [True] * 7 + [False]


async def test_a_child_that_the_system_cannot_even_start_ends_nothing_else(tmp_path: Path) -> None:
    nowhere = [str(tmp_path / "no-such-program")]
    child = Child(tmp_path, "")
    worker = EmbeddedWorker(nowhere, {}, tmp_path, clock=AutoClock(), backend=child)
    assert worker.state == "starting"
    async with supervised(worker):
        with pytest.raises(WorkerCannotStart):
            await worker.ready()
        while not child.ends:
            await asyncio.sleep(0)
        assert worker.state == "starting again (the system could not start it)"


async def test_a_line_longer_than_any_ready_line_is_dropped(tmp_path: Path) -> None:
    child = Child(tmp_path, "print('x' * 1_000_000, flush=True); " + READY + UNTIL_TOLD)
    async with supervised(child.worker):
        await child.worker.ready()
    assert child.moves == ["http://127.0.0.1:1234"]


async def test_a_worker_of_another_process_that_holds_the_folder_is_used_instead(tmp_path: Path) -> None:
    # it becomes ready only after a start of this one
    child = Child(tmp_path, f"open({str(tmp_path / 'endpoint.json')!r}, 'w').write({line()!r}); sys.exit({LOCKED})")
    with FileLock(tmp_path / "worker.lock"):
        async with supervised(child.worker):
            await child.worker.ready()
            assert (child.moves[0], child.worker.state) == ("http://127.0.0.1:4321", "ready (animatediff)")


async def test_the_worker_of_another_process_is_used_without_starting_one_and_replaced_when_it_ends(
    tmp_path: Path,
) -> None:
    (tmp_path / "endpoint.json").write_text(line())
    child = Child(tmp_path, READY + UNTIL_TOLD)
    theirs = FileLock(tmp_path / "worker.lock")
    theirs.acquire()
    async with supervised(child.worker):
        await child.worker.ready()
        assert (child.moves[0], child.worker.engine, child.starts()) == ("http://127.0.0.1:4321", "animatediff", [])
        theirs.release()
        await started(child, 1)
        # the backend has been told, and waits instead of asking where nobody is
        assert child.ends == [True]
        await child.worker.ready()
        assert (child.moves[-1], child.worker.engine) == ("http://127.0.0.1:1234", "preview")


@pytest.mark.parametrize("pauses", [1, 2, 5, 8, 9])
async def test_the_worker_of_another_process_may_come_back_before_one_is_started(tmp_path: Path, pauses: int) -> None:
    (tmp_path / "endpoint.json").write_text(line())
    theirs = FileLock(tmp_path / "worker.lock", thread_local=False)
    theirs.acquire()
    child = Child(tmp_path, READY + UNTIL_TOLD)
    came_back = asyncio.Event()

    class Returning(AutoClock):
        """The other worker goes away after the first look, and is back so many looks later."""

        looks = 0

        async def sleep(self, seconds: float) -> None:
            self.looks += 1
            if self.looks == 1:
                theirs.release()
            if self.looks == 1 + pauses:
                theirs.acquire()
            if self.looks == 3 + pauses:
                came_back.set()
            await super().sleep(seconds)

    worker = EmbeddedWorker(child.command, dict(os.environ), tmp_path, clock=Returning(), backend=child)
    async with supervised(worker):
        await came_back.wait()
        assert (child.ends, set(child.moves), child.starts()) == ([True], {"http://127.0.0.1:4321"}, [])
        assert worker.state == "ready (animatediff)"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"ready": true}', '{"ready": false, "url": "x"}'])
async def test_an_address_file_that_makes_no_sense_is_read_again_later(tmp_path: Path, text: str) -> None:
    (tmp_path / "endpoint.json").write_text(text)
    child = Child(tmp_path, f"sys.exit({LOCKED})")
    with FileLock(tmp_path / "worker.lock"):
        async with supervised(child.worker):
            await started(child, 2)
            assert (child.moves, child.worker.state) == ([], "starting again (another worker has its folder)")


@pytest.mark.parametrize(("pid", "is_locked"), [(NOBODY, True), (NOBODY, False), (0.5, False), (1, False), (-1, False)])
async def test_a_worker_that_has_left_its_address_is_not_taken_for_a_ready_one(
    tmp_path: Path, pid: float, is_locked: bool
) -> None:
    (tmp_path / "endpoint.json").write_text(line(pid))
    child = Child(tmp_path, f"sys.exit({LOCKED})")
    with FileLock(tmp_path / "worker.lock") if is_locked else nullcontext():
        async with supervised(child.worker):
            await started(child, 3)
            assert (child.moves, child.worker.is_ready) == ([], False)
