"""Every call that the bot makes to Slack's Web API, and the scopes that they need."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import aiohttp
import structlog
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from adapters.proxies import open_session
from adapters.slack.errors import AppRemoved, SlackDelayed, SlackRefused, TokenDead, translated
from adapters.slack.models import (
    ChannelFacts,
    FileFacts,
    Identity,
    MessageMetadata,
    PostTarget,
    SlackContent,
    UserFacts,
)
from adapters.slack.web_client import web_client
from generation.protocol.errors import DeliveryError

METADATA_TYPE: Final = "flipbook_job"
CALL_SECONDS: Final = 30.0

_HISTORY: Final = ("channels:history", "groups:history", "im:history", "mpim:history")
_READ: Final = ("channels:read", "groups:read", "im:read", "mpim:read")

SCOPES_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "auth.test": (),
    "bots.info": ("users:read",),
    "chat.getPermalink": (),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.history": _HISTORY,
    "conversations.info": _READ,
    "conversations.open": ("im:write",),
    "conversations.replies": _HISTORY,
    "files.completeUploadExternal": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "files.info": ("files:read",),
    "users.info": ("users:read",),
}
"""Every Web API method that is called with the bot token, and the scopes it needs; of a group of
four, one for each kind of conversation."""


class SlackApi:
    """The Web API of one workspace. Every method raises
    :class:`generation.protocol.errors.DeliveryError`.

    Once Slack has answered that the token is dead, nothing more is sent: every call fails with that
    error.
    """

    def __init__(self, token: SecretStr, base_url: str, *, proxy: str | None = None) -> None:
        self._token = token
        self._proxy = proxy
        self._base_url = base_url
        self._session: aiohttp.ClientSession | None = None
        self._dead: TokenDead | AppRemoved | None = None
        self._identity: Identity | None = None
        self._log = structlog.get_logger("flipbook.slack")

    @property
    def base_url(self) -> str:
        """The address of the Web API."""
        return self._base_url

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def silence(self, error: TokenDead | AppRemoved) -> None:
        """Send nothing more: the token is dead, or the app was removed."""
        if self._dead is None:
            self._log.warning(
                "Slack takes nothing more from the bot", reason=error.reason, code=error.code
            )
        # a removal revokes the token as well; whichever is reported last, the removal counts
        if not isinstance(self._dead, AppRemoved):
            self._dead = error

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
            )
        return self._identity

    async def app_of(self, bot_id: str) -> str:
        """The id of a bot's app."""
        return str((await self._get("bots.info", bot=bot_id))["bot"]["app_id"])

    async def open_socket(self, app_token: SecretStr) -> str:
        """The address of one new socket, for the app-level token."""
        # a dead app-level token says nothing about the bot token, so it silences no call
        client = self._client(app_token, repeatable=True)
        with _translated_errors():
            answer = await client.apps_connections_open(app_token=app_token.get_secret_value())
        return str(answer["url"])

    async def channel(self, channel: str) -> ChannelFacts:
        """A conversation, as the bot sees it."""
        found = (await self._get("conversations.info", channel=channel))["channel"]
        # a direct conversation that the bot can look up has it as a member
        is_direct = bool(found.get("is_im") or found.get("is_mpim"))
        return ChannelFacts(
            is_inside=is_direct or bool(found.get("is_member")),
            is_archived=bool(found.get("is_archived")),
            is_shared=bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared")),
        )

    async def user(self, user: str) -> UserFacts:
        """A person of this workspace, or of another one in a shared channel."""
        found = (await self._get("users.info", user=user))["user"]
        is_admin = any(found.get(name) for name in ("is_admin", "is_owner", "is_primary_owner"))
        return UserFacts(str(found.get("team_id", "")), is_admin, bool(found.get("is_bot")))

    # Messages -------------------------------------------------------------------------

    async def post(
        self, target: PostTarget, content: SlackContent, *, metadata: MessageMetadata
    ) -> str:
        """Post a message with metadata by which it can be found again; returns its ``ts``. This
        call is never repeated by itself."""
        sent = {
            "channel": target.channel,
            **_text_and_blocks(content),
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {
                "event_type": METADATA_TYPE,
                "event_payload": {"job_id": metadata.job_id, "part": metadata.part},
            },
        }
        if target.thread is not None:
            sent["thread_ts"] = target.thread
        return str((await self._call("chat.postMessage", sent))["ts"])

    async def update(
        self, channel: str, ts: str, content: SlackContent, *, file_id: str | None = None
    ) -> None:
        """Edit a message of the bot, and add a file to it; doing it twice changes nothing."""
        sent = {"channel": channel, "ts": ts, **_text_and_blocks(content)}
        if file_id is not None:
            sent["file_ids"] = [file_id]
        await self._call("chat.update", sent, repeatable=True)

    async def post_ephemeral(self, target: PostTarget, user: str, content: SlackContent) -> None:
        """Show a message to one member of a channel."""
        sent = {"channel": target.channel, "user": user, **_text_and_blocks(content)}
        if target.thread is not None:
            sent["thread_ts"] = target.thread
        await self._call("chat.postEphemeral", sent)

    async def respond(self, response_url: str, content: SlackContent) -> None:
        """Answer a command or a click so that only the person sees it; works in every channel."""
        answer = {
            "response_type": "ephemeral",
            "replace_original": False,
            **_text_and_blocks(content),
        }
        with _translated_errors():
            async with self._open_session().post(response_url, json=answer) as response:
                if response.status != 200:
                    raise SlackRefused(
                        "response_url", f"the answer was refused with {response.status}"
                    )

    async def find(
        self, target: PostTarget, metadata: MessageMetadata, *, between: tuple[float, float]
    ) -> str | None:
        """The ``ts`` of the message with that metadata among those posted between two times (in
        seconds since the epoch)."""
        method = "conversations.history" if target.thread is None else "conversations.replies"
        oldest, latest = between
        asked: dict[str, object] = {
            "channel": target.channel,
            "oldest": f"{oldest:.6f}",
            "latest": f"{latest:.6f}",
            # one page: the window is a few minutes long
            "limit": 200,
        }
        if target.thread is not None:
            asked["ts"] = target.thread
        found = (await self._get(method, **asked, include_all_metadata=True)).get("messages", ())
        return next((str(each["ts"]) for each in found if _metadata_of(each) == metadata), None)

    async def permalink(self, channel: str, ts: str) -> str:
        """A message's address for people."""
        found = await self._get("chat.getPermalink", channel=channel, message_ts=ts)
        return str(found["permalink"])

    async def open_direct(self, user: str) -> str:
        """The id of the direct conversation with a person."""
        opened = await self._call("conversations.open", {"users": user}, repeatable=True)
        return str(opened["channel"]["id"])

    # Files ----------------------------------------------------------------------------

    async def announce_file(self, name: str, length: int, alt_text: str) -> tuple[str, str]:
        """A new file's id, and the address that takes its bytes."""
        # Slack takes no JSON for this method
        form = {"filename": name, "length": length, "alt_txt": alt_text}
        with self._translating():
            answer = await self._client(self._token, repeatable=True).api_call(
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
        comment: str | None = None,
    ) -> None:
        """Complete an uploaded file, once; with a target it is also shared there in a new
        message."""
        sent: dict[str, object] = {"files": [{"id": file_id, "title": title}]}
        if target is not None:
            sent |= {"channel_id": target.channel, "initial_comment": comment or title}
            if target.thread is not None:
                sent["thread_ts"] = target.thread
        await self._call("files.completeUploadExternal", sent)

    async def file(self, file_id: str) -> FileFacts:
        """A completed file. Raises SlackRefused with ``file_not_found`` for one that was never
        completed."""
        found = (await self._get("files.info", file=file_id))["file"]
        shares: dict[str, str] = {}
        # Slack groups the shares into public and private channels
        for group in (found.get("shares") or {}).values():
            shares |= {channel: str(said[0]["ts"]) for channel, said in group.items() if said}
        return FileFacts(shares)

    # Calls -----------------------------------------------------------------------------

    async def _call(
        self, method: str, sent: Mapping[str, object], *, repeatable: bool = False
    ) -> Mapping[str, Any]:
        return (await self._answer(method, sent, repeatable=repeatable))[0]

    async def _answer(
        self, method: str, sent: Mapping[str, object], *, repeatable: bool
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        with self._translating():
            answer = await self._client(self._token, repeatable=repeatable).api_call(
                method, json=dict(sent)
            )
        return answer.data, answer.headers  # type: ignore[return-value]  # JSON: bytes come from files only

    async def _get(self, method: str, **asked: object) -> Mapping[str, Any]:
        with self._translating():
            client = self._client(self._token, repeatable=True)
            answer = await client.api_call(method, http_verb="GET", params=asked)
        return answer.data  # type: ignore[return-value]  # as above

    def _client(self, token: SecretStr, *, repeatable: bool) -> AsyncWebClient:
        return web_client(token, self._base_url, self._open_session(), repeatable=repeatable)

    def _open_session(self) -> aiohttp.ClientSession:
        # not in the constructor: a session needs a running event loop
        if self._session is None or self._session.closed:
            self._session = open_session(self._proxy, CALL_SECONDS)
        return self._session

    @contextmanager
    def _translating(self) -> Iterator[None]:
        """Translate errors, and send nothing more once the token is dead."""
        if self._dead is not None:
            # a new object, because the old one has a traceback
            raise type(self._dead)(self._dead.code)
        try:
            with _translated_errors():
                yield
        except (TokenDead, AppRemoved) as error:
            self.silence(error)
            raise


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except DeliveryError:
        raise
    except Exception as error:
        raise translated(error) from error


def _text_and_blocks(content: SlackContent) -> dict[str, object]:
    """Both, also where there are no blocks: an edit without them would keep the old ones."""
    return {"text": content.text, "blocks": list(content.blocks)}


def _metadata_of(message: Mapping[str, Any]) -> MessageMetadata | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != METADATA_TYPE:
        return None
    payload = metadata.get("event_payload") or {}
    return MessageMetadata(str(payload.get("job_id")), str(payload.get("part")))
