"""Every call that the bot makes to Slack's Web API, with the scope that each needs; errors are the core's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import aiohttp
import structlog
from pydantic import SecretStr
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.failures import AppRemoved, SlackDelayed, SlackRefused, TokenDead, translated
from adapters.slack.values import ChannelFacts, Content, FileFacts, Identity, Mark, Place, UserFacts
from generation.errors import DeliveryError

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
"""Every Web API method that is called with the bot token, and the scopes it needs (of a group, one for each kind of
conversation)."""


class SlackApi:
    """The bot's voice in one workspace. Every method raises :class:`generation.errors.DeliveryError`.

    Once Slack has said that the token is dead, nothing is sent any more and every call fails the same way.
    """

    def __init__(self, token: SecretStr, base_url: str) -> None:
        self._token = token
        self._base_url = base_url
        self._session: aiohttp.ClientSession | None = None
        self._dead: TokenDead | AppRemoved | None = None
        self._identity: Identity | None = None
        self._log = structlog.get_logger("flipbook.slack")

    @property
    def base_url(self) -> str:
        """Where the Web API is."""
        return self._base_url

    async def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def silence(self, error: TokenDead | AppRemoved) -> None:
        """Send nothing more: the token is dead, or the app was removed."""
        if self._dead is None:
            self._log.warning("Slack takes nothing more from the bot", reason=error.reason, code=error.code)
        if not isinstance(self._dead, AppRemoved):
            self._dead = error

    # Who is who -------------------------------------------------------------------------------------------------

    async def identity(self) -> Identity:
        """Whose token it is; asked once."""
        if self._identity is None:
            answer, headers = await self._answer("auth.test", {}, repeatable=True)
            granted = headers.get("X-OAuth-Scopes", "")
            self._identity = Identity(
                team=str(answer["team_id"]),
                bot_user=str(answer["user_id"]),
                bot_id=answer.get("bot_id"),
                scopes=frozenset(scope.strip() for scope in granted.split(",") if scope.strip()),
                team_name=str(answer.get("team", "")),
                user_name=str(answer.get("user", "")),
                told_at=headers.get("Date", ""),
            )
        return self._identity

    async def app_of(self, bot_id: str) -> str:
        """The id of the app that a bot belongs to."""
        return str((await self._get("bots.info", bot=bot_id))["bot"]["app_id"])

    async def open_socket(self, app_token: SecretStr) -> str:
        """An address for one socket; with the app-level token."""
        client = self._client(app_token, repeatable=True)
        with _translating():
            answer = await client.apps_connections_open(app_token=app_token.get_secret_value())
        return str(answer["url"])

    async def channel(self, channel: str) -> ChannelFacts:
        """A conversation as the bot sees it."""
        found = (await self._get("conversations.info", channel=channel))["channel"]
        is_direct = bool(found.get("is_im") or found.get("is_mpim"))
        return ChannelFacts(
            is_inside=is_direct or bool(found.get("is_member")),
            is_archived=bool(found.get("is_archived")),
            is_shared=bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared")),
        )

    async def user(self, user: str) -> UserFacts:
        """A person, from elsewhere too."""
        found = (await self._get("users.info", user=user))["user"]
        is_admin = any(found.get(name) for name in ("is_admin", "is_owner", "is_primary_owner"))
        return UserFacts(str(found.get("team_id", "")), is_admin, bool(found.get("is_bot")))

    # Messages ---------------------------------------------------------------------------------------------------

    async def post(self, place: Place, content: Content, *, mark: Mark) -> str:
        """Post a message under a mark by which it can be found again; returns its ``ts``. Never repeated by itself."""
        metadata = {"event_type": METADATA_TYPE, "event_payload": {"job_id": mark.job_id, "part": mark.part}}
        sent = {"channel": place.channel, **_worded(content), **_quiet(), "metadata": metadata}
        if place.thread is not None:
            sent["thread_ts"] = place.thread
        return str((await self._call("chat.postMessage", sent))["ts"])

    async def update(self, channel: str, ts: str, content: Content, *, file_id: str | None = None) -> None:
        """Edit a message of the bot, and put a file into it; doing it twice changes nothing."""
        sent = {"channel": channel, "ts": ts, **_worded(content)}
        if file_id is not None:
            sent["file_ids"] = [file_id]
        await self._call("chat.update", sent, repeatable=True)

    async def post_ephemeral(self, place: Place, user: str, content: Content) -> None:
        """Show something to one member of a channel."""
        sent = {"channel": place.channel, "user": user, **_worded(content)}
        if place.thread is not None:
            sent["thread_ts"] = place.thread
        await self._call("chat.postEphemeral", sent)

    async def respond(self, response_url: str, content: Content) -> None:
        """Answer a command or a click so that only the person sees it; works where the bot is no member."""
        answer = {"response_type": "ephemeral", "replace_original": False, **_worded(content)}
        with _translating():
            async with self._running().post(response_url, json=answer) as response:
                if response.status != 200:
                    raise SlackRefused("response_url", f"the answer was refused with {response.status}")

    async def find(self, place: Place, mark: Mark, *, between: tuple[float, float]) -> str | None:
        """The ``ts`` of a message, looked for by its mark among what was said between two moments (seconds
        since the epoch)."""
        method = "conversations.history" if place.thread is None else "conversations.replies"
        oldest, latest = between
        asked: dict[str, object] = {
            "channel": place.channel,
            "oldest": f"{oldest:.6f}",
            "latest": f"{latest:.6f}",
            "limit": 200,
        }
        if place.thread is not None:
            asked["ts"] = place.thread
        found = await self._get(method, **asked, include_all_metadata=True)
        return next((str(each["ts"]) for each in found.get("messages", ()) if _mark_of(each) == mark), None)

    async def permalink(self, channel: str, ts: str) -> str:
        """A message's address for people."""
        return str((await self._get("chat.getPermalink", channel=channel, message_ts=ts))["permalink"])

    async def open_direct(self, user: str) -> str:
        """The direct conversation with a person."""
        return str((await self._call("conversations.open", {"users": user}, repeatable=True))["channel"]["id"])

    # Files ------------------------------------------------------------------------------------------------------

    async def announce_file(self, name: str, length: int, alt_text: str) -> tuple[str, str]:
        """A new file's id, and the address that takes its bytes."""
        form = {"filename": name, "length": length, "alt_txt": alt_text}
        with self._watched():
            answer = await self._client(self._token, repeatable=True).api_call("files.getUploadURLExternal", data=form)
        return str(answer["file_id"]), str(answer["upload_url"])

    async def upload(self, url: str, content: bytes) -> None:
        """Send a file's bytes to the address that was given for them; that address is its own permission."""
        headers = {"Content-Type": "application/octet-stream"}
        with _translating():
            async with self._running().post(url, data=content, headers=headers) as response:
                if response.status != 200:
                    raise SlackDelayed(f"http_{response.status}", "Slack did not take the clip's bytes")

    async def complete_file(
        self, file_id: str, title: str, *, place: Place | None = None, comment: str | None = None
    ) -> None:
        """Make an uploaded file real, once; with a place it is also shared there as a new message."""
        sent: dict[str, object] = {"files": [{"id": file_id, "title": title}]}
        if place is not None:
            sent |= {"channel_id": place.channel, "initial_comment": comment or title}
            if place.thread is not None:
                sent["thread_ts"] = place.thread
        await self._call("files.completeUploadExternal", sent)

    async def file(self, file_id: str) -> FileFacts:
        """A completed file. Raises SlackRefused with ``file_not_found`` for one that was never completed."""
        found = (await self._get("files.info", file=file_id))["file"]
        shares: dict[str, str] = {}
        for side in (found.get("shares") or {}).values():
            shares |= {channel: str(said[0]["ts"]) for channel, said in side.items() if said}
        return FileFacts(shares)

    # The way out ------------------------------------------------------------------------------------------------

    async def _call(self, method: str, sent: Mapping[str, object], *, repeatable: bool = False) -> Mapping[str, Any]:
        return (await self._answer(method, sent, repeatable=repeatable))[0]

    async def _answer(
        self, method: str, sent: Mapping[str, object], *, repeatable: bool
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        with self._watched():
            answer = await self._client(self._token, repeatable=repeatable).api_call(method, json=dict(sent))
        return answer.data, answer.headers  # type: ignore[return-value]  # JSON: bytes come from files only

    async def _get(self, method: str, **asked: object) -> Mapping[str, Any]:
        with self._watched():
            client = self._client(self._token, repeatable=True)
            answer = await client.api_call(method, http_verb="GET", params=asked)
        return answer.data  # type: ignore[return-value]  # as above

    def _client(self, token: SecretStr, *, repeatable: bool) -> AsyncWebClient:
        return AsyncWebClient(
            token=token.get_secret_value(),
            base_url=self._base_url,
            session=self._running(),
            retry_handlers=[AsyncConnectionErrorRetryHandler()] if repeatable else [],
        )

    def _running(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_SECONDS))
        return self._session

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Translate errors, and notice when the token is dead."""
        if self._dead is not None:
            raise type(self._dead)(self._dead.code)
        try:
            with _translating():
                yield
        except (TokenDead, AppRemoved) as error:
            self.silence(error)
            raise


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except DeliveryError:
        raise
    except Exception as error:
        raise translated(error) from error


def _worded(content: Content) -> dict[str, object]:
    """Blocks are always sent: an edit keeps what it is not told to change."""
    return {"text": content.text, "blocks": list(content.blocks)}


def _quiet() -> dict[str, object]:
    return {"unfurl_links": False, "unfurl_media": False}


def _mark_of(message: Mapping[str, Any]) -> Mark | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != METADATA_TYPE:
        return None
    payload = metadata.get("event_payload") or {}
    return Mark(str(payload.get("job_id")), str(payload.get("part")))
