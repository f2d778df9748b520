"""What is pasted in place of a token is named by its kind, never shown, and the right page is named."""

import pytest

from adapters.discord.setup.token_formats import misread_token
from adapters.slack.setup.token_formats import WHERE, Variable, misread_value, variable_of

DISCORD = "MTI5MDAwMDAwMDAwMDAwMDAwMQ.GabcdE.aBcDeFgHiJkLmNoPqRsTuVwXyZ-0123456789_"


def test_a_bot_token_of_discord_is_taken() -> None:
    assert misread_token(DISCORD) is None


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("1290000000000000001", "Application ID"),
        ("ab" * 32, "Public Key"),
        ("aB3_-" * 6 + "xy", "Client Secret"),
        ("mfa.secretsecretsecret", "a person's token"),
        ("xoxb-1-2-secret", "of Slack's"),
        ("https://discord.com/api/webhooks/1/secret", "an address"),
        ("secret words", "three parts"),
        ("", "three parts"),
        (f"{DISCORD}\n", "three parts"),
    ],
)
def test_what_is_no_bot_token_of_discord_is_named(pasted: str, words: str) -> None:
    sentence = misread_token(pasted) or ""
    assert words in sentence
    assert sentence.endswith("on the page Bot of your application, after Reset Token.")
    assert "secret" not in sentence.replace("Client Secret", "")


@pytest.mark.parametrize(
    ("wanted", "pasted", "words"),
    [
        (Variable.BOT_TOKEN, "xapp-1-A1-2-zzz", "the app-level token"),
        (Variable.BOT_TOKEN, "xoxp-1-zzz", "a person's token"),
        (Variable.BOT_TOKEN, "xoxe-1-zzz", "a refresh token"),
        (Variable.BOT_TOKEN, "xoxa-2-zzz", "another kind of token"),
        (Variable.BOT_TOKEN, DISCORD, "a token of Discord's"),
        (Variable.BOT_TOKEN, "zzz", "not what SLACK_BOT_TOKEN takes"),
        (Variable.APP_TOKEN, "xoxb-1-2-zzz", "the bot token"),
        (Variable.APP_TOKEN, "0123456789abcdef" * 2, "a signing secret or client secret"),
        (Variable.SIGNING_SECRET, "123.456", "Client ID"),
        (Variable.SIGNING_SECRET, "A0123456789", "the app's id"),
    ],
)
def test_what_slack_has_elsewhere_is_named(wanted: Variable, pasted: str, words: str) -> None:
    sentence = misread_value(wanted, pasted) or ""
    assert words in sentence
    assert sentence.endswith(WHERE[wanted])
    assert "zzz" not in sentence


def test_a_token_that_runs_out_is_refused_with_the_way_out() -> None:
    assert "create the app again" in (misread_value(Variable.BOT_TOKEN, "xoxe.xoxb-1-zzz") or "")


@pytest.mark.parametrize(
    ("value", "variable"),
    [
        ("xoxb-1-2-zzz", Variable.BOT_TOKEN),
        ("xapp-1-A1-2-zzz", Variable.APP_TOKEN),
        ("0123456789abcdef" * 2, Variable.SIGNING_SECRET),
    ],
)
def test_each_kind_is_told_by_its_form(value: str, variable: Variable) -> None:
    assert variable_of(value) is variable
    assert misread_value(variable, value) is None


def test_no_variable_takes_what_has_no_known_form() -> None:
    assert [variable_of(text) for text in ("", "xoxp-1", "hello")] == [None, None, None]
