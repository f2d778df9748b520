"""Recognises what was pasted in place of the bot's token: an id, a key, a secret or an address."""

import re
from typing import Final

_WHERE: Final = "The bot's token is on the page Bot of your application, after Reset Token."
_TOKEN: Final = re.compile(r"[\w-]{6,}\.[\w-]{4,}\.[\w-]{6,}", re.ASCII)
_OTHERS: Final = (
    (re.compile(r"xox.*|xapp-.*"), "This is a token of Slack's, not of Discord's."),
    (re.compile(r"https?://.*"), "This is an address, not a token."),
    (re.compile(r"\d+"), "This is an id, such as the Application ID, not the token."),
    (re.compile(r"[0-9a-f]{64}"), "This is the application's Public Key, not the token."),
    (
        re.compile(r"mfa\..*"),
        "This is a person's token; Discord bans accounts that lend it to a bot.",
    ),
    (
        re.compile(r"[\w-]{32}", re.ASCII),
        "This is the Client Secret of the page OAuth2, not the bot's token.",
    ),
)


def misread_token(text: str) -> str | None:
    """A sentence that says what the text is instead of a bot's token, and where the token is; None
    for a text in a token's form."""
    for form, sentence in _OTHERS:
        if form.fullmatch(text):
            return f"{sentence} {_WHERE}"
    # the form only: whether Discord accepts it is asked later
    if _TOKEN.fullmatch(text):
        return None
    return f"This is not a bot's token: that has three parts with dots between them. {_WHERE}"
