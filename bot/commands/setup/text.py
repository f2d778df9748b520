"""Every text of ``flipbook setup``: the steps at each platform, the questions, and what comes
next."""

from collections.abc import Sequence
from typing import Final

DISCORD_STEPS: Final = """\
Discord, in three steps at https://discord.com/developers/applications

  1. New Application, with any name.
  2. Page General Information: leave “Interactions Endpoint URL” empty.
  3. Page Bot: Reset Token, and copy it. Leave every Privileged Gateway Intent off: \
Flipbook needs none.

Then paste the token here; nothing is shown while you do. \
The link that invites the bot comes next."""

_SLACK_STEPS: Final = """\
Slack, in three steps

  1. Open this link, choose your workspace, then Create. It makes the app from Flipbook's manifest:

     {link}

     If your browser does not take it: https://api.slack.com/apps, Create New App, \
From a manifest, JSON, and paste
     what `flipbook setup slack --manifest` prints.
{transport_step}
  3. Page OAuth & Permissions: Install to your workspace, and copy the Bot User OAuth Token, xoxb-…

Then paste both here; nothing is shown while you do."""

_SOCKET_STEP: Final = """\
  2. Page Basic Information, App-Level Tokens: Generate Token and Scopes, with any name \
and the scope connections:write.
     Copy it, xapp-…"""
_HTTP_STEP: Final = """\
  2. Page Basic Information, App Credentials: copy the Signing Secret."""

DISCORD_AFTERWARDS: Final = "In a channel: /animate a paper boat on a stormy sea"
SLACK_AFTERWARDS: Final = (
    "In a channel: /invite @Flipbook, then /animate a paper boat on a stormy sea"
)

DISCORD_QUESTION: Final = "Discord's bot token"
SLACK_BOT_QUESTION: Final = "Slack's bot token (xoxb-…)"
SLACK_APP_QUESTION: Final = "Slack's app-level token (xapp-…)"
SLACK_SECRET_QUESTION: Final = "Slack's signing secret"  # noqa: S105 - a question

NOTHING_WRITTEN: Final = "Nothing was written."
STOPPED: Final = f"Stopped. {NOTHING_WRITTEN}"
TOO_MANY_TRIES: Final = (
    f"That did not work out. {NOTHING_WRITTEN} Run the command again when you have the right ones."
)
NEEDS_ADDRESS: Final = (
    "Signed HTTP needs an address that Slack reaches: set FLIPBOOK_PUBLIC_URL=https://… and run "
    "this again, or leave out --http: Socket Mode needs none."
)
SOCKET_WINS: Final = (
    "SLACK_APP_TOKEN is set, and with it Flipbook uses Socket Mode: remove it to use signed HTTP."
)


def slack_steps(link: str, *, signed_http: bool) -> str:
    """How the Slack app is made, with the link that makes it."""
    step = _HTTP_STEP if signed_http else _SOCKET_STEP
    return _SLACK_STEPS.format(link=link, transport_step=step)


def not_given(chat: str, variables: Sequence[str]) -> str:
    """Without a terminal: what to pass instead."""
    are, them = ("is", "it") if len(variables) == 1 else ("are", "them")
    return (
        f"{' and '.join(variables)} {are} not set, and standard input is not a terminal to ask in. "
        f"Set {them} in the environment, or pass --token-file FILE with one per line "
        f"(- for standard input). `flipbook setup {chat}` in a terminal shows the steps."
    )


def not_accepted(variables: Sequence[str]) -> str:
    """Without a terminal: the platform has refused a token, and no other can be asked for."""
    return f"{' and '.join(variables)} cannot be used as given. {NOTHING_WRITTEN}"


def may_replace(variables: Sequence[str], path: str) -> str:
    """The question before another token is overwritten."""
    return f"{path} holds another {' and '.join(variables)}. Replace?"


def would_replace(variables: Sequence[str], path: str) -> str:
    """The same without a terminal."""
    return (
        f"{path} holds another {' and '.join(variables)}. Pass --replace to overwrite. "
        f"{NOTHING_WRITTEN}"
    )


def written(variables: Sequence[str], path: str) -> str:
    """After saving."""
    return f"Wrote {' and '.join(variables)} to {path}; only you can read it."


def environment_wins(variables: Sequence[str]) -> str:
    """When the environment has something else than the file."""
    return (
        f"The environment has another {' and '.join(variables)}, and it wins over the file: "
        "unset it there."
    )


def ready(afterwards: str, still_to_do: str | None) -> str:
    """What comes next, when everything is right."""
    first = f"Next: {still_to_do}\nThen: flipbook run" if still_to_do else "Next: flipbook run"
    return f"{first}\n{afterwards}"


def not_ready(chat: str, still_to_do: str | None) -> str:
    """What comes next, when something is missing at the platform."""
    return (
        f"{still_to_do or 'Fix what is marked BAD above.'}\nThen run again: flipbook setup {chat}"
    )


def already_right(chat: str) -> str:
    """When nothing had to be changed."""
    return f"{chat}: everything is set up correctly."


def overview(chat: str, *, set_up: Sequence[str], missing: Sequence[str]) -> str:
    """One line for each chat."""
    if not set_up:
        state = "not set up yet"
    elif missing:
        state = f"{' and '.join(missing)} missing"
    else:
        state = f"{' and '.join(set_up)} set; checks them"
    return f"flipbook setup {chat:<8} {state}"
