"""Web API calls of the self-test, as the bot makes them, and what Slack's refusals say."""

from collections.abc import Awaitable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError, SlackClientError

from adapters.slack.web_client import web_client
from generation.protocol.clock import Clock
from generation.selftest import StepFailed, StepSkipped

_LONGEST_PAUSE: Final = 30.0
_MISSING: Final = "missing_scope"
_GONE: Final = frozenset({"file_not_found", "file_deleted", "message_not_found"})
_NETWORK: Final = (aiohttp.ClientError, SlackClientError, OSError, TimeoutError)

Json = Mapping[str, Any]


def explain_slack(error: Exception) -> str | None:
    """Slack's own error code, and the scope it misses; None for what is no answer of Slack's."""
    if isinstance(error, SlackApiError):
        answer = _answer_of(error)
        if not answer.get("error"):
            status = getattr(error.response, "status_code", None) or "no status"
            return f"no answer of Slack's ({status})"
        needed = f", it needs {answer['needed']}" if answer.get("needed") else ""
        messages = (answer.get("response_metadata") or {}).get("messages") or ()
        return f"{answer['error']}{needed}{''.join(f'; {each}' for each in messages[:3])}"
    if isinstance(error, _NETWORK):
        return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return None


def _answer_of(error: SlackApiError) -> dict[str, Any]:
    answer = getattr(error.response, "data", None)
    return answer if isinstance(answer, dict) else {}


def _code(error: SlackApiError) -> str:
    return str(_answer_of(error).get("error", ""))


class SelftestCalls:
    """Web API calls as the bot makes them; one that is limited is repeated once, after the pause
    that Slack asks for."""

    def __init__(
        self, token: SecretStr, api_url: str, session: aiohttp.ClientSession, clock: Clock
    ) -> None:
        self._token = token
        self._api_url = api_url
        self._session = session
        self._clock = clock

    async def get(self, method: str, **asked: Any) -> Json:
        """A method that reads."""
        return await self._patient(method, http_verb="GET", params=asked)

    async def post(self, method: str, **sent: Any) -> Json:
        """A method that changes something."""
        return await self._patient(method, json=sent)

    async def form(self, method: str, **sent: Any) -> Json:
        """A method that takes no JSON."""
        return await self._patient(method, data=sent)

    async def bytes(self, url: str, content: bytes) -> None:
        """A file's bytes, to the address that Slack has named for them."""
        headers = {"Content-Type": "application/octet-stream"}
        async with self._session.post(url, data=content, headers=headers) as response:
            if response.status != 200:
                raise StepFailed(f"HTTP {response.status} for the clip's bytes")

    async def _patient(self, method: str, **how: Any) -> Json:
        client = web_client(self._token, self._api_url, self._session, repeatable=False)
        try:
            answer = await client.api_call(method, **how)
        except SlackApiError as error:
            headers = getattr(error.response, "headers", None) or {}
            pause = str(headers.get("Retry-After", ""))
            if not pause.isdigit() or int(pause) > _LONGEST_PAUSE:
                raise
            await self._clock.sleep(int(pause))
            answer = await client.api_call(method, **how)
        return answer.data  # type: ignore[return-value]  # JSON: bytes come from files only


async def is_gone(act: Awaitable[Json]) -> bool:
    """Whether Slack says that there is no such thing (any more)."""
    with suppress_gone():
        return bool((await act).get("file", {}).get("mode") == "tombstone")
    return True


async def optional(act: Awaitable[None]) -> bool:
    """A step whose scope the app does not need. Raises StepSkipped where it lacks it."""
    try:
        await act
    except SlackApiError as error:
        if _code(error) != _MISSING:
            raise
        needed = _answer_of(error).get("needed", "a scope")
        raise StepSkipped(f"the app lacks {needed}, which Flipbook can do without") from error
    return True


@contextmanager
def suppress_gone() -> Iterator[None]:
    """Within, a thing that is gone is no error."""
    with _suppress(_GONE):
        yield


@contextmanager
def suppress_missing_scope() -> Iterator[None]:
    """Within, a scope that the app lacks is no error."""
    with _suppress({_MISSING}):
        yield


@contextmanager
def _suppress(codes: Collection[str]) -> Iterator[None]:
    try:
        yield
    except SlackApiError as error:
        if _code(error) not in codes:
            raise
