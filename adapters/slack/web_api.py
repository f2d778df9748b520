"""Every call that the bot makes to Slack's Web API."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Final

import aiohttp
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from adapters.proxies import open_session
from adapters.slack import wire
from adapters.slack.errors import (
    FILE_NOT_SHOWN,
    AppRemoved,
    SlackDelayed,
    SlackRefused,
    TokenDead,
    refusal,
    translated,
)
from adapters.slack.holds import MethodHolds, TokenHealth
from adapters.slack.models import (
    ChannelFacts,
    FileFacts,
    Identity,
    MessageMetadata,
    OpenedView,
    PostTarget,
    SlackContent,
    UserFacts,
)
from adapters.slack.web_client import web_client
from generation.protocol.clock import Clock, SystemClock
from generation.protocol.errors import DeliveryError

CALL_SECONDS: Final = 30.0


class SlackApi:
    """The Web API of one workspace. Every method raises
    :class:`generation.protocol.errors.DeliveryError`.

    Once Slack has answered that the token is dead, nothing more is sent: every call fails with that
    error, and ``token`` knows why. A method that Slack has answered with 429 is not called before
    its Retry-After is over.
    """

    def __init__(
        self,
        token: SecretStr,
        base_url: str,
        clock: Clock | None = None,
        *,
        proxy: str | None = None,
    ) -> None:
        self._bot_token = token
        self._clock = clock or SystemClock()
        self._holds = MethodHolds(self._clock)
        self._proxy = proxy
        self._base_url = base_url
        self._session: aiohttp.ClientSession | None = None
        self._clients: dict[bool, AsyncWebClient] = {}
        self.token = TokenHealth(self._clock)
        self._identity: Identity | None = None

    @property
    def base_url(self) -> str:
        """The address of the Web API."""
        return self._base_url

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def check_token(self, within: timedelta) -> None:
        """Ask whether the token works, unless a call has shown it in that time. Raises TokenDead or
        AppRemoved; an answer of any other kind says nothing."""
        if self.token.dead is None and self._clock.now() - self.token.worked_at > within:
            with suppress(DeliveryError):
                await self._call("auth.test", {}, repeatable=True)
        self.token.check()

    async def revived(self) -> bool:
        """Whether a dead token works again, as after an error of Slack's own; then calls are sent
        again. A removed app stays removed."""
        if not isinstance(self.token.dead, TokenDead):
            return False
        try:
            with _translated_errors():
                await self._client(repeatable=True).api_call("auth.test")
        except DeliveryError:
            return False
        self.token.revive()
        return True

    # Workspaces, people and channels ---------------------------------------------------

    async def identity(self) -> Identity:
        """Who the bot token belongs to; Slack is asked once."""
        if self._identity is None:
            answer, headers = await self._answer("auth.test", {}, repeatable=True)
            # Slack names the scopes in a header only
            granted = headers.get("X-OAuth-Scopes", "")
            self._identity = Identity(
                team=str(answer["team_id"]),
                bot_user=str(answer["user_id"]),
                bot_id=answer.get("bot_id"),
                scopes=frozenset(scope.strip() for scope in granted.split(",") if scope.strip()),
                team_name=str(answer.get("team", "")),
                user_name=str(answer.get("user", "")),
                answered_at=headers.get("Date", ""),
                enterprise=answer.get("enterprise_id"),
                url=str(answer.get("url", "")),
            )
        return self._identity

    async def app_of(self, bot_id: str) -> str:
        """The id of a bot's app."""
        return str((await self._get("bots.info", bot=bot_id))["bot"]["app_id"])

    async def open_socket(self, app_token: SecretStr) -> str:
        """The address of one new socket, for the app-level token."""
        # a dead app-level token says nothing about the bot token, so it silences no call
        client = web_client(app_token, self._base_url, self._open_session(), repeatable=True)
        with _translated_errors():
            answer = await client.apps_connections_open(app_token=app_token.get_secret_value())
        return str(answer["url"])

    async def channel(self, channel: str) -> ChannelFacts:
        """A conversation, as the bot sees it."""
        return wire.channel_facts(
            (await self._get("conversations.info", channel=channel))["channel"]
        )

    async def user(self, user: str) -> UserFacts:
        """A person of this workspace, or of another one in a shared channel."""
        return wire.user_facts((await self._get("users.info", user=user))["user"])

    # Messages -------------------------------------------------------------------------

    async def post(
        self, target: PostTarget, content: SlackContent, *, metadata: MessageMetadata
    ) -> str:
        """Post a message with metadata by which it can be found again; returns its ``ts``. This
        call is never repeated by itself."""
        sent = {
            "channel": target.channel,
            **wire.text_and_blocks(content),
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": wire.metadata_as_sent(metadata),
        }
        if target.thread is not None:
            sent["thread_ts"] = target.thread
        return str((await self._call("chat.postMessage", sent))["ts"])

    async def update(
        self, channel: str, ts: str, content: SlackContent, *, file_id: str | None = None
    ) -> None:
        """Edit a message of the bot, and add a file to it; doing it twice changes nothing.

        Raises SlackRefused with :data:`FILE_NOT_SHOWN` where the answer shows that the message is
        without the file. An answer that says nothing of files proves nothing.
        """
        sent = {"channel": channel, "ts": ts, **wire.text_and_blocks(content)}
        if file_id is not None:
            sent["file_ids"] = [file_id]
        answer = await self._call("chat.update", sent, repeatable=True)
        if file_id is not None and not wire.may_show(answer, file_id):
            raise refusal(FILE_NOT_SHOWN)

    async def delete(self, channel: str, ts: str) -> None:
        """Delete a message of the bot; its files stay in Slack."""
        await self._call("chat.delete", {"channel": channel, "ts": ts}, repeatable=True)

    async def post_ephemeral(self, target: PostTarget, user: str, content: SlackContent) -> None:
        """Show a message to one member of a channel."""
        sent = {"channel": target.channel, "user": user, **wire.text_and_blocks(content)}
        if target.thread is not None:
            sent["thread_ts"] = target.thread
        await self._call("chat.postEphemeral", sent)

    async def respond(self, response_url: str, content: SlackContent) -> None:
        """Answer a command or a click so that only the person sees it; works in every channel."""
        answer = {
            "response_type": "ephemeral",
            "replace_original": content.replaces,
            **wire.text_and_blocks(content),
        }
        await self._respond(response_url, answer)

    async def remove_original(self, response_url: str) -> None:
        """Take away the private message under which a button was clicked."""
        await self._respond(response_url, {"delete_original": True})

    async def _respond(self, response_url: str, answer: Mapping[str, object]) -> None:
        with _translated_errors():
            async with self._open_session().post(response_url, json=answer) as response:
                if response.status != 200:
                    raise SlackRefused(
                        "response_url", f"the answer was refused with {response.status}"
                    )

    async def find(
        self, target: PostTarget, metadata: MessageMetadata, *, between: tuple[float, float]
    ) -> str | None:
        """The ``ts`` of the message with that metadata, posted between two times (UNIX seconds)."""
        method, asked = wire.search(target, between)
        found = (await self._get(method, **asked, include_all_metadata=True)).get("messages", ())
        return next((str(each["ts"]) for each in found if wire.metadata_of(each) == metadata), None)

    async def permalink(self, channel: str, ts: str) -> str:
        """A message's address for people."""
        found = await self._get("chat.getPermalink", channel=channel, message_ts=ts)
        return str(found["permalink"])

    async def members(self, channel: str, cursor: str = "") -> tuple[frozenset[str], str]:
        """The people in a channel, a page of them, and where the next one begins; empty after the
        last."""
        at = {"cursor": cursor} if cursor else {}
        answer = await self._get("conversations.members", channel=channel, limit=1000, **at)
        following = (answer.get("response_metadata") or {}).get("next_cursor")
        return frozenset(map(str, answer.get("members", ()))), str(following or "")

    async def open_direct(self, user: str) -> str:
        """The id of the direct conversation with a person."""
        answer = await self._call("conversations.open", {"users": user}, repeatable=True)
        return str(answer["channel"]["id"])

    async def show_view(self, method: str, view: Mapping[str, Any], **where: str) -> OpenedView:
        """``views.open`` with a ``trigger_id``, ``views.update`` with ``view_id`` and ``hash``."""
        shown = (await self._call(method, {"view": view, **where}))["view"]
        return OpenedView(str(shown["id"]), str(shown["hash"]))

    # Files ----------------------------------------------------------------------------

    async def announce_file(self, name: str, length: int) -> tuple[str, str]:
        """A new file's id, and the address that takes its bytes."""
        # Slack takes no JSON for this method. No alt_txt: with one, Slack may answer "ok" and never
        # share a file that is no image (github.com/slackapi/python-slack-sdk/issues/1818).
        form = {"filename": name, "length": length}
        with self._translating("files.getUploadURLExternal"):
            answer = await self._client(repeatable=True).api_call(
                "files.getUploadURLExternal", data=form
            )
        return str(answer["file_id"]), str(answer["upload_url"])

    async def upload(self, url: str, content: bytes) -> None:
        """Send a file's bytes to the address from :meth:`announce_file`, which needs no token."""
        # the address itself is the permission, so the token is not sent along
        headers = {"Content-Type": "application/octet-stream"}
        with _translated_errors():
            async with self._open_session().post(url, data=content, headers=headers) as response:
                if response.status != 200:
                    raise SlackDelayed(
                        f"http_{response.status}", "Slack did not take the clip's bytes"
                    )

    async def complete_file(
        self,
        file_id: str,
        title: str,
        *,
        target: PostTarget | None = None,
        content: SlackContent | None = None,
    ) -> None:
        """Complete an uploaded file, once; with a target it is also shared there in a new message
        with those blocks."""
        sent: dict[str, object] = {"files": [{"id": file_id, "title": title}]}
        if target is not None:
            sent["channel_id"] = target.channel
            if target.thread is not None:
                sent["thread_ts"] = target.thread
        if content is not None:
            # beside an initial_comment Slack ignores the blocks
            sent["blocks"] = list(content.blocks)
        await self._call("files.completeUploadExternal", sent)

    async def file(self, file_id: str) -> FileFacts:
        """A completed file. Raises SlackRefused with ``file_not_found`` for one that was never
        completed."""
        return wire.file_facts((await self._get("files.info", file=file_id))["file"])

    async def delete_file(self, file_id: str) -> None:
        """Delete a file; messages that show it keep a tombstone."""
        await self._call("files.delete", {"file": file_id}, repeatable=True)

    # Calls -----------------------------------------------------------------------------

    async def _call(
        self, method: str, sent: Mapping[str, object], *, repeatable: bool = False
    ) -> Mapping[str, Any]:
        return (await self._answer(method, sent, repeatable=repeatable))[0]

    async def _answer(
        self, method: str, sent: Mapping[str, object], *, repeatable: bool
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        with self._translating(method):
            answer = await self._client(repeatable=repeatable).api_call(method, json=dict(sent))
        return answer.data, answer.headers  # type: ignore[return-value]  # JSON: bytes come from files only

    async def _get(self, method: str, **asked: object) -> Mapping[str, Any]:
        with self._translating(method):
            client = self._client(repeatable=True)
            answer = await client.api_call(method, http_verb="GET", params=asked)
        return answer.data  # type: ignore[return-value]  # as above

    def _client(self, *, repeatable: bool) -> AsyncWebClient:
        """The bot token's client, made once for a session."""
        session = self._open_session()
        if repeatable not in self._clients:
            self._clients[repeatable] = web_client(
                self._bot_token, self._base_url, session, repeatable=repeatable
            )
        return self._clients[repeatable]

    def _open_session(self) -> aiohttp.ClientSession:
        # not in the constructor: a session needs a running event loop
        if self._session is None or self._session.closed:
            self._session = open_session(self._proxy, CALL_SECONDS)
            self._clients = {}
        return self._session

    @contextmanager
    def _translating(self, method: str) -> Iterator[None]:
        """Translate errors; send nothing once the token is dead, or while Slack refuses that
        method."""
        self.token.check()
        with self._holds.held(method):
            try:
                with _translated_errors():
                    yield
                self.token.works()
            except (TokenDead, AppRemoved) as error:
                self.token.silence(error)
                raise


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except DeliveryError:
        raise
    except Exception as error:
        raise translated(error) from error
