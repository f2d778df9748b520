"""Discord for tests: gateway, REST and files on one port of 127.0.0.1, and people's acts as calls in process."""

import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from doubles.discord.backstage import Strictness, new_backstage
from doubles.discord.driver import Driver
from doubles.discord.faults import Faults
from doubles.discord.rest.api import PREFIX, Rest
from doubles.discord.rest.cdn import serve_file
from doubles.http.hanging import Hangs

MAX_REQUEST_BYTES = 1 << 30
STOP_SECONDS = 0.5
CROWD = 2048
"""How many connections may wait to be accepted; with the default many clients wait for seconds."""


class DiscordDouble(Driver):
    """A whole Discord.

    `judge` is the folder of the official descriptions; None switches the judges off (for load), not the rules of
    sense. `buckets` enforces rate limits. Used as `async with DiscordDouble(judge=specs()) as double`; the bot is
    started with `api_url`, `gateway_url` and `token`.
    """

    def __init__(self, *, judge: Path | None, buckets: bool = False, strictness: Strictness | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        super().__init__(
            new_backstage(self.base_url, judge=judge, strictness=strictness or Strictness(), buckets=buckets)
        )
        self.fault = Faults(self)
        self.hangs = Hangs()
        self._rest = Rest(self.stage)
        self._runner = web.AppRunner(self._application(), shutdown_timeout=STOP_SECONDS, access_log=None)

    @property
    def api_url(self) -> str:
        """The REST base, in the form of https://discord.com/api/v10."""
        return f"{self.base_url}{PREFIX}"

    @property
    def gateway_url(self) -> str:
        """The gateway, in the form of wss://gateway.discord.gg/."""
        return f"{self.base_url.replace('http://', 'ws://')}/gateway"

    @property
    def token(self) -> str:
        """The bot's token."""
        return self.world.token

    @property
    def served_429(self) -> int:
        """How many 429s were answered, injected ones too."""
        return self._rest.served_429

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener, backlog=CROWD).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in list(self.gateway.sockets):
            connection.abort()
        await self._runner.cleanup()
        self._listener.close()

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=MAX_REQUEST_BYTES, middlewares=[self.hangs.middleware])
        for path in ("/gateway", "/gateway/", "/resume", "/resume/"):
            app.router.add_get(path, self._serve_gateway)
        app.router.add_get("/attachments/{channel}/{attachment}/{name}", self._serve_file)
        app.router.add_route("*", PREFIX + "/{path:.*}", self._rest.serve)
        app.router.add_route("*", "/{path:.*}", self._serve_stray)
        return app

    async def _serve_gateway(self, request: web.Request) -> web.WebSocketResponse:
        return await self.stage.gateway.serve(request)

    async def _serve_file(self, request: web.Request) -> web.Response:
        return await serve_file(self.stage, request)

    async def _serve_stray(self, request: web.Request) -> web.Response:
        self.violations.append(f"no route {request.method} {request.path} in this double")
        return web.Response(status=404)
