"""The Slack side as the composition root sees it: a messenger, something that runs, and routes for the web app."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

import structlog
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from starlette.routing import Route

from adapters.slack.actions import Actions
from adapters.slack.admin import Admin
from adapters.slack.api import SlackApi
from adapters.slack.bolt import bolt_app
from adapters.slack.commands import Commands
from adapters.slack.door import ACK_SECONDS, Door
from adapters.slack.errands import Errands
from adapters.slack.failures import SlackDelayed, SlackRefused, TokenDead
from adapters.slack.front import Front
from adapters.slack.manifest import missing_scopes
from adapters.slack.members import Members
from adapters.slack.messenger import SlackMessenger
from adapters.slack.opener import Opener
from adapters.slack.places import Doorkeeping, Places
from adapters.slack.posts import Posts
from adapters.slack.signed_http import SignedHttp
from adapters.slack.socket_mode import PING_SECONDS, Socket
from adapters.slack.telling import Teller
from adapters.slack.values import Identity
from adapters.slack.wishes import Wishes
from generation.clock import SystemClock
from generation.errors import ChatUnusable, DeliveryError
from generation.places import Platform, ServerRef
from generation.ports import Clock, Messenger
from generation.service import Service

SLACK_API_URL: Final = "https://slack.com/api/"
_LONGEST_WAIT: Final = 60.0
_MOST_REOPENED: Final = 500
_SURELY_ABANDONED: Final = timedelta(seconds=10)
"""A younger job's message may be on its way in another process."""

Answer = TypeVar("Answer")


class SlackUnusable(ChatUnusable):
    """Slack does not accept what the operator has set; the message is one sentence that says what to change."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: until Slack gets an answer at the latest, and until a socket that died without notice is replaced."""

    ack: float = ACK_SECONDS
    ping: float = PING_SECONDS


