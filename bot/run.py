"""``flipbook run``: every part of the service in one process, until a signal says stop."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from uuid import uuid4

import structlog
from filelock import FileLock, Timeout
from starlette.routing import Route

from adapters.web.health import health_routes
from adapters.web.metrics import metrics_route
from adapters.web.webhooks import webhook_route
from bot.app import App, Arrange, Role, open_app, prepare_folders
from bot.settings import BackendName, Settings
from bot.web import WebServer, web_server
from generation.webhook_signature import WebhookVerifier

LEAVE_SECONDS = 9.0
"""Everything has to be saved and closed within this time after a signal."""


class AlreadyRunning(Exception):
    """Another ``flipbook run`` works in the same data folder."""


async def serve(settings: Settings, *, arrange: Arrange = lambda ports: ports) -> None:
    """Run until SIGTERM or SIGINT; then take nothing more, finish what is on the wire, save and leave.

    Raises AlreadyRunning, StoreError, or OSError when the web address cannot be used.
    """
    with only_one(settings):
        async with open_app(settings, Role(owner_of(settings)), arrange=arrange) as app:
            await Process(app).run()


@contextlib.contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the data folder for this process. Raises AlreadyRunning."""
    prepare_folders(settings)
    lock = FileLock(settings.data_dir / "run.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise AlreadyRunning(str(settings.data_dir)) from None
    with lock:
        yield


def owner_of(settings: Settings) -> str:
    """The name on our leases. One process per data folder keeps its name, so its next start finds its jobs at once;
    several on one PostgreSQL need one each."""
    local = settings.database.startswith("sqlite")
    return "run" if local else f"run-{socket.gethostname()}-{uuid4().hex[:8]}"


class Process:
    """The running parts of an app and the order in which they stop."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._log = structlog.get_logger("flipbook")
        self._stop = asyncio.Event()
        self._web = self._web_server()

    async def run(self) -> None:
        """Run every part until a signal, or until one of them fails."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        try:
            async with asyncio.TaskGroup() as group:
                worker = self._start(group, self._app.worker.run) if self._app.worker else None
                working = [self._start(group, self._app.dispatcher.run), self._start(group, self._app.relay.run)]
                serving = self._start(group, self._web.serve)
                self._announce()
                await self._stop.wait()
                await self._wind_down(working)
                self._web.should_exit = True
                if worker is not None:
                    worker.cancel()
                await serving
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
        self._log.info("stopped")

    async def _wind_down(self, working: list[asyncio.Task[None]]) -> None:
        self._log.info("stopping")
        self._app.dispatcher.stop()
        self._app.relay.stop()
        _, late = await asyncio.wait(working, timeout=LEAVE_SECONDS)
        for task in late:
            self._log.warning("stopped before it was done", part=task.get_name())
            task.cancel()

    def _web_server(self) -> WebServer:
        store = self._app.ports.store
        settings = self._app.settings
        routes = [*health_routes(self._app.health, store.ping), metrics_route(self._app.metrics, store.status_counts)]
        if BackendName.FAL in settings.preferred_backends:
            routes.append(self._fal_webhooks())
        return web_server(routes, settings.web_host, settings.web_port)

    def _fal_webhooks(self) -> Route:
        verifier = WebhookVerifier(clock=self._app.clock, jwks_url=self._app.settings.fal_jwks_url)
        heard = partial(self._app.callbacks.heard, backend=BackendName.FAL)
        return webhook_route(verifier, heard, self._app.metrics.webhook_forged)

    def _announce(self) -> None:
        settings = self._app.settings
        self._log.info("started", backends=list(settings.preferred_backends), data=str(settings.data_dir.absolute()))
        if settings.discord_token is None and settings.slack_bot_token is None:
            self._log.warning(
                "no chat is configured",
                next="set DISCORD_TOKEN, or SLACK_BOT_TOKEN and SLACK_APP_TOKEN; until then `flipbook animate` works",
            )

    @staticmethod
    def _start(group: asyncio.TaskGroup, run: Callable[[], Coroutine[None, None, None]]) -> asyncio.Task[None]:
        return group.create_task(run(), name=getattr(run, "__qualname__", "part"))
