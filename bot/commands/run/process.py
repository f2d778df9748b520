"""Runs every part of the service in one process until a signal, then stops them in order."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Final
from uuid import uuid4

import structlog
import uvloop
from filelock import Timeout
from starlette.routing import BaseRoute, Route

from adapters.web.clips import clip_route
from adapters.web.health import HealthPages
from adapters.web.index import index_route
from adapters.web.metrics import metrics_route
from adapters.web.webhooks import webhook_route
from bot import __version__
from bot.chats import Chats, NoChatLeft, configured_chats
from bot.composition import App, Arrange, Role, open_app
from bot.dashboard import dashboard_of, show_login_link
from bot.exit_codes import Exit
from bot.folders import prepare_folders, run_lock
from bot.gc_tuning import GcTuning, startup_objects_frozen
from bot.health import Health
from bot.settings import BackendName, Settings, proxy_of
from bot.web import open_listener, web_app, web_server
from generation.backends.webhook_signature import WebhookVerifier
from generation.diagnostics import Finding, Grade
from generation.protocol.http_server.server import HttpServer

LEAVE_SECONDS: Final = 9.0
"""After a signal the process ends within this time, whatever still runs in it: what matters is on
disk by then. Docker kills after ten seconds."""
_SUBMISSIONS_SECONDS: Final = 4.0
"""How long submissions on the wire may take before the embedded worker is stopped."""
_STOP_SECONDS: Final = 6.0
"""How long all parts together may take to stop by themselves."""
_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class AlreadyRunning(Exception):
    """Another ``flipbook run`` works in the same data folder."""


def run_here(
    settings: Settings,
    *,
    arrange: Arrange = lambda ports: ports,
    notes: Sequence[Finding] = (),
) -> None:
    """Serve until a signal says stop, and end the process within :data:`LEAVE_SECONDS` of it, even
    if a thread hangs: nothing but the exit may follow. ``notes`` on the settings are logged.

    Raises what :func:`serve` raises.
    """

    # not cancelled at the end: the interpreter waits for its threads, and one may be stuck in a
    # file system
    def leave_in_time(code: Exit) -> None:
        hard_exit = threading.Timer(LEAVE_SECONDS, os._exit, [code])
        hard_exit.daemon = True
        hard_exit.start()

    try:
        uvloop.run(serve(settings, arrange=arrange, stopping=leave_in_time, notes=notes))
    finally:
        # the exit would search all that a thousand jobs have left for cycles
        gc.freeze()


async def serve(
    settings: Settings,
    *,
    arrange: Arrange = lambda ports: ports,
    stopping: Callable[[Exit], None] = lambda _: None,
    notes: Sequence[Finding] = (),
) -> None:
    """Run until SIGTERM or SIGINT; then take nothing more, finish what is on the wire, save and
    return.

    ``stopping`` is called once, at the signal, before the event loop comes to it, or when no chat
    is left; with the exit code of a process that must not wait for the end. Raises
    AlreadyRunning, NoChatLeft, StoreError, or OperatorFault when the web address cannot be used.
    """
    with data_folder_locked(settings):
        chats = configured_chats(settings)
        role = Role(lease_owner(settings))
        try:
            # the app closes before the chats: its last deliveries still need them
            async with open_app(
                settings,
                role,
                messengers=chats.messengers,
                chat_troubles=lambda: chats.troubles,
                arrange=arrange,
            ) as app:
                await ServiceProcess(app, chats, stopping=stopping, notes=notes).run()
        finally:
            await chats.close()


@contextlib.contextmanager
def data_folder_locked(settings: Settings) -> Iterator[None]:
    """Within, no other ``flipbook run`` uses the data folder. Raises AlreadyRunning."""
    prepare_folders(settings)
    lock = run_lock(settings)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise AlreadyRunning(str(settings.data_dir.absolute())) from None
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
    notices: asyncio.Task[None]
    keeping: asyncio.Task[None]
    web: asyncio.Task[None]
    gc_tuning: asyncio.Task[None]
    chats: asyncio.Task[None]


class ServiceProcess:
    """The parts of an app while they run, and the order in which they stop."""

    def __init__(
        self,
        app: App,
        chats: Chats | None = None,
        *,
        stopping: Callable[[Exit], None] = lambda _: None,
        notes: Sequence[Finding] = (),
    ) -> None:
        self._app = app
        self._stopping = stopping
        self._notes = notes
        self._chats = chats or Chats({})
        self._log = structlog.get_logger("flipbook.run")
        self._stop = asyncio.Event()
        self._is_stopping = False
        self._refusal: str | None = None
        self._health = Health(app, self._chats)
        self._dashboard = dashboard_of(app, self._health)

    async def run(self) -> None:
        """Run every part until a signal, or until one of them fails.

        Raises NoChatLeft when no chat can be served, OperatorFault when the web address cannot be
        used.
        """
        # before anything runs: an address in use is a mistake in the settings
        listener = open_listener(self._app.settings.web_host, self._app.settings.web_port)
        with self._signals(), contextlib.closing(listener):
            web = self._web_server(listener)
            # a part that fails ends the group, and with it the process
            async with asyncio.TaskGroup() as group:
                parts = self._start_all(group, web, listener)
                self._announce(listener)
                await show_login_link(self._app, port=listener.getsockname()[1])
                # by now everything that lives as long as the process is loaded
                with startup_objects_frozen():
                    await self._stop.wait()
                await self._wind_down(parts, web)
        self._log.info("stopped")
        if self._refusal is not None:
            raise NoChatLeft(self._refusal)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Within, the stop signals stop the process. Not by the event loop's own handlers: with
        hundreds of jobs the loop may come to them seconds later, and Docker counts from the
        signal."""
        loop = asyncio.get_running_loop()

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._begin_stopping()
            loop.call_soon_threadsafe(self._stop.set)

        before = {number: signal.signal(number, stop) for number in _STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _begin_stopping(self) -> None:
        """Start the clock, once."""
        if not self._is_stopping:
            self._is_stopping = True
            self._stopping(Exit.OK if self._refusal is None else Exit.UNUSABLE)

    async def _serve_chats(self) -> None:
        """Serve the chats; stop the process when none of them can be served."""
        try:
            await self._chats.run(self._app.service)
        except* NoChatLeft as refusals:
            # raised at the end of run(): the other parts stop in order first
            self._refusal = str(refusals.exceptions[0])
            self._stop.set()

    def _start_all(
        self, group: asyncio.TaskGroup, web: HttpServer, listener: socket.socket
    ) -> _RunningParts:
        return _RunningParts(
            worker=self._start(group, self._app.worker.run) if self._app.worker else None,
            dispatcher=self._start(group, self._app.dispatcher.run),
            relay=self._start(group, self._app.relay.run),
            notices=self._start(group, self._app.notices.run),
            keeping=self._start(group, self._app.keeping.run),
            web=self._start(group, partial(web.serve, [listener])),
            gc_tuning=self._start(
                group, GcTuning(self._app.clock, lambda: self._app.dispatcher.in_flight).run
            ),
            chats=self._start(group, self._serve_chats),
        )

    async def _wind_down(self, parts: _RunningParts, web: HttpServer) -> None:
        """Take nothing more, from chats first; then let what is on the wire arrive.

        The worker needs its share of the time, so it is stopped as soon as no submission to it is
        on the wire.
        """
        self._log.info("stopping")
        self._begin_stopping()
        parts.chats.cancel()
        parts.gc_tuning.cancel()
        self._app.dispatcher.stop()
        self._app.relay.stop()
        self._app.notices.stop()
        self._app.keeping.stop()
        if self._dashboard is not None:
            await self._dashboard.close()
        web.should_exit = True  # it stops listening, and finishes what it is sending
        began = asyncio.get_running_loop().time()
        # a paid submission that is cut off here would be in doubt at the next start
        await asyncio.wait([parts.dispatcher], timeout=_SUBMISSIONS_SECONDS)
        if parts.worker is not None:
            parts.worker.cancel()
        left = began + _STOP_SECONDS - asyncio.get_running_loop().time()
        stopping = [
            parts.dispatcher,
            parts.relay,
            parts.notices,
            parts.keeping,
            parts.web,
            parts.chats,
        ]
        _, late = await asyncio.wait(stopping, timeout=max(0.0, left))
        for task in late:  # its jobs and deliveries are on disk, and go on at the next start
            self._log.warning("stopped before it was done", part=task.get_name())
            task.cancel()

    def _web_server(self, listener: socket.socket) -> HttpServer:
        store = self._app.ports.store
        settings = self._app.settings
        health = self._health
        pages = [
            index_route(__version__, has_dashboard=self._dashboard is not None),
            *HealthPages(health.outline, health.why_not_ready).routes(),
            metrics_route(
                self._app.metrics,
                store.status_counts,
                self._app.circuits,
                self._app.service.money_now,
                queue_age=lambda: self._app.schedule.line.age(self._app.clock.now()),
                last_backup=health.last_backup,
            ),
        ]
        routes: list[BaseRoute] = list(self._chats.routes(self._app.service))
        if self._app.links is not None:
            routes.append(clip_route(self._app.links, store.job, self._app.ports.artifacts))
        if BackendName.FAL in settings.preferred_backends:
            routes.append(self._fal_webhooks())
        if self._dashboard is not None:
            routes.append(self._dashboard.mount())
        # its address, not the name in the settings, says who can reach it
        host = listener.getsockname()[0]
        return web_server(web_app(pages, routes, host=host, public_url=settings.public_url))

    def _fal_webhooks(self) -> Route:
        settings = self._app.settings
        verifier = WebhookVerifier(
            clock=self._app.clock,
            jwks_url=settings.fal_jwks_url,
            proxy=proxy_of(settings, settings.fal_jwks_url),
        )
        receive = partial(self._app.webhooks.receive, backend=BackendName.FAL)
        return webhook_route(verifier, receive, self._app.metrics.webhook_forged)

    def _announce(self, listener: socket.socket) -> None:
        settings = self._app.settings
        self._log.info(
            "started",
            backends=", ".join(settings.preferred_backends),
            data=str(settings.folder),
            web=f"{settings.web_host} port {listener.getsockname()[1]}",
        )
        for note in self._notes:
            is_fine = note.grade is Grade.GOOD
            (self._log.info if is_fine else self._log.warning)(note.what, detail=note.detail)
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
