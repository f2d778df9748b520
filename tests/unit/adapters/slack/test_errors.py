"""Every refusal of Slack becomes one of two things: the same step later, or the next step."""

from types import SimpleNamespace

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackRequestError

from adapters.slack.errors import AppRemoved, SlackDelayed, SlackRefused, TokenDead, translated
from generation.protocol.errors import DeliveryDelayed, DeliveryError, DeliveryStepFailed


def answered(error: str | None = None, *, status: int = 200, data: object = None, **headers: str) -> SlackApiError:
    """A refusal as slack_sdk raises it."""
    body = {"ok": False, "error": error} if data is None and error is not None else data
    return SlackApiError("refused", SimpleNamespace(status_code=status, data=body, headers=headers))


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        ("not_in_channel", SlackRefused, "the bot is not in the channel"),
        ("channel_not_found", SlackRefused, "the channel is gone, or closed to the bot"),
        ("is_archived", SlackRefused, "the channel is archived"),
        ("message_not_found", SlackRefused, "its message was deleted"),
        ("cant_update_message", SlackRefused, "its message cannot be edited"),
        ("edit_window_closed", SlackRefused, "its message is too old to be edited"),
        ("restricted_action_read_only_channel", SlackRefused, "posting is restricted here"),
        ("file_uploads_disabled", SlackRefused, "this workspace allows no uploads"),
        ("something_new", SlackRefused, "Slack refused it (something_new)"),
        ("token_revoked", TokenDead, "Slack no longer accepts the bot's token"),
        ("invalid_auth", TokenDead, "Slack no longer accepts the bot's token"),
        ("account_inactive", AppRemoved, "the app was removed from the workspace"),
        ("fatal_error", SlackDelayed, "Slack has trouble at the moment"),
        ("internal_error", SlackDelayed, "Slack has trouble at the moment"),
        ("ratelimited", SlackDelayed, "Slack asks the bot to slow down"),
    ],
)
def test_slacks_codes_have_a_kind_and_a_reason(error: str, kind: type[DeliveryError], reason: str) -> None:
    found = translated(answered(error))
    assert (type(found), found.reason) == (kind, reason)
    assert isinstance(found, DeliveryDelayed if issubclass(kind, DeliveryDelayed) else DeliveryStepFailed)


@pytest.mark.parametrize(
    ("header", "seconds"), [({"Retry-After": "7"}, 7.0), ({}, 1.0), ({"Retry-After": "soon"}, 30.0)]
)
def test_too_many_requests_wait_as_long_as_they_are_told(header: dict[str, str], seconds: float) -> None:
    found = translated(answered(status=429, data="slow down", **header))
    assert isinstance(found, SlackDelayed)
    assert (found.retry_after, found.may_be_done) == (seconds, False)


@pytest.mark.parametrize(
    ("raised", "may_be_done"),
    [
        (aiohttp.ClientConnectorError(SimpleNamespace(host="h", port=1, ssl=True), OSError("refused")), False),
        (aiohttp.ServerDisconnectedError(), True),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (SlackRequestError("no"), True),
        (answered(status=502, data="upstream error"), True),
        (answered(status=200, data=b"<html>"), True),
        (answered("fatal_error"), True),
        (answered("ratelimited"), False),
    ],
)
def test_whether_the_work_may_have_been_done_is_known(raised: Exception, may_be_done: bool) -> None:
    found = translated(raised)
    assert isinstance(found, SlackDelayed)
    assert found.may_be_done is may_be_done


def test_a_mistake_of_ours_is_not_slacks() -> None:
    with pytest.raises(KeyError):
        translated(KeyError("ts"))
