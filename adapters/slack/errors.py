"""Errors of the Slack side: Slack's refusals, translated once to the core's, and what members and
admins may get wrong.

    ChatUnusable
    └── SlackUnusable       only the operator can repair it
    DeliveryDelayed
    └── SlackDelayed        the same call may work later
        └── TokenDead       not before the operator sets another token
    DeliveryStepFailed
    └── SlackRefused        the same call never works
        └── AppRemoved      no call works any more
    FlipbookError
    ├── AccessRefused       the bot cannot or may not serve this member here
    ├── CommandMisread      the flags of a command make no sense
    └── AdminRefused        an admin command changed nothing
"""

import asyncio
from enum import StrEnum
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from generation.protocol.errors import (
    ChatUnusable,
    DeliveryDelayed,
    DeliveryError,
    DeliveryStepFailed,
    FlipbookError,
)

RATE_LIMITED: Final = "ratelimited"
TOKEN_WAIT: Final = 900.0
"""Seconds between two tries to deliver while the token is dead: only the operator can repair
that."""


class SlackUnusable(ChatUnusable):
    """Slack does not accept what the operator has set; the message is one sentence that says what
    to change."""


class SlackRefused(DeliveryStepFailed):
    """Slack refuses this call for good; ``code`` is Slack's error code."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class SlackDelayed(DeliveryDelayed):
    """Slack may do this later. ``may_be_done``: Slack may have done it although its answer was an
    error or got lost."""

    def __init__(
        self, code: str, reason: str, *, retry_after: float | None = None, may_be_done: bool = False
    ) -> None:
        super().__init__(reason, retry_after=retry_after)
        self.code = code
        self.may_be_done = may_be_done

    @property
    def is_rate_limit(self) -> bool:
        """Whether Slack has answered with 429."""
        return self.code == RATE_LIMITED


class TokenDead(SlackDelayed):
    """The bot token no longer works: nothing can be posted until the operator sets another one."""

    def __init__(self, code: str) -> None:
        super().__init__(code, "Slack no longer accepts the bot's token", retry_after=TOKEN_WAIT)


class AppRemoved(SlackRefused):
    """The app is no longer in the workspace: nothing can be posted there."""

    def __init__(self, code: str = "app_uninstalled") -> None:
        super().__init__(code, "the app was removed from the workspace")


class AccessProblem(StrEnum):
    """Why the bot cannot serve a member in a channel."""

    NOT_INSIDE = "not inside"
    ARCHIVED = "archived"
    OTHER_WORKSPACE = "other workspace"
    EXTERNAL = "external"
    UNKNOWN_PERSON = "unknown person"
    REVOKED = "revoked"
    NOT_DIRECT = "not direct"
    LEFT = "left"


class AccessRefused(FlipbookError):
    """The bot cannot post there, or may not serve this member; nothing was stored or spent.

    ``bot_user`` is the bot's own id, for a sentence that says how to invite it.
    """

    def __init__(self, problem: AccessProblem, bot_user: str = "") -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.bot_user = bot_user


class CommandProblem(StrEnum):
    """Why the words of a command could not be read."""

    OPEN_QUOTE = "open quote"
    UNKNOWN_FLAG = "unknown flag"
    MISSING_VALUE = "missing value"
    NO_VALUE_TAKEN = "no value taken"
    AMBIGUOUS = "ambiguous"


class CommandMisread(FlipbookError):
    """The words of a command make no sense as flags and values; ``given`` is the part that does
    not, ``instead`` what may have been meant: a flag, or how to write it."""

    def __init__(self, problem: CommandProblem, given: str = "", instead: str = "") -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.given = given
        self.instead = instead


class AdminProblem(StrEnum):
    """Why an admin command changed nothing."""

    NOT_ADMIN = "not admin"
    UNKNOWN_LIMIT = "unknown limit"
    NAMELESS_CHANNEL = "nameless channel"
    NAMELESS_MEMBER = "nameless member"
    NO_WORD = "no word"


class AdminRefused(FlipbookError):
    """An admin command changed nothing; ``given`` is the part of it that was wrong."""

    def __init__(self, problem: AdminProblem, given: str = "") -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.given = given


MESSAGE_DELETED: Final = "its message was deleted"
MESSAGE_GONE: Final = frozenset({"message_not_found", "thread_not_found"})
FILE_UNREADY: Final = frozenset({"file_not_found", "file_not_ready", "invalid_file", "file_in_use"})
"""What ``chat.update`` may answer for a file that Slack still processes; the documentation does not
name the code."""
FILE_NOT_SHOWN: Final = "file_not_shown"
"""Our own code: Slack has answered with "ok", and no message shows the file."""
CHANNEL_CLOSED: Final = frozenset({"not_in_channel", "channel_not_found", "is_archived"})
"""The bot cannot post in the channel."""
_TOKEN_DEAD: Final = frozenset(
    {"token_revoked", "token_expired", "invalid_auth", "not_authed", "invalid_token"}
)
_APP_REMOVED: Final = frozenset({"account_inactive", "app_uninstalled", "app_not_installed"})
_RATE_LIMITED: Final = frozenset({RATE_LIMITED, "rate_limited", "message_limit_exceeded"})
_TROUBLED: Final = frozenset(
    {
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
        "operation_timeout",
    }
)
_REASONS: Final = {
    "not_in_channel": "the bot is not in the channel",
    "channel_not_found": "the channel is gone, or closed to the bot",
    "is_archived": "the channel is archived",
    "message_not_found": MESSAGE_DELETED,
    "thread_not_found": "its thread was deleted",
    "cannot_reply_to_message": "its message cannot be replied to",
    "cant_update_message": "its message cannot be edited",
    "edit_window_closed": "its message is too old to be edited",
    "file_not_found": "Slack cannot find the uploaded clip",
    "file_already_shared": "the uploaded clip was already posted elsewhere",
    "file_deleted": "the uploaded clip was deleted",
    "file_is_deleted": "the uploaded clip was deleted",
    FILE_NOT_SHOWN: "Slack took the clip but does not show it",
    "file_share_limit_reached": "no more files may be shared here",
    "max_file_sharing_exceeded": "no more files may be shared here",
    "blocked_file_type": "this workspace allows no uploads of videos",
    "is_inactive": "the channel is gone, or closed to the bot",
    "file_upload_size_restricted": "the clip is larger than this workspace allows",
    "file_uploads_disabled": "this workspace allows no uploads",
    "file_uploads_except_images_disabled": "this workspace allows no uploads of videos",
    "slack_connect_file_upload_sharing_blocked": "no files may be shared in this channel",
    "slack_connect_clip_sharing_blocked": "no clips may be shared in this channel",
    "storage_limit_reached": "this workspace has no room for files",
    "missing_scope": "the app lacks a permission that its manifest names",
    "restricted_action": "posting is restricted here",
    "user_not_found": "the member cannot be found",
    "user_disabled": "the member's account is switched off",
    "user_not_in_channel": "the member is not in the channel",
    "cannot_dm_bot": "bots take no direct messages",
    "messages_tab_disabled": "direct messages to the app are switched off",
    "msg_too_long": "the message is too long",
}
"""Slack's code → a clause for people."""


