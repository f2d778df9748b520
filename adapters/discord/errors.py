"""Discord's errors, translated once: for deliveries to "later" or "another step", for operators to
one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
import discord

from generation.protocol.errors import (
    ChatUnusable,
    DeliveryDelayed,
    DeliveryError,
    DeliveryStepFailed,
)


class DiscordUnusable(ChatUnusable):
    """The bot cannot work on Discord until its operator has changed something; the message is one
    sentence that says what."""


# Discord's JSON error codes, except for the HTTP status
TOO_LARGE: Final = 40005
TOO_LARGE_STATUS: Final = 413
"""A proxy before Discord's API may refuse a large request too, without a code."""
ALREADY_ANSWERED: Final = 40060
UNKNOWN_INTERACTION: Final = 10062
UNKNOWN_CHANNEL: Final = 10003
UNKNOWN_MESSAGE: Final = 10008
_LONGEST_RETRY_AFTER: Final = 600.0  # seconds
_TOKEN_SECONDS: Final = 300.0

CLOSE_CODES: Final[dict[int, str]] = {
    1000: "Discord closed the connection; the bot connects again.",
    1001: "Discord closed the connection to restart a machine; the bot connects again.",
    1006: "The connection to Discord broke; the bot connects again.",
    4000: "Discord closed the connection after an error of its own; the bot connects again.",
    4001: "Discord did not understand what the bot sent; the bot connects again.",
    4002: "Discord could not read what the bot sent; the bot connects again.",
    4003: "Discord does not know this session any more; the bot connects again.",
    4004: (
        "Discord does not accept the bot's token. Set DISCORD_TOKEN to the one on the Bot "
        "page of the application."
    ),
    4005: "Discord was greeted twice; the bot connects again.",
    4007: "Discord lost count of the events; the bot connects again.",
    4008: "Discord closed the connection because the bot sent too much; the bot connects again.",
    4009: "The session at Discord timed out; the bot connects again.",
    4010: "Discord does not accept the shard. This is a mistake in Flipbook; please report it.",
    4011: (
        "The bot is in too many servers for one connection (2,500). This Flipbook cannot "
        "serve more."
    ),
    4012: "Discord no longer speaks this version of its gateway. Update Flipbook.",
    4013: (
        "Discord does not know the intents that were asked for. This is a mistake in "
        "Flipbook; please report it."
    ),
    4014: (
        "Discord does not allow the intents that were asked for. This is a mistake in "
        "Flipbook; please report it."
    ),
}
"""The gateway's close code → one sentence for the operator."""

RECONNECTING: Final = "The bot leaves this connection to Discord for a new one."

LACKS_PERMISSION: Final = "Flipbook lacks a permission in the channel"
MESSAGE_DELETED: Final = "the message was deleted"
"""By a moderator, or its member: what was taken out of a channel is not put there again."""

_STEP_FAILURES: Final[dict[int, str]] = {
    UNKNOWN_CHANNEL: "the channel is gone",
    UNKNOWN_MESSAGE: MESSAGE_DELETED,
    10015: "the first answer can no longer be changed",
    10062: "the first answer came too late",
    30046: "the message is too old to be changed",
    40005: "the file is too large there",
    40060: "the command was answered already",
    50001: "Flipbook has no access to the channel",
    50007: "you do not accept direct messages from Flipbook",
    50013: LACKS_PERMISSION,
    50027: "the first answer can no longer be changed",
    50035: "Discord did not accept the message",
    50083: "the thread is archived",
    160002: "Flipbook may not read the channel's history",
    160005: "the thread is locked",
}
"""Discord's JSON error code → a clause for members, where only another delivery step helps."""


def close_sentence(code: int | None) -> str:
    """The sentence for a closed connection; None counts as 1006, a break without a code."""
    return CLOSE_CODES.get(
        code or 1006, f"Discord closed the connection with code {code}; the bot connects again."
    )


def delivery_error(error: Exception) -> DeliveryError:
    """The delivery error for an error of discord.py or of the network."""
    # discord.py's own: a rate limit longer than the client is ready to sleep for
    if isinstance(error, discord.RateLimited):
        return DeliveryDelayed("Discord asks for a pause", retry_after=error.retry_after)
    if isinstance(error, discord.HTTPException):
        return _refused(error)
    return DeliveryDelayed("Discord cannot be reached")


def _refused(error: discord.HTTPException) -> DeliveryError:
    # the code first: "too old to be changed" comes with status 429, but waiting does not help
    if error.code in _STEP_FAILURES:
        return DeliveryStepFailed(_STEP_FAILURES[error.code])
    if error.status == 429:
        return DeliveryDelayed("Discord asks for a pause", retry_after=retry_after(error))
    # the gateway will end with 4004 and say so to the operator; until then deliveries wait
    if error.status == 401:
        return DeliveryDelayed(
            "Discord does not accept the bot's token", retry_after=_TOKEN_SECONDS
        )
    if error.status >= 500:
        return DeliveryDelayed("Discord has trouble at the moment")
    return DeliveryStepFailed(f"Discord refused the message (code {error.code or error.status})")


def retry_after(error: discord.HTTPException) -> float:
    """The seconds that a 429 asks to wait, at most ten minutes: Cloudflare's may name hours, or
    nothing."""
    # header, not body: Cloudflare's body is no JSON
    try:
        return min(_LONGEST_RETRY_AFTER, float(error.response.headers.get("Retry-After", "")))
    except ValueError:
        return _LONGEST_RETRY_AFTER


NETWORK: Final = (aiohttp.ClientError, OSError, TimeoutError)
"""Raised when Discord cannot be reached at all."""


@contextmanager
def as_delivery_errors() -> Iterator[None]:
    """Turn errors of discord.py and of the network into DeliveryDelayed or DeliveryStepFailed."""
    try:
        yield
    except (discord.DiscordException, *NETWORK) as error:
        raise delivery_error(error) from error
