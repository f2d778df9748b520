"""A worker that hangs or dies is ended and started again: the address stays, the same request is rendered again."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from workers import APP, INPUT, STANDARD

pytestmark = pytest.mark.slow

PROCESS = Path(__file__).parents[3] / "doubles" / "worker" / "worker_process.py"
TIMEOUTS = ("hang_seconds=1.5", "load_seconds=20")


@asynccontextmanager
async def supervised(folder: Path, *given: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker under its supervisor; both are gone at the end."""
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, str(PROCESS), str(folder), "supervised=true", *TIMEOUTS, *given]
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def ready(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """What the next ready line says."""
    assert process.stdout is not None
    said: dict[str, Any] = json.loads(await asyncio.wait_for(process.stdout.readline(), 100))
    return said


async def completed(http: httpx.AsyncClient, request_id: str) -> dict[str, Any]:
    """The last status of the request, however often the worker dies meanwhile."""
    while True:
        status: dict[str, Any] = (await http.get(f"{APP}/requests/{request_id}/status")).json()
        if status["status"] == "COMPLETED":
            return status
        await asyncio.sleep(0.05)


def client(url: str) -> httpx.AsyncClient:
    """Every call on its own connection, with a long timeout, and again when one breaks."""
    transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))
    return httpx.AsyncClient(base_url=url, timeout=60, transport=Again(transport))


class Again(httpx.AsyncBaseTransport):
    """A worker that dies in mid-answer is asked again."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        while True:
            try:
                return await self._inner.handle_async_request(request)
            except (httpx.ReadError, httpx.RemoteProtocolError):
                continue

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.mark.parametrize("fault", ["hangs", "hangs hard", "dies"])
async def test_the_same_request_is_rendered_once_more_by_the_next_worker(tmp_path: Path, fault: str) -> None:
    async with supervised(tmp_path / "a", f'engine="{fault}"', "times=1") as process:
        first = await ready(process)
        async with client(first["url"]) as http:
            request_id = (await http.post(STANDARD, json=INPUT)).json()["request_id"]
            status = await completed(http, request_id)
            result = (await http.get(f"{APP}/requests/{request_id}")).json()
            clip = (await http.get(result["video"]["url"])).content
        second = await ready(process)
    assert (second["url"], second["pid"] == first["pid"]) == (first["url"], False)
    assert ("error" in status, result["seed"]) == (False, INPUT["seed"])
    async with supervised(tmp_path / "b") as process, client((await ready(process))["url"]) as http:
        request_id = (await http.post(STANDARD, json=INPUT)).json()["request_id"]
        await completed(http, request_id)
        undisturbed = (await http.get(f"{APP}/requests/{request_id}")).json()["video"]["url"]
        assert (await http.get(undisturbed)).content == clip


async def test_a_request_that_hangs_twice_has_failed_and_the_next_one_is_served(tmp_path: Path) -> None:
    async with supervised(tmp_path, 'engine="hangs"', "times=2") as process:
        url = (await ready(process))["url"]
        async with client(url) as http:
            request_id = (await http.post(STANDARD, json=INPUT)).json()["request_id"]
            status = await completed(http, request_id)
            assert status["error_type"] == "runner_disconnected"
            other = (await http.post(STANDARD, json={**INPUT, "prompt": "another"})).json()["request_id"]
            assert "error" not in await completed(http, other)
    stacks = (tmp_path / "last-hang.txt").read_text()
    assert "worker_process.py" in stacks


async def test_a_load_that_hangs_is_tried_again(tmp_path: Path) -> None:
    async with supervised(tmp_path, 'engine="hangs loading"', "times=1", "load_seconds=1") as process:
        assert (await ready(process))["ready"] is True


async def test_a_load_that_only_takes_long_is_left_alone(tmp_path: Path) -> None:
    async with supervised(tmp_path, 'engine="slow to load"', "hang_seconds=0.2") as process:
        first = await ready(process)
        async with client(first["url"]) as http:
            request_id = (await http.post(STANDARD, json=INPUT)).json()["request_id"]
            await completed(http, request_id)
            assert psutil.pid_exists(first["pid"])


async def test_after_many_deaths_in_a_row_it_is_left_alone_with_a_sentence(tmp_path: Path) -> None:
    async with supervised(tmp_path, 'engine="hangs loading"', "times=99", "load_seconds=0.3") as process:
        out, errors = await process.communicate()
    assert (process.returncode, out) == (70, b"")
    assert errors.decode().splitlines()[-1] == (
        "The worker died 3 times in a row, last because it hung. Look at the lines above, then start it again."
    )


async def test_what_would_only_end_so_again_is_not_started_again(tmp_path: Path) -> None:
    async with supervised(tmp_path, 'engine="broken"') as process:
        out, errors = await process.communicate()
    assert (process.returncode, out) == (69, b"")
    assert errors.decode().splitlines()[-1] == "The models are missing."


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_to_the_supervisor_ends_both(tmp_path: Path, number: int) -> None:
    async with supervised(tmp_path) as process:
        pid = (await ready(process))["pid"]
        process.send_signal(number)
        await process.communicate()
        assert (process.returncode, psutil.pid_exists(pid)) == (0, False)


async def test_a_worker_does_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    async with supervised(tmp_path) as process:
        worker = psutil.Process((await ready(process))["pid"])
        process.kill()
        await asyncio.to_thread(psutil.wait_procs, [worker], 60)
        assert not worker.is_running()


async def test_the_command_itself_keeps_its_worker_running(tmp_path: Path) -> None:
    line = ["-m", "bot", "worker", "--engine", "preview", "--port", "0", "--data-dir", str(tmp_path)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *line, stdout=pipe, stderr=pipe)
    try:
        first = await ready(process)
        psutil.Process(first["pid"]).kill()
        second = await ready(process)
        async with client(second["url"]) as http:
            assert (await http.get("/ready")).status_code == 200
    finally:
        process.terminate()
        await process.communicate()
    assert (second["url"], process.returncode) == (first["url"], 0)
