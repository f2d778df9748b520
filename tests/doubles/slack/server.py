"""The Slack double: Web API, Socket Mode, file store and response URLs on one port of 127.0.0.1, and a human side."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Self

from aiohttp import web

from doubles.http.hanging import Hangs
from doubles.slack.clock import Changes, Clock
from doubles.slack.driver import Driver
from doubles.slack.inbound.courier import CONNECT_SECONDS, WAIT_SECONDS, Courier
from doubles.slack.inbound.deliveries import Ack, Delivery
from doubles.slack.inbound.http_mode import HttpMode
from doubles.slack.inbound.response_urls import ResponseUrls
from doubles.slack.inbound.socket_mode import SocketMode
from doubles.slack.journal import Exchange, Journal
from doubles.slack.platform import Platform
from doubles.slack.state.files import FileStore
from doubles.slack.state.workspaces import File, Workspace
from doubles.slack.web_api.api import WebApi
from doubles.slack.web_api.limits import Limiter, RateLimits
from doubles.slack.world import (
    APP_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    DEFAULT_EVENTS,
    DEFAULT_SCOPES,
    HOME,
    OTHER,
    SIGNING_SECRET,
    two_workspaces,
)
from judges.slack_validate import SlackJudge

MOST_BYTES = 1024**3
CROWD = 2048
"""How many connections may wait to be accepted."""


class SlackDouble(Driver):
    """A Slack of our own, for one test.

    `judge`: None for load, when judging would be measured. `scopes` and `events` are those of the app manifest.
    `rate_limits`: None lets everything pass. `ack_limit`: seconds a delivery may stay unacknowledged.
    `ticks`: what moves the clock beside `clock.advance`; a constant lets it stand still.
    """

    def __init__(
        self,
        judge: SlackJudge | None,
        *,
        scopes: Sequence[str] = DEFAULT_SCOPES,
        events: Sequence[str] = DEFAULT_EVENTS,
        rate_limits: RateLimits | None = None,
        ack_limit: float = 3.0,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        changes = Changes()
        clock = Clock(changes, ticks)
        journal = Journal(clock, changes, judge)
        limiter = Limiter(clock, rate_limits)
        platform = Platform(two_workspaces(scopes), clock, changes, journal, limiter, frozenset(events), ack_limit)
        super().__init__(platform)
        platform.sockets = SocketMode(platform)
        platform.courier = Courier(platform, platform.sockets)
        self.clock = clock
        self._journal = journal
        self.hangs = Hangs()
        self._http: HttpMode | None = None
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)

    async def start(self) -> None:
        """Listen on a free port."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=CROWD)
        await site.start()
        port = self._runner.addresses[0][1]
        self.platform.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        """Wait for the acks that are still missing, then end."""
        await self.platform.courier.settle()
        await self.platform.sockets.close()
        await self.platform.tasks.close()
        if self._http is not None:
            await self._http.close()
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def deliver_over_http(self, url: str) -> None:
        """Deliver as signed POSTs to that address of the bot instead of over sockets."""
        self._http = self._http or HttpMode(self.platform)
        self._http.url = url
        self.platform.courier.transport = self._http

    @property
    def base_url(self) -> str:
        """What the bot's Slack clients take as `base_url`."""
        return f"{self.platform.url}/api/"

    @property
    def credentials(self) -> dict[str, str]:
        """What an operator would set for a bot in the home workspace, by the names of the environment."""
        return {
            "SLACK_BOT_TOKEN": self.home.tokens.bot,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_CLIENT_ID": CLIENT_ID,
            "SLACK_CLIENT_SECRET": CLIENT_SECRET,
        }

    @property
    def home(self) -> Workspace:
        """The workspace most tests play in."""
        return self.platform.world.workspaces[HOME]

    @property
    def other(self) -> Workspace:
        """Another team, with another token, other people and a channel of the same id."""
        return self.platform.world.workspaces[OTHER]

    @property
    def violations(self) -> list[str]:
        """Everything that must not have happened."""
        return self._journal.violations

    def take_violations(self) -> list[str]:
        """The violations so far, forgiven: for tests that provoke them."""
        taken = list(self._journal.violations)
        self._journal.violations.clear()
        return taken

    def assert_faultless(self) -> None:
        """Nothing happened that must not, and what happened was judged, if there is a judge."""
        assert self.violations == [], "\n".join(self.violations)
        assert self.judged > 0 or self._journal.judge is None, "nothing was judged"

    @property
    def judged(self) -> int:
        """How many exchanges the judge has looked at."""
        return self._journal.judged

    @property
    def unjudged(self) -> dict[str, int]:
        """How many had no schema, by method or kind."""
        return dict(self._journal.unjudged)

    @property
    def rate_limited(self) -> int:
        """How many calls were answered 429."""
        return self._journal.rate_limited

    @property
    def log(self) -> list[Exchange]:
        """Every exchange."""
        return self._journal.log

    def calls(self, method: str) -> list[Exchange]:
        """The calls of one Web API method."""
        return [each for each in self.log if each.kind == "call" and each.name == method]

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything handed to the bot, with its attempts and acks."""
        return self.platform.courier.deliveries

    async def acknowledged(self, delivery: Delivery, timeout: float = WAIT_SECONDS) -> Ack:
        """The ack of a delivery, waited for: after a lost socket it comes with a later attempt."""
        return await self.platform.courier.acknowledged(delivery, timeout)

    async def connected(self, timeout: float = CONNECT_SECONDS) -> None:
        """Wait until the bot has a socket open."""
        await self.platform.changes.until(lambda: self.platform.sockets.connected, timeout)

    @property
    def sockets_opened(self) -> int:
        """How many sockets the bot has ever opened."""
        return self.platform.sockets.opened

    def file(self, file_id: str, *, team: str = HOME) -> File:
        """A file with its bytes, as the store keeps it."""
        return self.platform.world.workspaces[team].files[file_id]

    def file_url(self, file_id: str, *, team: str = HOME) -> str:
        """Where a file's bytes can be read with a token."""
        return f"{self.platform.url}/files-pri/{team}-{file_id}/{self.file(file_id, team=team).name}"

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=MOST_BYTES, middlewares=[self.hangs.middleware])
        files = FileStore(self.platform)
        route = application.router.add_route
        route("*", "/api/{method}", WebApi(self.platform).answer)
        route("*", "/upload/v1/{team}/{file}", files.upload)
        route("GET", "/files-pri/{team}-{file}/{name}", files.download)
        route("*", "/response/{id}", ResponseUrls(self.platform).answer)
        route("GET", "/link", self.platform.sockets.handle)
        route("*", "/{path:.*}", self._stray)
        return application

    async def _stray(self, request: web.Request) -> web.StreamResponse:
        self._journal.violate(f"{request.method} {request.path}: the double has no such route")
        self._journal.note("stray", request.path, request.method, status=404)
        return web.Response(status=404)


OpenDouble = Callable[..., Awaitable[SlackDouble]]
"""What the fixture open_slack_double gives: opens a double with those options of SlackDouble."""
