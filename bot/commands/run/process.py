"""Runs every part of the service in one process until a signal, then stops them in order."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from uuid import uuid4

import structlog
from filelock import FileLock, Timeout
from starlette.routing import Route

from adapters.web.clips import clip_route
from adapters.web.health import HealthPages, HealthReport
from adapters.web.metrics import metrics_route
from adapters.web.webhooks import webhook_route
from bot.chats import Chats, NoChatLeft, configured_chats
from bot.composition import App, Arrange, Role, open_app, prepare_folders
from bot.gc_tuning import GcTuning, startup_objects_frozen
from bot.settings import BackendName, Settings
from bot.web import web_app, web_server
from generation.backends.webhook_signature import WebhookVerifier
from generation.protocol.http_server.listener import listening_socket
from generation.protocol.http_server.server import HttpServer

LEAVE_SECONDS: Final = 9.5
"""After a signal the process ends within this time, whatever still runs in it: what matters is on
disk by then."""
_SUBMISSIONS_SECONDS: Final = 4.0
"""How long submissions on the wire may take before the embedded worker is stopped."""
_STOP_SECONDS: Final = 6.0
"""How long all parts together may take to stop by themselves."""
_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class AlreadyRunning(Exception):
    """Another ``flipbook run`` works in the same data folder."""


def run_here(settings: Settings, *, arrange: Arrange = lambda ports: ports) -> None:
    """Serve until a signal says stop, and end within :data:`LEAVE_SECONDS` of it even if a thread
    hangs.

    Raises what :func:`serve` raises.
    """
    # the interpreter waits for its threads at exit: one stuck in a file system would hold it up
    hard_exit = threading.Timer(LEAVE_SECONDS, os._exit, [0])
    hard_exit.daemon = True
    try:
        asyncio.run(serve(settings, arrange=arrange, stopping=hard_exit.start))
    finally:
        hard_exit.cancel()


async def serve(
    settings: Settings,
    *,
    arrange: Arrange = lambda ports: ports,
    stopping: Callable[[], None] = lambda: None,
) -> None:
    """Run until SIGTERM or SIGINT; then take nothing more, finish what is on the wire, save and
    return.

    ``stopping`` is called once, when the shutdown begins. Raises AlreadyRunning, NoChatLeft,
    StoreError, or OSError when the web address cannot be used.
    """
    with data_folder_locked(settings):
        chats = configured_chats(settings)
        role = Role(lease_owner(settings))
        try:
            # the app closes before the chats: its last deliveries still need them
            async with open_app(
                settings, role, messengers=chats.messengers, arrange=arrange
            ) as app:
                await ServiceProcess(app, chats, stopping=stopping).run()
        finally:
            await chats.close()


@contextlib.contextmanager
def data_folder_locked(settings: Settings) -> Iterator[None]:
    """Within, no other ``flipbook run`` uses the data folder. Raises AlreadyRunning."""
    prepare_folders(settings)
    # the system releases the lock of a process that was killed
    lock = FileLock(settings.data_dir / "run.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise AlreadyRunning(str(settings.data_dir)) from None
    try:
        yield
    finally:
        lock.release()


def lease_owner(settings: Settings) -> str:
    """The owner of this process's leases: the same at every start where only one process can use
    the database, so that it finds its jobs at once; a new one where several share it."""
    if settings.database_url is None:
        return "run"
    local = settings.database.startswith("sqlite")
    return (
        f"run-{settings.data_dir.absolute()}"
        if local
        else f"run-{socket.gethostname()}-{uuid4().hex[:8]}"
    )


@dataclass(frozen=True, slots=True)
class _RunningParts:
    """The task of each part."""

    worker: asyncio.Task[None] | None
    dispatcher: asyncio.Task[None]
    relay: asyncio.Task[None]
    web: asyncio.Task[None]
    gc_tuning: asyncio.Task[None]
    chats: asyncio.Task[None]


class ServiceProcess:
    """The parts of an app while they run, and the order in which they stop."""

    def __init__(
        self, app: App, chats: Chats | None = None, *, stopping: Callable[[], None] = lambda: None
    ) -> None:
        self._app = app
        self._stopping = stopping
        self._chats = chats or Chats({})
        self._log = structlog.get_logger("flipbook.run")
        self._stop = asyncio.Event()
        self._refusal: str | None = None
        self._web = self._web_server()

    async def run(self) -> None:
        """Run every part until a signal, or until one of them fails.

        Raises NoChatLeft when no chat can be served, OSError when the web address cannot be used.
        """
        # before anything runs: an address in use is a mistake in the settings
        listener = listening_socket(self._app.settings.web_host, self._app.settings.web_port)
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, self._stop.set)
        try:
            with contextlib.closing(listener):
                # a part that fails ends the group, and with it the process
                async with asyncio.TaskGroup() as group:
                    parts = self._start_all(group, listener)
                    self._announce()
                    # by now everything that lives as long as the process is loaded
                    with startup_objects_frozen():
                        await self._stop.wait()
                    await self._wind_down(parts)
        finally:
            for number in _STOP_SIGNALS:
                loop.remove_signal_handler(number)
        self._log.info("stopped")
        if self._refusal is not None:
            raise NoChatLeft(self._refusal)

    async def _serve_chats(self) -> None:
        """Serve the chats; stop the process when none of them can be served."""
        try:
            await self._chats.run(self._app.service)
        except* NoChatLeft as refusals:
            # raised at the end of run(): the other parts stop in order first
            self._refusal = str(refusals.exceptions[0])
            self._stop.set()

    def _start_all(self, group: asyncio.TaskGroup, listener: socket.socket) -> _RunningParts:
        return _RunningParts(
            worker=self._start(group, self._app.worker.run) if self._app.worker else None,
            dispatcher=self._start(group, self._app.dispatcher.run),
            relay=self._start(group, self._app.relay.run),
            web=self._start(group, partial(self._web.serve, [listener])),
            gc_tuning=self._start(
                group, GcTuning(self._app.clock, lambda: self._app.dispatcher.in_flight).run
            ),
            chats=self._start(group, self._serve_chats),
        )

    async def _wind_down(self, parts: _RunningParts) -> None:
        """Take nothing more, from chats first; then let what is on the wire arrive.

        The worker needs its share of the time, so it is stopped as soon as no submission to it is
        on the wire.
        """
        self._log.info("stopping")
        self._stopping()
        parts.chats.cancel()
        parts.gc_tuning.cancel()
        self._app.dispatcher.stop()
        self._app.relay.stop()
        self._web.should_exit = True  # it stops listening, and finishes what it is sending
        began = asyncio.get_running_loop().time()
        # a paid submission that is cut off here would be in doubt at the next start
        await asyncio.wait([parts.dispatcher], timeout=_SUBMISSIONS_SECONDS)
        if parts.worker is not None:
            parts.worker.cancel()
        left = began + _STOP_SECONDS - asyncio.get_running_loop().time()
        stopping = [parts.dispatcher, parts.relay, parts.web, parts.chats]
        _, late = await asyncio.wait(stopping, timeout=max(0.0, left))
        for task in late:  # its jobs and deliveries are on disk, and go on at the next start
            self._log.warning("stopped before it was done", part=task.get_name())
            task.cancel()

    def _health(self) -> HealthReport:
        # a chat that was refused shows here, and does not make the process unhealthy
        state = self._app.health()
        return replace(state, parts={**state.parts, **self._chats.states})

    def _web_server(self) -> HttpServer:
        store = self._app.ports.store
        settings = self._app.settings
        pages = [
            *HealthPages(self._health, store.ping).routes(),
            metrics_route(self._app.metrics, store.status_counts, self._app.circuits),
        ]
        routes = list(self._chats.routes(self._app.service))
        if self._app.links is not None:
            routes.append(clip_route(self._app.links, store.job, self._app.ports.artifacts))
        if BackendName.FAL in settings.preferred_backends:
            routes.append(self._fal_webhooks())
        host, public_url = settings.web_host, settings.public_url
        return web_server(web_app(pages, routes, host=host, public_url=public_url))

    def _fal_webhooks(self) -> Route:
        verifier = WebhookVerifier(clock=self._app.clock, jwks_url=self._app.settings.fal_jwks_url)
        receive = partial(self._app.webhooks.receive, backend=BackendName.FAL)
        return webhook_route(verifier, receive, self._app.metrics.webhook_forged)

    def _announce(self) -> None:
        settings = self._app.settings
        self._log.info(
            "started",
            backends=list(settings.preferred_backends),
            data=str(settings.data_dir.absolute()),
        )
        if not self._chats:
            self._log.warning(
                "no chat is configured",
                next="set DISCORD_TOKEN, or SLACK_BOT_TOKEN and SLACK_APP_TOKEN, or let "
                "`flipbook setup discord` or `flipbook setup slack` do it; until then "
                "`flipbook animate` works",
            )

    @staticmethod
    def _start(
        group: asyncio.TaskGroup, run: Callable[[], Coroutine[None, None, None]]
    ) -> asyncio.Task[None]:
        # the name is logged for a part that does not stop in time
        named = run.func if isinstance(run, partial) else run
        return group.create_task(run(), name=getattr(named, "__qualname__", "part"))
