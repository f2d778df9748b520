"""``flipbook worker`` from start to end: one data folder, one engine, one port, and exit codes that say why it ended.

Standard output carries the ready line and nothing else; whoever calls :func:`serve` sends log lines elsewhere.
"""

import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog
from filelock import FileLock, Timeout

from generation.errors import FlipbookError
from worker.app import build_app
from worker.engine import DeviceLost, Engine, EngineUnavailable
from worker.engine_choice import choose_engine
from worker.exits import WorkerExit
from worker.housekeeping import keep_house, learn_keys
from worker.http_server import HttpServer
from worker.listening import listen, url_of
from worker.opening import open_parts
from worker.parts import EngineInfo, Parts
from worker.settings import WorkerSettings
from worker.watchdog import Patience, Watchdog, watching

log = structlog.get_logger()

LEAVE_SECONDS: Final = 4.5
"""After this long the process is gone, whatever still runs in it: everything that matters is on disk."""
MAX_FILES: Final = 65_536
_ENGINE_SECONDS: Final = 2.0
_LOCK_SECONDS: Final = 5.0
"""How long a worker waits for one that is on its way out, after its keeper was killed."""
_NO_KEY: Final = (
    "Nobody could call the worker at {}: set FLIPBOOK_WORKER_KEY to id:secret, make a key with"
    " `flipbook worker keys add`, or listen on 127.0.0.1 without keys."
)


def serve(
    settings: WorkerSettings, *, choose: Callable[[WorkerSettings], tuple[Engine, EngineInfo]] = choose_engine
) -> int:
    """Serve until a signal or the parent says stop; returns the exit code, after one sentence if it is not 0."""
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(settings.data_dir / "worker.lock", timeout=_LOCK_SECONDS if settings.is_kept else 0):
            engine, info = choose(settings)
            patience = Patience(settings.hang_seconds, settings.load_seconds)
            with watching(settings.data_dir, patience) as watchdog:
                return asyncio.run(_serve(settings, engine, info, watchdog))
    except Timeout:
        return _leave(WorkerExit.DATA_IN_USE, f"Another worker is using {settings.data_dir}.")
    except EngineUnavailable as error:
        return _leave(WorkerExit.ENGINE_UNAVAILABLE, str(error))
    except (FlipbookError, OSError) as error:
        return _leave(WorkerExit.FAILED, f"The worker cannot start: {error}")


async def _serve(settings: WorkerSettings, engine: Engine, info: EngineInfo, watchdog: Watchdog) -> int:
    _allow_many_connections()
    with contextlib.closing(listen(settings)) as listener:
        address = url_of(listener, settings)
        async with open_parts(settings, engine, info, address=address, watchdog=watchdog) as parts:
            if parts.keys.lets_nobody_in:
                return _leave(WorkerExit.NO_KEY, _NO_KEY.format(settings.host))
            session = _Session(parts, listener)
            with session.told_to_stop():
                return await session.run()


class _Session:
    """One run of an opened worker."""

    def __init__(self, parts: Parts, listener: socket.socket) -> None:
        self._parts = parts
        self._listener = listener
        self._stop = asyncio.Event()
        self._end = WorkerExit.STOPPED, ""

    @contextlib.contextmanager
    def told_to_stop(self) -> Iterator[None]:
        """Listen to signals, and to the parent where the settings say so."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        if self._parts.settings.exit_with_parent:
            settings = self._parts.settings
            threading.Thread(target=_await_parents_end, args=(loop, self._stop, settings.is_kept), daemon=True).start()
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def run(self) -> int:
        """Serve and render until told to stop; leaves within five seconds of that."""
        server = HttpServer(build_app(self._parts), self._parts.settings)
        async with asyncio.TaskGroup() as group:
            http = group.create_task(server.serve([self._listener]), name="http")
            renders = group.create_task(self._render(), name="renders")
            side_jobs = [
                group.create_task(keep_house(self._parts), name="housekeeping"),
                group.create_task(learn_keys(self._parts), name="keys"),
                group.create_task(self._parts.webhooks.run(), name="webhooks"),
                group.create_task(self._announce(server), name="announcement"),
            ]
            await self._stop.wait()
            with _gone_after(LEAVE_SECONDS, self._end[0]):
                self._parts.close_streams()
                server.should_exit = True
                for task in (renders, *side_jobs):
                    task.cancel()
                await asyncio.wait([renders, http])
                if self._end[0] is WorkerExit.STOPPED:
                    await self._parts.loop.put_everything_back()
                engine_ended = await self._parts.loop.engine_stopped(_ENGINE_SECONDS)
        self._endpoint_file.unlink(missing_ok=True)
        code = _leave(*self._end)
        if not engine_ended:
            os._exit(code)  # the engine is deep in a step; nobody waits for what it makes
        return code

    async def _render(self) -> None:
        try:
            await self._parts.loop.run()
        except EngineUnavailable as error:
            self._end = WorkerExit.ENGINE_UNAVAILABLE, str(error)
        except DeviceLost as error:
            self._end = WorkerExit.DEVICE_LOST, f"The device is lost: {error}"
        except Exception:
            log.exception("the loop broke")
            self._end = WorkerExit.DEVICE_LOST, "The worker broke; its log says more."
        finally:
            self._stop.set()

    async def _announce(self, server: HttpServer) -> None:
        """Once callers are let in and the engine is loaded: the ready line, and the same in the data folder."""
        await server.up.wait()
        await self._parts.loop.loaded.wait()
        url = self._parts.address
        ready = {"ready": True, "url": url, "engine": self._parts.engine.name, "pid": os.getpid()}
        line = json.dumps(ready)
        await asyncio.to_thread(_write_privately, self._endpoint_file, line)
        print(line, flush=True)
        log.info("worker ready", url=url, engine=self._parts.engine.name, reason=self._parts.engine.reason)

    @property
    def _endpoint_file(self) -> Path:
        return self._parts.settings.data_dir / "endpoint.json"


@contextlib.contextmanager
def _gone_after(seconds: float, code: int) -> Iterator[None]:
    """Whatever hangs in the block does not keep the process alive."""
    timer = threading.Timer(seconds, os._exit, [code])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _await_parents_end(loop: asyncio.AbstractEventLoop, stop: asyncio.Event, is_kept: bool) -> None:
    """The parent holds the other end of standard input; however it dies, the pipe closes.

    A keeper outlives its worker unless it is killed, and whoever kills the one means both.
    """
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    if is_kept:
        os._exit(WorkerExit.DEVICE_LOST)
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(stop.set)


def _allow_many_connections() -> None:
    """Each watcher is an open file; the default limit is for programs with fewer friends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, MAX_FILES), most))


def _write_privately(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.rename(path)


def _leave(code: WorkerExit, sentence: str) -> WorkerExit:
    if sentence:
        print(sentence, file=sys.stderr, flush=True)
    return code