def translated(error: Exception) -> DeliveryError:
    """The core's error for what slack_sdk or aiohttp raised; any other error is raised again."""
    if isinstance(error, SlackApiError):
        return _of_answer(error)
    if isinstance(error, aiohttp.ClientConnectorError):
        # no connection, so the call has not reached Slack
        return SlackDelayed("unreachable", "Slack cannot be reached")
    # the call may have arrived before the connection broke
    if isinstance(error, aiohttp.ClientError | asyncio.TimeoutError | OSError | SlackClientError):
        return SlackDelayed("cut", "the connection to Slack broke", may_be_done=True)
    raise error


def slowed_down(seconds: float) -> SlackDelayed:
    """Slack takes no such call for that long."""
    return SlackDelayed(RATE_LIMITED, "Slack asks the bot to slow down", retry_after=seconds)


def refusal(code: str) -> DeliveryError:
    """The core's error for one of Slack's error codes."""
    if code in _TOKEN_DEAD:
        return TokenDead(code)
    if code in _APP_REMOVED:
        return AppRemoved(code)
    if code in _TROUBLED:
        return SlackDelayed(code, "Slack has trouble at the moment", may_be_done=True)
    # Slack appends the kind of restriction, as in restricted_action_read_only_channel
    if code.startswith("restricted_action"):
        return SlackRefused(code, _REASONS["restricted_action"])
    return SlackRefused(code, _REASONS.get(code, f"Slack refused it ({code[:60]})"))


def _of_answer(error: SlackApiError) -> DeliveryError:
    # slack_sdk has two kinds of responses: its own, and aiohttp's for what is no JSON
    status = int(
        getattr(error.response, "status_code", None) or getattr(error.response, "status", None) or 0
    )
    answer = getattr(error.response, "data", None)
    code = str(answer.get("error", "")) if isinstance(answer, dict) else ""
    if status == 429 or code in _RATE_LIMITED:
        return slowed_down(_retry_after(error))
    # a proxy in front of Slack answers in HTML, without a code
    if status >= 500 or not code:
        return SlackDelayed(f"http_{status}", "Slack has trouble at the moment", may_be_done=True)
    return refusal(code)


def _retry_after(error: SlackApiError) -> float:
    headers = getattr(error.response, "headers", None) or {}
    try:
        # never 0, which would be a loop without a pause
        return max(1.0, float(headers.get("Retry-After", 1)))
    except ValueError:
        return 30.0
