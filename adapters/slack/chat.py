"""The Slack side for the composition root: a messenger, a part that runs, and routes for the web
app."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

import structlog
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from starlette.routing import Route

from adapters.slack.bolt import SlackHandlers, bolt_app
from adapters.slack.delivery.messenger import SlackMessenger
from adapters.slack.delivery.posts import SlackPosts
from adapters.slack.errors import (
    TOKEN_WAIT,
    SlackDelayed,
    SlackRefused,
    SlackUnusable,
    TokenDead,
)
from adapters.slack.handlers.access import Access, AccessRules
from adapters.slack.handlers.acknowledge import ACK_SECONDS, Acknowledger
from adapters.slack.handlers.admin.commands import SlackAdminCommands
from adapters.slack.handlers.animate import AnimateHandler
from adapters.slack.handlers.arrival import SlackArrival
from adapters.slack.handlers.background import BackgroundTasks
from adapters.slack.handlers.buttons import SlackButtons
from adapters.slack.handlers.clips.deleting import SlackDeleting
from adapters.slack.handlers.clips.finding import SlackFinding
from adapters.slack.handlers.clips.menus import SlackClipMenus
from adapters.slack.handlers.clips.reporting import SlackReporting
from adapters.slack.handlers.clips.show import SlackShow
from adapters.slack.handlers.clips.views import SlackViews
from adapters.slack.handlers.ephemeral import EphemeralSender
from adapters.slack.handlers.first_message import FirstMessage
from adapters.slack.handlers.forms.handler import SlackForms
from adapters.slack.handlers.home.handler import SlackHome
from adapters.slack.handlers.home.pages import SlackHomes
from adapters.slack.handlers.member_commands import SlackMemberCommands
from adapters.slack.handlers.members.privacy import SlackPrivacy
from adapters.slack.handlers.reactions import SlackReactions
from adapters.slack.handlers.removal import SlackRemoval
from adapters.slack.models import Identity
from adapters.slack.setup.manifest import missing_scopes
from adapters.slack.signed_http import SignedHttp
from adapters.slack.socket_mode import PING_SECONDS, SlackSocket
from adapters.slack.web_api import SlackApi
from generation.domain.refs import Platform, ServerRef
from generation.ports import Messenger
from generation.protocol.backoff import Backoff
from generation.protocol.clock import Clock, SystemClock
from generation.protocol.errors import FlipbookError, StoreError
from generation.service import Service
from generation.text.dialect import utc_moment
from generation.text.errors import sentence

SLACK_API_URL: Final = "https://slack.com/api/"
_CONNECTING: Final = Backoff(first=1.0, longest=60.0)
_MOST_REOPENED: Final = 500
_SURELY_ABANDONED: Final = timedelta(seconds=10)
"""Another process may still be posting the message of a younger job."""
_REMEDIES: Final = {
    "SLACK_BOT_TOKEN": "copy the bot token (xoxb-…) from “OAuth & Permissions” of your Slack app.",
    "SLACK_APP_TOKEN": (
        "copy an app-level token (xapp-…) with connections:write from “Basic "
        "Information” of your app."
    ),
}

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class SlackTiming:
    """Seconds: the longest time until Slack gets its acknowledgement, and until a dead socket is
    replaced."""

    ack: float = ACK_SECONDS
    ping: float = PING_SECONDS


class SlackChat:
    """One app in one workspace. The messenger works from the start; acts are handled while
    :meth:`run` runs.

    With an app-level token they come over a socket, else (with a signing secret) as signed POSTs to
    :meth:`routes`.
    """

    def __init__(
        self,
        bot_token: SecretStr,
        *,
        app_token: SecretStr | None = None,
        signing_secret: SecretStr | None = None,
        api_url: str = SLACK_API_URL,
        proxy: str | None = None,
        admins: frozenset[str] = frozenset(),
        are_externals_welcome: bool = False,
        clock: Clock | None = None,
        timing: SlackTiming | None = None,
    ) -> None:
        """``admins`` are ids of members who may set limits besides the workspace's own admins;
        ``are_externals_welcome`` lets members of other organisations ask for clips in shared
        channels."""
        self._app_token = app_token
        self._signing_secret = signing_secret
        self._rules = AccessRules(admins, are_externals_welcome)
        self._clock = clock or SystemClock()
        self._timing = timing or SlackTiming()
        self._proxy = proxy
        self._api = SlackApi(bot_token, api_url, self._clock, proxy=proxy)
        self._posts = SlackPosts(self._api, self._clock)
        self._messenger = SlackMessenger(self._api, self._posts, self._clock, admins=admins)
        self._background = BackgroundTasks()
        self._app: AsyncApp | None = None
        self._log = structlog.get_logger("flipbook.slack")

    @property
    def messenger(self) -> Messenger:
        """Posts progress and clips."""
        return self._messenger

    @property
    def trouble(self) -> str | None:
        """A sentence for health pages while nothing can be posted."""
        dead, since = self._api.token.dead, self._api.token.dead_since
        if dead is None or since is None:
            return None
        return (
            f"since {utc_moment(since)} {dead.reason} ({dead.code}): install the app again and set "
            "its SLACK_BOT_TOKEN; clips that are due are kept"
        )

    async def run(self, service: Service) -> None:
        """Handle acts until cancelled. Raises SlackUnusable when Slack does not accept a
        token."""
        if self._app_token is None and self._signing_secret is None:
            raise SlackUnusable(
                "Slack needs a way to reach the bot: set SLACK_APP_TOKEN, or SLACK_SIGNING_SECRET."
            )
        identity = await self._checked_identity()
        service.names.note(ServerRef(Platform.SLACK, identity.team), identity.team_name)
        address = None if self._app_token is None else await self._socket_address(self._app_token)
        async with self._background:
            self._background.start_unawaited(
                self._reopen_messages(service, identity), "reopening first messages"
            )
            self._background.start_unawaited(self._welcome(service, identity), "welcoming")
            self._background.start_unawaited(self._retry_owed(service), "retrying deliveries")
            # signed POSTs come to the routes; only the background work belongs to this run
            if address is None:
                await asyncio.Event().wait()
            else:
                await self._listen(service, address)

    def routes(self, service: Service) -> list[Route]:
        """The address for signed POSTs, which are handled while :meth:`run` runs; none where acts
        come over a socket."""
        if self._app_token is not None or self._signing_secret is None:
            return []
        return SignedHttp(self._bolt(service), self._signing_secret).routes()

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def _listen(self, service: Service, address: str) -> None:
        socket = SlackSocket(
            self._bolt(service),
            self._app_token or SecretStr(""),
            self._api.base_url,
            self._timing.ping,
            proxy=self._proxy,
        )
        try:
            await socket.connect(address)
            # from here on the socket connects again by itself
            self._log.info("connected to Slack")
            await asyncio.Event().wait()
        finally:
            await socket.close()

    async def _socket_address(self, app_token: SecretStr) -> str:
        return await self._accepted(
            "SLACK_APP_TOKEN", self._until_reached(lambda: self._api.open_socket(app_token))
        )

    async def _checked_identity(self) -> Identity:
        identity = _of_a_bot(
            await self._accepted("SLACK_BOT_TOKEN", self._until_reached(self._api.identity))
        )
        if missing := missing_scopes(identity.scopes):
            self._log.warning(
                "the Slack app lacks scopes of its manifest",
                missing=missing,
                next="install it again",
            )
        return identity

    async def _accepted(self, variable: str, answer: Awaitable[Answer]) -> Answer:
        try:
            return await answer
        except (TokenDead, SlackRefused) as error:
            raise SlackUnusable(
                f"Slack does not accept {variable} ({error.code}): {_REMEDIES[variable]}"
            ) from None

    async def _until_reached(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Repeat the call while Slack cannot be reached."""
        attempt = 0
        while True:
            try:
                return await ask()
            # a delay too, but no pause repairs a token
            except TokenDead:
                raise
            except SlackDelayed as error:
                attempt += 1
                pause = _CONNECTING.with_retry_after(attempt, error.retry_after)
                self._log.warning("Slack cannot be asked yet", reason=error.reason, again_in=pause)
                await self._clock.sleep(pause)

    async def _reopen_messages(self, service: Service, identity: Identity) -> None:
        """Open the messages of jobs that an earlier process did not open or record."""
        first_message = FirstMessage(self._posts, service, self._clock)
        server = ServerRef(Platform.SLACK, identity.team)
        for job in await service.queue_of(server, limit=_MOST_REOPENED):
            # two processes overlap during a restart; the older one may still post
            too_young = _SURELY_ABANDONED - (self._clock.now() - job.created_at)
            await self._clock.sleep(max(0.0, too_young.total_seconds()))
            try:
                await first_message.reopen(job)
            # one that fails, at Slack or in the database, must not keep the others unopened
            except FlipbookError as error:
                self._log.info(
                    "a job's message could not be opened", job=job.id, reason=sentence(error)
                )

    async def _welcome(self, service: Service, identity: Identity) -> None:
        """Write to the admins that are known; else an invitation into a channel is waited for."""
        server = ServerRef(Platform.SLACK, identity.team)
        with contextlib.suppress(StoreError):
            # its token is accepted, so the app is installed
            await service.servers_present([server])
            if self._rules.admins:
                await service.welcome(server)

    async def _retry_owed(self, service: Service) -> None:
        """Deliver at once what waits for a good token: now, and whenever a dead one works again."""
        while True:
            with contextlib.suppress(StoreError):
                await service.retry_deliveries(Platform.SLACK)
            await self._clock.sleep(TOKEN_WAIT)
            while not await self._api.revived():
                await self._clock.sleep(TOKEN_WAIT)

    def _bolt(self, service: Service) -> AsyncApp:
        """One app for the socket and the routes, so that both share what they know of acts."""
        if self._app is None:
            handlers = self._handlers(service)
            self._app = bolt_app(handlers, self._api, over_http=self._app_token is None)
        return self._app

    def _handlers(self, service: Service) -> SlackHandlers:
        api, clock, background = self._api, self._clock, self._background
        access = Access(api, self._rules, clock)
        homes = SlackHomes(api, service, access, background=background, clock=clock)
        ephemeral = EphemeralSender(api, clock, at_home=homes.answer)
        first_message = FirstMessage(self._posts, service, clock)
        animate = AnimateHandler(
            service, access, first_message, ephemeral, background=background, clock=clock
        )
        opened = SlackViews(api)
        shown = SlackShow(api, service, access, clock)
        reporting = SlackReporting(api, service, access, opened)
        forms = SlackForms(api, service, access, animate, background=background)
        found = SlackFinding(api, service, access)
        buttons = SlackButtons(
            service,
            access,
            animate,
            shown=shown,
            deleting=SlackDeleting(service, access, opened),
            reporting=reporting,
            edit=forms.edit,
        )
        admin = SlackAdminCommands(service, access, self._posts, clock)
        privacy = SlackPrivacy(api, service)
        members = SlackMemberCommands(
            service, access, buttons, shown=shown, found=found, admin=admin, privacy=privacy
        )
        return SlackHandlers(
            animate,
            forms,
            members,
            admin,
            buttons,
            found,
            privacy,
            reporting,
            SlackClipMenus(service, reporting),
            SlackReactions(api, service, access, animate),
            SlackArrival(api, service),
            SlackRemoval(api, service),
            SlackHome(api, service, access, homes=homes, opened=opened),
            Acknowledger(background, ephemeral, service.names, self._timing.ack),
        )


def _of_a_bot(identity: Identity) -> Identity:
    if identity.bot_id is None:
        raise SlackUnusable(f"SLACK_BOT_TOKEN is a person's token: {_REMEDIES['SLACK_BOT_TOKEN']}")
    return identity
