"""fal's own client against our worker over TLS: certificates, hosts, and a conversation with the client's process."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from doubles.http.connect_proxy import leading_everybody_to
from doubles.worker.engine import SteppedEngine
from workers import KEY, Worker, listening, open_worker

SCRIPT = Path(__file__).parents[3] / "doubles" / "backends" / "fal_script.py"


class FalClient:
    """A process with fal's client in it, and what it has told so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def told(self) -> dict[str, Any]:
        """The next thing that the client told its caller; empty at its end."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 30)
        said: dict[str, Any] = json.loads(line or "{}")
        return said

    async def rest(self) -> list[dict[str, Any]]:
        """Everything that it tells until its end."""
        said = []
        while last := await self.told():
            said.append(last)
        assert await self._process.wait() == 0
        return said

    def go_on(self) -> None:
        """The test has done its part."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, cert.pem and key.pem for this machine and for fal's host names."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost", "queue.fal.run", "fal.run", "rest.fal.ai", "v3.fal.media")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    return folder


@pytest.fixture
async def engine() -> SteppedEngine:
    """The engine of the worker under test; it does not wait unless the test says so."""
    return SteppedEngine()


@pytest.fixture
async def worker(tmp_path: Path, certificates: Path, engine: SteppedEngine) -> AsyncIterator[Worker]:
    """A worker with one key and a certificate."""
    tls = {"ssl_certfile": certificates / "cert.pem", "ssl_keyfile": certificates / "key.pem"}
    async with open_worker(tmp_path / "data", engine, key=KEY, webhooks_to_private=True, **tls) as opened:
        yield opened


Fal = Callable[..., AbstractAsyncContextManager[FalClient]]


@pytest.fixture
def fal(worker: Worker, certificates: Path) -> Fal:
    """``async with fal("sync", "subscribe", endpoint) as client``: the client's process, its hosts set to ours."""

    @asynccontextmanager
    async def start(*arguments: str) -> AsyncIterator[FalClient]:
        async with listening(worker) as url:
            host = url.removeprefix("https://")
            hosts = {"FAL_RUN_HOST": f"{host}/run", "FAL_QUEUE_RUN_HOST": f"{host}/queue", "NO_PROXY": "127.0.0.1"}
            async with client_process(arguments, certificates, hosts) as client:
                yield client

    return start


@pytest.fixture
def fal_by_proxy(worker: Worker, certificates: Path) -> Fal:
    """The same with fal's own host names, all of which a proxy leads to our worker."""

    @asynccontextmanager
    async def start(*arguments: str) -> AsyncIterator[FalClient]:
        async with (
            listening(worker) as url,
            leading_everybody_to(int(url.rsplit(":", 1)[1])) as proxy,
            client_process(arguments, certificates, {"HTTPS_PROXY": proxy, "NO_PROXY": ""}) as client,
        ):
            yield client

    return start


@asynccontextmanager
async def client_process(
    arguments: tuple[str, ...], certificates: Path, settings: dict[str, str]
) -> AsyncIterator[FalClient]:
    """fal's client in a process of its own."""
    pipe = asyncio.subprocess.PIPE
    trust = {"FAL_KEY": KEY, "SSL_CERT_FILE": str(certificates / "ca.pem")}
    environment = {**os.environ, **trust, **settings}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), *arguments, stdin=pipe, stdout=pipe, env=environment
    )
    try:
        yield FalClient(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
