"""``flipbook run``: every part of the service in one process, until a signal says stop."""

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
from adapters.web.health import Health, health_routes
from adapters.web.metrics import metrics_route
from adapters.web.webhooks import webhook_route
from bot.app import App, Arrange, Role, open_app, prepare_folders
from bot.chats import Chats, NoChatLeft, chats_of
from bot.collecting import Collecting, start_left_alone
from bot.settings import BackendName, Settings
from bot.web import WebServer, listening, web_server
from generation.webhook_signature import WebhookVerifier

LEAVE_SECONDS: Final = 9.5
"""After a signal the process is gone within this time, whatever still runs in it: what matters is on disk by then."""
_SETTLE_SECONDS: Final = 4.0
_WORK_SECONDS: Final = 6.0


class AlreadyRunning(Exception):
    """Another ``flipbook run`` works in the same data folder."""


def run_here(settings: Settings, *, arrange: Arrange = lambda ports: ports) -> None:
    """Serve until a signal says stop, and leave within :data:`LEAVE_SECONDS` of it even if a thread hangs.

    Raises what :func:`serve` raises.
    """
    last_resort = threading.Timer(LEAVE_SECONDS, os._exit, [0])
    last_resort.daemon = True
    try:
        asyncio.run(serve(settings, arrange=arrange, stopping=last_resort.start))
    finally:
        last_resort.cancel()


async def serve(
    settings: Settings, *, arrange: Arrange = lambda ports: ports, stopping: Callable[[], None] = lambda: None
) -> None:
    """Run until SIGTERM or SIGINT; then take nothing more, finish what is on the wire, save and leave.

    ``stopping`` is called once, when the leaving begins. Raises AlreadyRunning, NoChatLeft, StoreError, or OSError when
    the web address cannot be used.
    """
    with only_one(settings):
        chats = chats_of(settings)
        role = Role(owner_of(settings))
        try:
            async with open_app(settings, role, messengers=chats.messengers, arrange=arrange) as app:
                await Process(app, chats, stopping=stopping).run()
        finally:
            await chats.close()


@contextlib.contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the data folder for this process. Raises AlreadyRunning."""
    prepare_folders(settings)
    lock = FileLock(settings.data_dir / "run.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise AlreadyRunning(str(settings.data_dir)) from None
    try:
        yield
    finally:
        lock.release()


def owner_of(settings: Settings) -> str:
    """The name on our leases. One process per data folder keeps its name, so its next start finds its jobs at once;
    several on one database need one each."""
    if settings.database_url is None:
        return "run"
    local = settings.database.startswith("sqlite")
    return f"run-{settings.data_dir.absolute()}" if local else f"run-{socket.gethostname()}-{uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True)
class _Parts:
    """The tasks of a running process."""

    worker: asyncio.Task[None] | None
    dispatching: asyncio.Task[None]
    relaying: asyncio.Task[None]
    serving: asyncio.Task[None]
    collecting: asyncio.Task[None]
    talking: asyncio.Task[None]


class Process:
    """The running parts of an app and the order in which they stop."""

    def __init__(self, app: App, chats: Chats | None = None, *, stopping: Callable[[], None] = lambda: None) -> None:
        self._app = app
        self._stopping = stopping
        self._chats = chats or Chats({})
        self._log = structlog.get_logger("flipbook")
        self._stop = asyncio.Event()
        self._refusal: str | None = None
        self._web = self._web_server()

    async def run(self) -> None:
        """Run every part until a signal, or until one of them fails.

        Raises NoChatLeft when no chat can be served, OSError when the web address cannot be used.
        """
        listener = listening(self._app.settings.web_host, self._app.settings.web_port)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        try:
            with contextlib.closing(listener):
                async with asyncio.TaskGroup() as group:
                    parts = self._start_all(group, listener)
                    self._announce()
                    with start_left_alone():
                        await self._stop.wait()
                    await self._wind_down(parts)
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
        self._log.info("stopped")
        if self._refusal is not None:
            raise NoChatLeft(self._refusal)

    async def _talk(self) -> None:
        """Serve the chats; when none of them can be served there is nothing to run for."""
        try:
            await self._chats.run(self._app.service)
        except* NoChatLeft as refusals:
            self._refusal = str(refusals.exceptions[0])
            self._stop.set()

    def _start_all(self, group: asyncio.TaskGroup, listener: socket.socket) -> _Parts:
        return _Parts(
            worker=self._start(group, self._app.worker.run) if self._app.worker else None,
            dispatching=self._start(group, self._app.dispatcher.run),
            relaying=self._start(group, self._app.relay.run),
            serving=self._start(group, partial(self._web.serve, [listener])),
            collecting=self._start(group, Collecting(self._app.clock, lambda: self._app.dispatcher.in_flight).run),
            talking=self._start(group, self._talk),
        )

    async def _wind_down(self, parts: _Parts) -> None:
        """Take nothing more, from chats first; then let what is on its way arrive. The worker is told to leave as soon
        as no submission to it is on the wire, for it too needs its time."""
        self._log.info("stopping")
        self._stopping()
        parts.talking.cancel()
        parts.collecting.cancel()
        self._app.dispatcher.stop()
        self._app.relay.stop()
        self._web.should_exit = True
        began = asyncio.get_running_loop().time()
        await asyncio.wait([parts.dispatching], timeout=_SETTLE_SECONDS)
        if parts.worker is not None:
            parts.worker.cancel()
        left = began + _WORK_SECONDS - asyncio.get_running_loop().time()
        working = [parts.dispatching, parts.relaying, parts.serving, parts.talking]
        _, late = await asyncio.wait(working, timeout=max(0.0, left))
        for task in late:
            self._log.warning("stopped before it was done", part=task.get_name())
            task.cancel()

    def _health(self) -> Health:
        state = self._app.health()
        return replace(state, parts={**state.parts, **self._chats.states})

    def _web_server(self) -> WebServer:
        store = self._app.ports.store
        settings = self._app.settings
        routes = [
            *health_routes(self._health, store.ping),
            metrics_route(self._app.metrics, store.status_counts, self._app.circuits),
        ]
        routes += self._chats.routes(self._app.service)
        if self._app.links is not None:
            routes.append(clip_route(self._app.links, store.job, self._app.ports.artifacts))
        if BackendName.FAL in settings.preferred_backends:
            routes.append(self._fal_webhooks())
        return web_server(routes)

    def _fal_webhooks(self) -> Route:
        verifier = WebhookVerifier(clock=self._app.clock, jwks_url=self._app.settings.fal_jwks_url)
        heard = partial(self._app.callbacks.heard, backend=BackendName.FAL)
        return webhook_route(verifier, heard, self._app.metrics.webhook_forged)

    def _announce(self) -> None:
        settings = self._app.settings
        self._log.info("started", backends=list(settings.preferred_backends), data=str(settings.data_dir.absolute()))
        if not self._chats:
            self._log.warning(
                "no chat is configured",
                next="set DISCORD_TOKEN, or SLACK_BOT_TOKEN and SLACK_APP_TOKEN, or let `flipbook setup discord` or "
                "`flipbook setup slack` do it; until then `flipbook animate` works",
            )

    @staticmethod
    def _start(group: asyncio.TaskGroup, run: Callable[[], Coroutine[None, None, None]]) -> asyncio.Task[None]:
        named = run.func if isinstance(run, partial) else run
        return group.create_task(run(), name=getattr(named, "__qualname__", "part"))
