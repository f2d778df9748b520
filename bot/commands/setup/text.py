"""Every text of ``flipbook setup``: the steps at each platform, the questions, and what comes
next."""

from collections.abc import Sequence
from typing import Final

DISCORD_STEPS: Final = """\
Discord, in four steps at https://discord.com/developers/applications

  1. New Application, with any name.
  2. Page General Information: leave “Interactions Endpoint URL” empty.
  3. Page Bot: Reset Token, and copy it. Leave every Privileged Gateway Intent off: \
Flipbook needs none.
  4. The same page, Public Bot: while it is on, anyone with the invitation link can add the bot \
to their own server, and clips made there are paid for by you. Switch it off, unless you want \
that (Discord asks first to set Install Link to None on the page Installation); or name the \
servers that it serves in FLIPBOOK_ALLOWED_SERVERS. FLIPBOOK_DAILY_BUDGET is the most that all of \
them together can spend at fal in a day.

Then paste the token here; nothing is shown while you do. \
The link that invites the bot comes next."""

_SLACK_STEPS: Final = """\
Slack, in three steps

  1. Open this link, choose your workspace, then Create. It makes the app from Flipbook's manifest:

     {link}

     If your browser does not take it: https://api.slack.com/apps, Create New App, \
From a manifest, JSON, and paste what `flipbook setup slack --manifest` prints, or \
`--manifest-file app.json` writes.
{transport_step}
  3. Page OAuth & Permissions: Install to your workspace, and copy the Bot User OAuth Token, xoxb-…

Then paste both here; nothing is shown while you do. Everyone in the workspace can ask for \
clips; FLIPBOOK_DAILY_BUDGET is the most that they can spend at fal in a day."""

_SOCKET_STEP: Final = """\
  2. Page Basic Information, App-Level Tokens: Generate Token and Scopes, with any name \
and the scope connections:write. Copy it, xapp-…"""
_HTTP_STEP: Final = """\
  2. Page Basic Information, App Credentials: copy the Signing Secret."""

FAL_STEPS: Final = """\
fal makes the clips with AnimateDiff on its GPUs, for money: about {standard} a clip, \
{turbo} for turbo.

  1. Open https://fal.ai/dashboard/keys, Add key, with any name and the scope API.
  2. Copy the whole key, id:secret. It is shown once.
  3. Page Billing: put credit on the account; without it fal refuses every clip.

No more than {budget} is spent in a day: FLIPBOOK_DAILY_BUDGET in .env changes that, 0 buys \
nothing.

Then paste the key here; nothing is shown while you do."""

DISCORD_AFTERWARDS: Final = "In a channel: /animate a paper boat on a stormy sea"
FAL_AFTERWARDS: Final = (
    'To try it: flipbook animate "a paper boat on a stormy sea" buys one clip, `flipbook selftest '
    "fal` none."
)
SLACK_AFTERWARDS: Final = (
    "In a channel: /invite @Flipbook, then /animate a paper boat on a stormy sea\n"
    "Your clips, the limits and your quota are in its Home tab."
)

DISCORD_QUESTION: Final = "Discord's bot token"
FAL_QUESTION: Final = "fal's key (id:secret)"
SLACK_BOT_QUESTION: Final = "Slack's bot token (xoxb-…)"
SLACK_APP_QUESTION: Final = "Slack's app-level token (xapp-…)"
SLACK_SECRET_QUESTION: Final = "Slack's signing secret"  # noqa: S105 - a question

EMPTY: Final = (
    "Nothing arrived. Nothing is shown while you paste: Ctrl+Shift+V, or the right mouse button, "
    "then Enter. Ctrl-C leaves."
)
MADE_HERE: Final = "Clips are made on this machine, by AnimateDiff."
FAL_UNUSED: Final = (
    "fal makes no clip while FLIPBOOK_BACKENDS leaves it out: add fal there, or remove the line."
)
_ONLY_DRAWN: Final = (
    "Clips are only drawn for now, by the preview engine: no model makes them. For real ones:"
)
_OWN_GPU: Final = "a GPU of your own (`make worker` sets it up, docs/worker.md)."
ONLY_PREVIEWS: Final = (
    f"{_ONLY_DRAWN} `flipbook setup fal` (fal's GPUs, a few cents a clip), or {_OWN_GPU}"
)
ONLY_PREVIEWS_BESIDE_FAL: Final = f"{_ONLY_DRAWN} name fal in FLIPBOOK_BACKENDS, or {_OWN_GPU}"
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


def manifest_written(path: str) -> str:
    """After the manifest was written to a file."""
    return (
        f"Wrote the manifest to {path}. At https://api.slack.com/apps: Create New App, From a "
        "manifest, your workspace, JSON, and paste what is in it."
    )


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


def ready(afterwards: str, still_to_do: str | None, made_with: str) -> str:
    """What comes next, when everything is right, and what clips will be made with."""
    first = f"Next: {still_to_do}\nThen: flipbook run" if still_to_do else "Next: flipbook run"
    return f"{first}\n{afterwards}\n\n{made_with}"


def fal_steps(*, standard: str, turbo: str, budget: str) -> str:
    """How a key of fal's is made, and what it can spend."""
    return FAL_STEPS.format(standard=standard, turbo=turbo, budget=budget)


def made_at_fal(*, standard: str, turbo: str, budget: str) -> str:
    """fal makes the clips, and what they cost."""
    return (
        f"Clips are made at fal, at about {standard} each, {turbo} for turbo, and at most "
        f"{budget} a day for everyone together (FLIPBOOK_DAILY_BUDGET)."
    )


def made_by_worker(address: str, *, charge: str) -> str:
    """A worker of one's own makes the clips, and what the operator counts for one."""
    return f"Clips are made by your worker at {address}, {charge}."


def charge(*, standard: str, turbo: str) -> str:
    """What is counted for a clip of one's own worker."""
    return f"counted as about {standard} each, {turbo} for turbo"


def not_made_here(reason: str) -> str:
    """This machine cannot make clips."""
    return f"No clip can be made yet: {reason}. `flipbook doctor` says more."


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
