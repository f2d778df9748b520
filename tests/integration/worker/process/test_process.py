"""A worker as a process: its ready line, its lock, how it ends, and what each exit code says."""

import asyncio
import json
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from bot.folders import running_worker
from worker.engine import EngineUnavailable
from worker.process.exit_codes import WorkerExit
from worker.process.serve import serve
from worker.settings import WorkerSettings
from workers import APP, INPUT, STANDARD, worker_settings

PROCESS = Path(__file__).parents[3] / "doubles" / "worker" / "worker_process.py"


class Child:
    """A worker process; ``ready`` is what its ready line said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.ready: dict[str, Any] = {}

    async def wait_ready(self) -> None:
        assert self.process.stdout is not None
        self.ready = json.loads(await asyncio.wait_for(self.process.stdout.readline(), 30))

    async def ended(self, seconds: float = 60) -> tuple[int, str, str]:
        """Exit code, the rest of its output, and the last line of its errors."""
        out, errors = await asyncio.wait_for(self.process.communicate(), seconds)
        assert self.process.returncode is not None
        lines = errors.decode().strip().splitlines()
        return self.process.returncode, out.decode(), lines[-1] if lines else ""


@asynccontextmanager
async def child(folder: Path, *given: str, ready: bool = True) -> AsyncIterator[Child]:
    """A worker process, killed at the end if it still lives."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROCESS), str(folder), *given, stdin=pipe, stdout=pipe, stderr=pipe
    )
    started = Child(process)
    try:
        if ready:
            await started.wait_ready()
        yield started
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_the_ready_line_says_where_and_what_and_stands_in_the_data_folder(tmp_path: Path) -> None:
    async with child(tmp_path) as worker:
        file = tmp_path / "endpoint.json"
        assert worker.ready == {
            "ready": True,
            "url": worker.ready["url"],
            "engine": "preview",
            "pid": worker.process.pid,
        }
        assert json.loads(file.read_text()) == worker.ready
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        async with httpx.AsyncClient(base_url=worker.ready["url"]) as http:
            health, ready = await http.get("/health"), await http.get("/ready")
        assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
        assert health.json() == {
            "status": "ready",
            "engine": "preview",
            "engine_reason": "a test",
            "gpu": None,
            "version": health.json()["version"],
            "places": 1,
            "capabilities": health.json()["capabilities"],
            "compiling": 0,
            "queue_length": 0,
            "active": 0,
            "memory": None,
            "models": [],
        }


async def test_a_second_worker_on_the_same_folder_leaves_with_75_and_one_sentence(tmp_path: Path) -> None:
    async with child(tmp_path), child(tmp_path, ready=False) as second:
        assert await second.ended() == (75, "", f"Another worker is using {tmp_path}.")


async def test_a_killed_worker_leaves_its_folder_to_the_next_one(tmp_path: Path) -> None:
    async with child(tmp_path) as worker:
        async with httpx.AsyncClient(base_url=worker.ready["url"]) as http:
            request_id = (await http.post(STANDARD, json=INPUT)).json()["request_id"]
        worker.process.kill()
        await worker.process.wait()
    async with child(tmp_path) as worker, httpx.AsyncClient(base_url=worker.ready["url"]) as http:
        async with http.stream("GET", f"{APP}/requests/{request_id}/status/stream") as stream:
            assert [line async for line in stream.aiter_lines()][-2:-1] != []
        assert (await http.get(f"{APP}/requests/{request_id}")).json()["seed"] == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_within_five_seconds_even_with_streams_open(tmp_path: Path, number: int) -> None:
    async with child(tmp_path, 'engine="stuck"') as worker, httpx.AsyncClient(base_url=worker.ready["url"]) as http:
        request_id = (await http.post(STANDARD, json=INPUT)).json()["request_id"]
        async with http.stream("GET", f"{APP}/requests/{request_id}/status/stream") as stream:
            async for line in stream.aiter_lines():
                if '"IN_PROGRESS"' in line:
                    break
            worker.process.send_signal(number)
            code, out, _ = await worker.ended(5)
        assert (code, out) == (0, "")
        assert not (tmp_path / "endpoint.json").exists()


async def test_it_leaves_when_its_parent_does(tmp_path: Path) -> None:
    async with child(tmp_path, "exit_with_parent=true") as worker:
        assert worker.process.stdin is not None
        worker.process.stdin.close()
        assert (await worker.ended(5))[:2] == (0, "")


async def test_without_being_told_it_stays_when_its_input_ends(tmp_path: Path) -> None:
    async with child(tmp_path) as worker, httpx.AsyncClient(base_url=worker.ready["url"]) as http:
        assert worker.process.stdin is not None
        worker.process.stdin.close()
        assert (await http.get("/health")).status_code == 200


async def test_an_engine_that_cannot_load_is_a_69_and_never_ready(tmp_path: Path) -> None:
    async with child(tmp_path, 'engine="broken"', ready=False) as worker:
        assert await worker.ended() == (69, "", "The models are missing.")


async def test_a_lost_device_is_a_70_and_the_next_worker_tries_once_more(tmp_path: Path) -> None:
    async with child(tmp_path, 'engine="lost"') as worker:
        async with httpx.AsyncClient(base_url=worker.ready["url"]) as http:
            request_id = (await http.post(STANDARD, json=INPUT)).json()["request_id"]
        code, _, last = await worker.ended()
        assert (code, last) == (70, "The device is lost: the GPU fell off")
    async with child(tmp_path) as worker, httpx.AsyncClient(base_url=worker.ready["url"]) as http:
        async with http.stream("GET", f"{APP}/requests/{request_id}/status/stream") as stream:
            await stream.aread()
        assert (await http.get(f"{APP}/requests/{request_id}")).status_code == 200


async def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    async with child(tmp_path / "one") as first:
        port = first.ready["url"].rsplit(":", 1)[1]
        async with child(tmp_path / "two", f"port={port}", ready=False) as second:
            code, out, last = await second.ended()
            assert (code, out) == (1, "")
            assert last.startswith("The worker cannot start: ")


def test_the_ready_line_of_a_killed_worker_is_gone_while_the_next_one_loads(tmp_path: Path) -> None:
    left = tmp_path / "endpoint.json"
    # in a container the next worker has the process id of the last one
    left.write_text(json.dumps({"ready": True, "url": "http://127.0.0.1:9", "engine": "x", "pid": os.getpid()}))

    def load(_: WorkerSettings) -> NoReturn:
        assert (left.exists(), running_worker(tmp_path)) == (False, None)
        raise EngineUnavailable("loaded far enough")

    assert serve(worker_settings(tmp_path), choose=load) == WorkerExit.ENGINE_UNAVAILABLE
