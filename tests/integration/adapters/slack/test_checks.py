"""Before the bot starts, Slack is asked about everything that could keep it from working; nothing is changed there."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.slack import SlackAccess, check_slack
from doubles.clock import ManualClock
from doubles.slack import faults
from doubles.slack.server import OpenDouble, SlackDouble
from doubles.slack.world import APP_TOKEN, SIGNING_SECRET
from generation.diagnostics import Checkup, Grade
from slack_bot import SHIPPED


def access_of(double: SlackDouble, **changes: Any) -> SlackAccess:
    """The bot's token and the app's, unless the test says otherwise."""
    return replace(SlackAccess(SecretStr(double.home.tokens.bot), SecretStr(APP_TOKEN)), **changes)


def over_http(double: SlackDouble, public_url: str | None = "https://flipbook.example/") -> SlackAccess:
    return access_of(double, app_token=None, signing_secret=SecretStr(SIGNING_SECRET), public_url=public_url)


async def checkup(double: SlackDouble, access: SlackAccess | None = None, **changes: Any) -> Checkup:
    usual = {"api_url": double.base_url, "clock": ManualClock(datetime.now(UTC))}
    return await check_slack(access or access_of(double), **(usual | changes))


def lines(found: Checkup, grade: Grade) -> list[str]:
    return [f"{finding.what}: {finding.detail}" for finding in found.findings if finding.grade is grade]


@contextmanager
def an_unused_port() -> Iterator[int]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


async def test_an_app_that_can_start_has_only_good_findings(slack: SlackDouble) -> None:
    found = await checkup(slack)
    assert found == Checkup(found.findings)
    assert lines(found, Grade.GOOD) == [
        "Slack SLACK_BOT_TOKEN: accepted; it is flipbook's in Home, T000000HOME",
        f"Slack scopes: all {len(SHIPPED['scopes'])} are granted",
        "Slack SLACK_APP_TOKEN: accepted, with connections:write",
        "Slack socket: 127.0.0.1 can be reached",
        "clock: agrees with Slack's within a minute",
    ]
    assert len(found.findings) == 5


async def test_the_checks_open_no_socket_that_would_take_acts_away(slack: SlackDouble) -> None:
    await checkup(slack)
    assert slack.sockets_opened == 0


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("token_revoked", "it was revoked; install the app again"),
        ("account_inactive", "the app was removed from the workspace; install it again"),
        ("token_expired", "it has expired: the app rotates its tokens"),
    ],
)
async def test_a_bot_token_that_is_dead_is_named_with_the_reason(slack: SlackDouble, code: str, words: str) -> None:
    await slack.fault(faults.TokensDead(code))
    found = await checkup(slack)
    assert (found.refused, found.is_reached) == (frozenset({"SLACK_BOT_TOKEN"}), True)
    assert lines(found, Grade.BAD)[0].startswith(f"Slack SLACK_BOT_TOKEN: not accepted ({code}): {words}")


async def test_a_token_that_slack_does_not_know_is_never_shown(slack: SlackDouble) -> None:
    found = await checkup(slack, access_of(slack, bot_token=SecretStr("xoxb-1-nobodys")))
    assert "not accepted (invalid_auth): Slack does not know it" in lines(found, Grade.BAD)[0]
    assert "nobodys" not in str(found)


async def test_missing_scopes_are_named_with_their_reasons(open_slack_double: OpenDouble) -> None:
    granted = [scope for scope in SHIPPED["scopes"] if scope not in {"files:write", "reactions:read"}]
    slack = await open_slack_double(**{**SHIPPED, "scopes": granted})
    found = await checkup(slack)
    assert lines(found, Grade.BAD) == [
        (
            "Slack scopes: missing: files:write (upload the clips), reactions:read (see 🔁 on a finished clip); "
            "add them on “OAuth & Permissions” and install the app again"
        )
    ]
    assert found.refused == frozenset()
    assert "files:write, reactions:read" in (found.still_to_do or "")


HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")


@pytest.mark.parametrize("lacking", [HISTORY, HISTORY[:1], HISTORY[1:2], HISTORY[2:], HISTORY[::2]])
async def test_scopes_that_are_optional_are_a_note(open_slack_double: OpenDouble, lacking: tuple[str, ...]) -> None:
    granted = [scope for scope in SHIPPED["scopes"] if scope not in lacking]
    found = await checkup(await open_slack_double(**{**SHIPPED, "scopes": granted}))
    assert (lines(found, Grade.BAD), found.is_good, found.still_to_do) == ([], True, None)
    (note,) = lines(found, Grade.NOTE)
    assert note.startswith(f"Slack scopes: without {', '.join(lacking)}, which are optional, ")
    assert "Slack scopes: all that are needed are granted" in lines(found, Grade.GOOD)


@pytest.mark.parametrize("needed", ["commands", "chat:write", "files:write", "users:read", "im:write"])
async def test_a_scope_that_is_needed_stays_bad_beside_optional_ones(
    open_slack_double: OpenDouble, needed: str
) -> None:
    granted = [scope for scope in SHIPPED["scopes"] if scope not in {*HISTORY, needed}]
    found = await checkup(await open_slack_double(**{**SHIPPED, "scopes": granted}))
    assert lines(found, Grade.BAD)[0].startswith(f"Slack scopes: missing: {needed} (")
    assert found.still_to_do == f"Add the scopes {needed} on “OAuth & Permissions”, then install the app again."


@pytest.mark.parametrize(
    ("code", "words"),
    [("missing_scope", "it lacks the scope connections:write"), ("internal_oddity", "Slack refuses it")],
)
async def test_an_app_token_without_its_scope_is_refused_by_name(slack: SlackDouble, code: str, words: str) -> None:
    await slack.fault(faults.AnswersError("apps.connections.open", code))
    found = await checkup(slack)
    assert found.refused == frozenset({"SLACK_APP_TOKEN"})
    assert f"not accepted ({code}): {words}. The app-level token (xapp-…) is made on" in lines(found, Grade.BAD)[0]


async def test_tokens_swapped_are_tokens_of_another_kind(slack: SlackDouble) -> None:
    found = await checkup(slack, access_of(slack, bot_token=SecretStr(APP_TOKEN)))
    assert found.refused == frozenset({"SLACK_BOT_TOKEN"})
    assert "(not_allowed_token_type): This is the app-level token. The bot token" in lines(found, Grade.BAD)[0]


async def test_tokens_of_two_apps_are_noticed(slack: SlackDouble) -> None:
    other = slack.platform.world.app_token = APP_TOKEN.replace("A0FLIPBOOK", "A0ANOTHER")
    found = await checkup(slack, access_of(slack, app_token=SecretStr(other)))
    assert lines(found, Grade.BAD) == [
        "Slack SLACK_APP_TOKEN: is of the app A0ANOTHER, the bot token of A0FLIPBOOK: take both from one app"
    ]


async def test_without_a_connection_both_kinds_are_named(slack: SlackDouble) -> None:
    found = await checkup(slack, access_of(slack, app_token=None))
    assert "set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET" in lines(found, Grade.BAD)[0]


async def test_sockets_out_of_reach_are_said_while_the_api_answers(slack: SlackDouble) -> None:
    with an_unused_port() as port:
        slack.platform.sockets.open_url = lambda: f"ws://127.0.0.1:{port}/link"  # type: ignore[method-assign]
        found = await checkup(slack)
    assert lines(found, Grade.BAD) == [
        (
            "Slack socket: 127.0.0.1 cannot be reached (ConnectionRefusedError); "
            "let this machine open wss:// connections to it"
        )
    ]


@pytest.mark.parametrize(
    ("public_url", "words"),
    [(None, "set FLIPBOOK_PUBLIC_URL"), ("http://flipbook.example", "Slack sends to https:// only")],
)
async def test_signed_http_needs_an_address_that_slack_can_call(
    slack: SlackDouble, public_url: str | None, words: str
) -> None:
    found = await checkup(slack, over_http(slack, public_url))
    assert [words in line for line in lines(found, Grade.BAD)] == [True]
    assert "Slack address: signed requests come to https://flipbook.example/slack/events" in lines(
        await checkup(slack, over_http(slack)), Grade.GOOD
    )


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_skewed_clock_is_why_signed_requests_are_refused(slack: SlackDouble, minutes: int) -> None:
    clock = ManualClock(datetime.now(UTC) + timedelta(minutes=minutes))
    signed = await checkup(slack, over_http(slack), clock=clock)
    (bad,) = lines(signed, Grade.BAD)
    assert ("ahead" if minutes > 0 else "behind") in bad
    assert "signed more than five minutes ago are refused as replayed, so all of them get 401" in bad
    by_socket = await checkup(slack, clock=clock)
    assert by_socket.is_good
    assert "members read wrong times" in lines(by_socket, Grade.NOTE)[0]


async def test_slack_out_of_reach_says_nothing_about_the_tokens(slack: SlackDouble) -> None:
    await checkup(slack)  # the judge wants to have seen something
    with an_unused_port() as port:
        refused = await checkup(slack, api_url=f"http://127.0.0.1:{port}/api/")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        late = await checkup(slack, api_url=f"http://127.0.0.1:{silent.getsockname()[1]}/api/", timeout_seconds=0.2)
    for found, how in ((refused, "Slack cannot be reached"), (late, "it does not answer")):
        assert (found.is_reached, found.refused) == (False, frozenset())
        assert f"cannot be asked at the moment ({how})" in lines(found, Grade.BAD)[0]