class SlackChat:
    """One app in one workspace. The messenger works from the first moment on; acts are served while :meth:`run` runs.

    With an app-level token they come over a socket, else (with a signing secret) as signed POSTs to :meth:`routes`.
    """

    def __init__(
        self,
        bot_token: SecretStr,
        *,
        app_token: SecretStr | None = None,
        signing_secret: SecretStr | None = None,
        api_url: str = SLACK_API_URL,
        admins: frozenset[str] = frozenset(),
        are_externals_welcome: bool = False,
        clock: Clock | None = None,
        timing: Timing | None = None,
    ) -> None:
        """``admins`` are ids of members who may set limits beside the workspace's own admins; ``are_externals_welcome``
        lets members of other organisations ask for clips in shared channels."""
        self._app_token = app_token
        self._signing_secret = signing_secret
        self._rules = Doorkeeping(admins, are_externals_welcome)
        self._clock = clock or SystemClock()
        self._timing = timing or Timing()
        self._api = SlackApi(bot_token, api_url)
        self._posts = Posts(self._api, self._clock)
        self._messenger = SlackMessenger(self._api, self._posts, self._clock)
        self._errands = Errands()
        self._app: AsyncApp | None = None
        self._assembled: _Parts | None = None
        self._log = structlog.get_logger("flipbook.slack")

    @property
    def messenger(self) -> Messenger:
        """Brings progress and clips to Slack."""
        return self._messenger

    async def run(self, service: Service) -> None:
        """Serve until cancelled. Raises SlackUnusable when Slack does not accept a token."""
        if self._app_token is None and self._signing_secret is None:
            raise SlackUnusable("Slack needs a way to reach the bot: set SLACK_APP_TOKEN, or SLACK_SIGNING_SECRET.")
        identity = await self._introduced()
        address = None if self._app_token is None else await self._socket_address(self._app_token)
        async with self._errands:
            self._errands.start(self._reopen(service, identity), "opening what was not opened", is_awaited=False)
            if address is None:
                await asyncio.Event().wait()
            else:
                await self._listen(service, address)

    def routes(self, service: Service) -> list[Route]:
        """The address for signed POSTs, while :meth:`run` runs; none where acts come over a socket."""
        if self._app_token is not None or self._signing_secret is None:
            return []
        return SignedHttp(self._bolt(service), self._signing_secret).routes()

    async def close(self) -> None:
        """Give the connections back."""
        await self._api.close()

    async def _listen(self, service: Service, address: str) -> None:
        socket = Socket(self._bolt(service), self._app_token or SecretStr(""), self._api.base_url, self._timing.ping)
        try:
            await socket.connect(address)
            self._log.info("connected to Slack")
            await asyncio.Event().wait()
        finally:
            await socket.close()

    async def _socket_address(self, app_token: SecretStr) -> str:
        return await self._accepted("SLACK_APP_TOKEN", self._patiently(lambda: self._api.open_socket(app_token)))

    async def _introduced(self) -> Identity:
        identity = _of_a_bot(await self._accepted("SLACK_BOT_TOKEN", self._patiently(self._api.identity)))
        if missing := missing_scopes(identity.scopes):
            self._log.warning("the Slack app lacks scopes of its manifest", missing=missing, next="install it again")
        return identity

    async def _accepted(self, variable: str, answer: Awaitable[Answer]) -> Answer:
        try:
            return await answer
        except (TokenDead, SlackRefused) as error:
            raise SlackUnusable(f"Slack does not accept {variable} ({error.code}): {_REMEDIES[variable]}") from None

    async def _patiently(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask until Slack can be reached."""
        wait = 1.0
        while True:
            try:
                return await ask()
            except TokenDead:
                raise
            except SlackDelayed as error:
                self._log.warning("Slack cannot be asked yet", reason=error.reason, again_in=wait)
                await self._clock.sleep(max(wait, error.retry_after or 0.0))
                wait = min(_LONGEST_WAIT, 2 * wait)

    async def _reopen(self, service: Service, identity: Identity) -> None:
        """Jobs whose first message an earlier process did not live to post or to record."""
        opener = self._parts(service).opener
        for job in await service.queue_of(ServerRef(Platform.SLACK, identity.team), limit=_MOST_REOPENED):
            young = _SURELY_ABANDONED - (self._clock.now() - job.created_at)
            await self._clock.sleep(max(0.0, young.total_seconds()))
            try:
                await opener.open(job, is_new=False)
            except DeliveryError as error:
                self._log.info("a job's message could not be opened", job=job.id, reason=error.reason)

    def _bolt(self, service: Service) -> AsyncApp:
        if self._app is None:
            secret = None if self._app_token else self._signing_secret
            self._app = bolt_app(self._parts(service).front, self._api, secret)
        return self._app

    def _parts(self, service: Service) -> "_Parts":
        if self._assembled is None:
            self._assembled = self._assemble(service)
        return self._assembled

    def _assemble(self, service: Service) -> "_Parts":
        api, clock, errands = self._api, self._clock, self._errands
        places, teller = Places(api, self._rules, clock), Teller(api)
        opener = Opener(self._posts, service, clock)
        wishes = Wishes(service, places, opener, teller, errands=errands, clock=clock)
        actions = Actions(api, service, places, wishes)
        members = Members(api, service, places, actions, admin=Admin(service, places), clock=clock)
        door = Door(errands, self._timing.ack)
        return _Parts(Front(api, door, errands, teller, Commands(wishes, members), actions), opener)


def _of_a_bot(identity: Identity) -> Identity:
    if identity.bot_id is None:
        raise SlackUnusable(f"SLACK_BOT_TOKEN is a person's token: {_REMEDIES['SLACK_BOT_TOKEN']}")
    return identity


@dataclass(frozen=True, slots=True)
class _Parts:
    front: Front
    opener: Opener


_REMEDIES: Final = {
    "SLACK_BOT_TOKEN": "copy the bot token (xoxb-…) from “OAuth & Permissions” of your Slack app.",
    "SLACK_APP_TOKEN": "copy an app-level token (xapp-…) with connections:write from “Basic Information” of your app.",
}
