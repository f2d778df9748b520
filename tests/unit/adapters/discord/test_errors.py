"""Discord's refusals in the core's words: what may be tried again, when, and what fails the delivery step."""

import aiohttp
import discord
import pytest

from adapters.discord.errors import as_delivery_errors, delivery_error
from generation.protocol.errors import DeliveryDelayed, DeliveryError, DeliveryStepFailed


class Answered:
    """A response as discord.py's exceptions keep it."""

    def __init__(self, status: int, **headers: str) -> None:
        self.status = status
        self.reason = "as it was"
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def refusal(status: int, code: int = 0, **headers: str) -> discord.HTTPException:
    return discord.HTTPException(Answered(status, **headers), {"code": code, "message": "no"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (404, 10003, "the channel is gone"),
        (404, 10008, "the message was deleted"),
        (404, 10015, "the first answer can no longer be changed"),
        (429, 30046, "the message is too old to be changed"),
        (413, 40005, "the file is too large there"),
        (403, 50001, "Flipbook has no access to the channel"),
        (403, 50007, "you do not accept direct messages from Flipbook"),
        (403, 50013, "Flipbook lacks a permission in the channel"),
        (401, 50027, "the first answer can no longer be changed"),
        (400, 50083, "the thread is archived"),
        (403, 160005, "the thread is locked"),
        (403, 160002, "Flipbook may not read the channel's history"),
        (400, 50035, "Discord did not accept the message"),
        (403, 1234, "Discord refused the message (code 1234)"),
        (404, 0, "Discord refused the message (code 404)"),
    ],
)
def test_refusals_that_will_stay_fail_the_delivery_step(status: int, code: int, reason: str) -> None:
    error = delivery_error(refusal(status, code))
    assert (type(error), error.reason) == (DeliveryStepFailed, reason)


@pytest.mark.parametrize(
    ("error", "reason", "retry_after"),
    [
        (refusal(429, Retry_After="7"), "Discord asks for a pause", 7.0),
        (refusal(429, Retry_After="99999"), "Discord asks for a pause", 600.0),
        (refusal(429), "Discord asks for a pause", 600.0),
        (discord.RateLimited(42.0), "Discord asks for a pause", 42.0),
        (refusal(401), "Discord does not accept the bot's token", 300.0),
        (refusal(500), "Discord has trouble at the moment", None),
        (refusal(503), "Discord has trouble at the moment", None),
        (aiohttp.ClientConnectionError(), "Discord cannot be reached", None),
        (OSError(104, "reset"), "Discord cannot be reached", None),
        (TimeoutError(), "Discord cannot be reached", None),
    ],
)
def test_refusals_that_pass_are_waited_for(error: Exception, reason: str, retry_after: float | None) -> None:
    with pytest.raises(DeliveryDelayed) as delayed, as_delivery_errors():
        raise error
    assert (delayed.value.reason, delayed.value.retry_after) == (reason, retry_after)


def test_an_error_of_our_own_is_not_translated() -> None:
    with pytest.raises(KeyError), as_delivery_errors():
        raise KeyError("ours")


def test_what_is_translated_already_stays() -> None:
    with pytest.raises(DeliveryError, match="enough"), as_delivery_errors():
        raise DeliveryStepFailed("enough")
