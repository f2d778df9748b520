"""Discord's refusals, translated once: for deliveries to "later" or "another way", for operators to one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
import discord

from generation.errors import ChatUnusable, DeliveryDelayed, DeliveryError, RungFailed


class DiscordUnusable(ChatUnusable):
    """The bot cannot work on Discord until its operator has changed something; the message says what, in a sentence."""


TOO_LARGE: Final = 40005
TOO_LARGE_STATUS: Final = 413
"""Something before Discord's own API may refuse a large request too, without a code."""
ALREADY_ANSWERED: Final = 40060
UNKNOWN_INTERACTION: Final = 10062
NO_DIRECT_MESSAGES: Final = 50007
_TURNED_AWAY_SECONDS: Final = 600.0
_TOKEN_SECONDS: Final = 300.0

CLOSE_CODES: Final[dict[int, str]] = {
    1000: "Discord closed the connection; the bot connects again.",
    1001: "Discord closed the connection to restart a machine; the bot connects again.",
    1006: "The connection to Discord broke; the bot connects again.",
    4000: "Discord closed the connection after an error of its own; the bot connects again.",
    4001: "Discord did not understand what the bot sent; the bot connects again.",
    4002: "Discord could not read what the bot sent; the bot connects again.",
    4003: "Discord does not know this session any more; the bot connects again.",
    4004: "Discord does not accept the bot's token. Set DISCORD_TOKEN to the one on the Bot page of the application.",
    4005: "Discord was greeted twice; the bot connects again.",
    4007: "Discord lost count of the events; the bot connects again.",
    4008: "Discord closed the connection because the bot sent too much; the bot connects again.",
    4009: "The session at Discord timed out; the bot connects again.",
    4010: "Discord does not accept the shard. This is a mistake in Flipbook; please report it.",
    4011: "The bot is in too many servers for one connection (2,500). This Flipbook cannot serve more.",
    4012: "Discord no longer speaks this version of its gateway. Update Flipbook.",
    4013: "Discord does not know the intents that were asked for. This is a mistake in Flipbook; please report it.",
    4014: "Discord does not allow the intents that were asked for. This is a mistake in Flipbook; please report it.",
}
"""One sentence for each way in which the gateway closes a connection."""

CHANGING: Final = "The bot leaves this connection to Discord for a new one."

LACKS_PERMISSION: Final = "Flipbook lacks a permission in the channel"

_WAYS_THAT_ENDED: Final[dict[int, str]] = {
    10003: "the channel is gone",
    10008: "the message was deleted",
    10015: "the first answer can no longer be changed",
    10062: "the first answer came too late",
    30046: "the message is too old to be changed",
    40005: "the file is too large there",
    40060: "the command was answered already",
    50001: "Flipbook has no access to the channel",
    50007: "you take no direct messages from Flipbook",
    50013: LACKS_PERMISSION,
    50027: "the first answer can no longer be changed",
    50035: "Discord did not accept the message",
    50083: "the thread is archived",
    160002: "Flipbook may not read the channel's history",
    160005: "the thread is locked",
}
"""Discord's code → a clause for people, where only another way of delivering helps."""


def close_sentence(code: int | None) -> str:
    """What an operator reads about a closed connection."""
    return CLOSE_CODES.get(code or 1006, f"Discord closed the connection with code {code}; the bot connects again.")


def delivery_error(error: Exception) -> DeliveryError:
    """What an error of discord.py or of the network means for a delivery."""
    if isinstance(error, discord.RateLimited):
        return DeliveryDelayed("Discord asks for a pause", retry_after=error.retry_after)
    if isinstance(error, discord.HTTPException):
        return _refused(error)
    return DeliveryDelayed("Discord cannot be reached")


def _refused(error: discord.HTTPException) -> DeliveryError:
    if error.code in _WAYS_THAT_ENDED:
        return RungFailed(_WAYS_THAT_ENDED[error.code])
    if error.status == 429:
        return DeliveryDelayed("Discord asks for a pause", retry_after=retry_after(error))
    if error.status == 401:
        return DeliveryDelayed("Discord does not accept the bot's token", retry_after=_TOKEN_SECONDS)
    if error.status >= 500:
        return DeliveryDelayed("Discord has trouble at the moment")
    return RungFailed(f"Discord refused the message (code {error.code or error.status})")


def retry_after(error: discord.HTTPException) -> float:
    """How long a 429 asks to wait, in seconds; Cloudflare's carries no number that can be trusted to be small."""
    try:
        return min(_TURNED_AWAY_SECONDS, float(error.response.headers.get("Retry-After", "")))
    except ValueError:
        return _TURNED_AWAY_SECONDS


NETWORK: Final = (aiohttp.ClientError, OSError, TimeoutError)
"""What is raised when Discord cannot be reached at all."""


@contextmanager
def as_delivery_errors() -> Iterator[None]:
    """Turn what discord.py and the network raise into DeliveryDelayed or RungFailed."""
    try:
        yield
    except (discord.DiscordException, *NETWORK) as error:
        raise delivery_error(error) from error
