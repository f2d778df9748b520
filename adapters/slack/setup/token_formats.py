"""Recognises Slack's tokens and secrets by their form, for an operator who pasted the wrong one."""

import re
from enum import StrEnum
from typing import Final


class Variable(StrEnum):
    """The environment variables for Slack."""

    BOT_TOKEN = "SLACK_BOT_TOKEN"  # noqa: S105 - the name, not the token
    APP_TOKEN = "SLACK_APP_TOKEN"  # noqa: S105
    SIGNING_SECRET = "SLACK_SIGNING_SECRET"  # noqa: S105


WHERE: Final = {
    Variable.BOT_TOKEN: (
        "The bot token (xoxb-…) is on “OAuth & Permissions”, after the app is installed."
    ),
    Variable.APP_TOKEN: (
        "The app-level token (xapp-…) is made on “Basic Information”, App-Level Tokens, "
        "with the scope connections:write."
    ),
    Variable.SIGNING_SECRET: "The signing secret is on “Basic Information”, App Credentials.",
}
_ROTATES: Final = (
    "This token expires after 12 hours, because the app rotates its tokens, and Slack cannot "
    "switch that off again: create the app again from the manifest."
)
_KINDS: Final = (
    # the first form that fits counts
    (re.compile(r"xoxb-[\w-]+"), Variable.BOT_TOKEN, "the bot token"),
    (re.compile(r"xapp-[\w-]+"), Variable.APP_TOKEN, "the app-level token"),
    (re.compile(r"[0-9a-f]{32}"), Variable.SIGNING_SECRET, "a signing secret or client secret"),
    (re.compile(r"xoxp-.*"), None, "a person's token"),
    (re.compile(r"xoxe-.*|xoxr-.*"), None, "a refresh token"),
    (re.compile(r"xox[a-z]-.*"), None, "another kind of token of Slack's"),
    (re.compile(r"\d+\.\d+"), None, "the app's Client ID"),
    (re.compile(r"A[0-9A-Z]{8,}"), None, "the app's id"),
    (re.compile(r"https?://.*"), None, "an address"),
    (re.compile(r"[\w-]{6,}\.[\w-]{4,}\.[\w-]{6,}"), None, "a token of Discord's"),
)


def variable_of(text: str) -> Variable | None:
    """The variable for a value of this form; None where there is none."""
    return next((variable for form, variable, _ in _KINDS if form.fullmatch(text)), None)


def misread_value(wanted: Variable, text: str) -> str | None:
    """What a value is instead, and where to find the right one; None for the right form."""
    # a rotating token has the bot token's form after this prefix
    if text.startswith("xoxe."):
        return _ROTATES
    for form, variable, words in _KINDS:
        if form.fullmatch(text):
            return None if variable is wanted else f"This is {words}. {WHERE[wanted]}"
    return f"This is not what {wanted} takes. {WHERE[wanted]}"
