"""``flipbook worker`` from start to end: one data folder, one engine, one port, and exit codes that
say why it ended.

Standard output has the ready line and nothing else; the caller of :func:`serve` sends log lines
elsewhere.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog
import uvloop
from filelock import FileLock, Timeout

from generation.protocol.clock import SystemClock
from generation.protocol.disk import make_folder, write_private
from generation.protocol.errors import DatabaseUnusable, FlipbookError
from generation.protocol.http_server.server import HttpServer
from worker.api.app import build_app
from worker.api.app_parts import AppParts
from worker.api.server import http_server
from worker.engine import DeviceLost, Engine, EngineInfo, EngineUnavailable
from worker.process.assemble import open_parts
from worker.process.engine_choice import choose_engine
from worker.process.exit_codes import WorkerExit
from worker.process.housekeeping import reload_keys, remove_old_files
from worker.process.listener import listen, url_of
from worker.render.watchdog import Watchdog, WatchdogTimeouts, watching
from worker.settings import WorkerSettings

log = structlog.get_logger("flipbook.worker.process")

ENDPOINT_FILE: Final = "endpoint.json"
"""In the data folder while the worker is ready: its ready line."""
LEAVE_SECONDS: Final = 4.5
"""After this long the process ends, even if a part of it still runs: everything that matters is on
disk."""
_ENGINE_SECONDS: Final = 2.0
_LOCK_SECONDS: Final = 5.0
"""How long a worker waits for one that is about to end because its supervisor was killed."""
_NO_KEY: Final = (
    "Nobody could call the worker at {}: set FLIPBOOK_WORKER_KEY to id:secret, make a key with"
    " `flipbook worker keys add`, or listen on 127.0.0.1 without keys."
)


def serve(
    settings: WorkerSettings,
    *,
    choose: Callable[[WorkerSettings], tuple[Engine, EngineInfo]] = choose_engine,
) -> int:
    """Serve until a signal or the parent stops it; returns the exit code, and prints one sentence
    if that is not 0."""
    try:
        # it holds prompts and the signing key
        make_folder(settings.data_dir, 0o700)
        # two workers on one folder would render the same requests
        with FileLock(
            settings.data_dir / "worker.lock",
            timeout=_LOCK_SECONDS if settings.is_supervised else 0,
        ):
            # of a worker that was killed: this one would seem ready before it is
            (settings.data_dir / ENDPOINT_FILE).unlink(missing_ok=True)
            engine, info = choose(settings)
            timeouts = WatchdogTimeouts(settings.hang_seconds, settings.load_seconds)
            with watching(settings.data_dir, timeouts) as watchdog:
                return uvloop.run(_serve(settings, engine, info, watchdog))
    except Timeout:
        return _exit_with(WorkerExit.DATA_IN_USE, f"Another worker is using {settings.data_dir}.")
    except EngineUnavailable as error:
        return _exit_with(WorkerExit.ENGINE_UNAVAILABLE, str(error))
    except (FlipbookError, OSError) as error:
        code = WorkerExit.UNUSABLE if isinstance(error, DatabaseUnusable) else WorkerExit.FAILED
        return _exit_with(code, f"The worker cannot start: {error}")


async def _serve(
    settings: WorkerSettings, engine: Engine, info: EngineInfo, watchdog: Watchdog
) -> int:
    with contextlib.closing(listen(settings)) as listener:
        address = url_of(listener, settings)
        async with open_parts(
            settings, engine, info, address=address, clock=SystemClock(), watchdog=watchdog
        ) as parts:
            # refusing every caller would look like a healthy worker
            if parts.keys.has_no_usable_key:
                return _exit_with(WorkerExit.UNUSABLE, _NO_KEY.format(settings.host))
            session = _Session(parts, listener)
            with session.stop_signals():
                return await session.run()


class _Session:
    """One run of an opened worker."""

    def __init__(self, parts: AppParts, listener: socket.socket) -> None:
        self._parts = parts
        self._listener = listener
        self._stop = asyncio.Event()
        self._end = WorkerExit.STOPPED, ""

    @contextlib.contextmanager
    def stop_signals(self) -> Iterator[None]:
        """Stop on signals, and at the parent's end where the settings say so."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            # the handler only sets an event: the shutdown itself is asynchronous
            loop.add_signal_handler(number, self._stop.set)
        if self._parts.settings.exit_with_parent:
            settings = self._parts.settings
            # a blocking read needs a thread of its own, which ends with the process
            threading.Thread(
                target=_await_end_of_parent,
                args=(loop, self._stop, settings.is_supervised),
                daemon=True,
            ).start()
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def run(self) -> int:
        """Serve and render until stopped; ends within five seconds after that."""
        server = http_server(build_app(self._parts), self._parts.settings)
        async with asyncio.TaskGroup() as group:
            http = group.create_task(server.serve([self._listener]), name="http")
            renders = group.create_task(self._render(), name="renders")
            side_tasks = [
                group.create_task(remove_old_files(self._parts), name="housekeeping"),
                group.create_task(reload_keys(self._parts), name="keys"),
                group.create_task(self._parts.webhooks.run(), name="webhooks"),
                group.create_task(self._announce(server), name="announcement"),
            ]
            await self._stop.wait()
            with _exit_within(LEAVE_SECONDS, self._end[0]):
                # streams end first: the server's graceful shutdown waits for open connections
                self._parts.close_streams()
                server.should_exit = True
                for task in (renders, *side_tasks):
                    task.cancel()
                await asyncio.wait([renders, http])
                # after a lost device the attempt counts: the request may be the cause
                if self._end[0] is WorkerExit.STOPPED:
                    await self._parts.render_loop.requeue_all()
                engine_ended = await self._parts.render_loop.wait_for_engine(_ENGINE_SECONDS)
        # the bot takes the file for a running worker
        self._endpoint_file.unlink(missing_ok=True)
        code = _exit_with(*self._end)
        if not engine_ended:
            os._exit(code)  # the engine's thread is still in a step, whose result is not needed
        return code

    async def _render(self) -> None:
        try:
            await self._parts.render_loop.run()
        except EngineUnavailable as error:
            self._end = WorkerExit.ENGINE_UNAVAILABLE, str(error)
        except DeviceLost as error:
            self._end = WorkerExit.DEVICE_LOST, f"The device is lost: {error}"
        except Exception:
            log.exception("the render loop broke")
            self._end = WorkerExit.DEVICE_LOST, "The worker broke; its log says more."
        finally:
            self._stop.set()

    async def _announce(self, server: HttpServer) -> None:
        """Write the ready line, to standard output and to the data folder, once the server is up
        and the engine is loaded."""
        await server.up.wait()
        await self._parts.render_loop.loaded.wait()
        url = self._parts.address
        ready = {"ready": True, "url": url, "engine": self._parts.engine.name, "pid": os.getpid()}
        line = json.dumps(ready)
        await asyncio.to_thread(write_private, self._endpoint_file, line.encode())
        print(line, flush=True)
        log.info(
            "worker ready",
            url=url,
            engine=self._parts.engine.name,
            reason=self._parts.engine.reason,
        )

    @property
    def _endpoint_file(self) -> Path:
        return self._parts.settings.data_dir / ENDPOINT_FILE


@contextlib.contextmanager
def _exit_within(seconds: float, code: int) -> Iterator[None]:
    """End the process when the block takes longer than that."""
    # os._exit: a normal exit would wait for the thread that hangs
    timer = threading.Timer(seconds, os._exit, [code])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _await_end_of_parent(
    loop: asyncio.AbstractEventLoop, stop: asyncio.Event, is_supervised: bool
) -> None:
    """The parent holds the other end of standard input: the pipe closes when it ends, for any
    reason.

    A supervisor ends before its worker only when it was killed; the worker then ends at once.
    """
    with contextlib.suppress(OSError):
        # what arrives is ignored; only the end of the pipe counts
        while os.read(0, 4096):
            pass
    # no requeue: the requests stay in progress, and the next worker renders them again
    if is_supervised:
        os._exit(WorkerExit.DEVICE_LOST)
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(stop.set)


def _exit_with(code: WorkerExit, sentence: str) -> WorkerExit:
    if sentence:
        print(sentence, file=sys.stderr, flush=True)
    return code
