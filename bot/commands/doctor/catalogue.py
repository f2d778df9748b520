"""What each finding of ``flipbook doctor`` means and what to do about it; also each trouble of a
backend and each exit code. ``docs/operators/operations.md`` has the same as a table.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.exit_codes import Exit
from generation.backends.circuit_breaker import Trouble


@dataclass(frozen=True, slots=True)
class Remedy:
    """What something means, and what the operator can do."""

    means: str
    do: str


_REFUSED: Final = "it was reset, is another one's, or has a space or a quotation mark in it"
_FILE: Final = "stop, and put a backup back: `docs/operators/configuration.md`, “Backups”"

FINDINGS: Final[Mapping[str, Remedy]] = {
    "settings": Remedy(
        "a line is misspelled, has a value that cannot be used, or others can read the tokens",
        "correct what it names; `flipbook config` prints what is in force",
    ),
    "proxies": Remedy(
        "a proxy variable cannot be used, so nothing outside can be asked",
        "correct or remove it: `docs/operators/configuration.md`, “Proxies”",
    ),
    "data folder": Remedy(
        "it cannot be written, or its disk is nearly full: then no clip is taken",
        "`flipbook prune`, fewer days of retention, a larger disk, or give the folder to the user "
        "that runs Flipbook",
    ),
    "database": Remedy(
        "it is damaged, newer than this version, or cannot be reached",
        f"install the newer version again; where it is damaged: {_FILE}",
    ),
    "ledger": Remedy(
        "the totals are not the sum of their lines: a fault of Flipbook, not yours",
        "please report it, with what `flipbook spend --check` prints",
    ),
    "worker's database": Remedy(
        "the embedded worker's own file is damaged", "move it away; what was under way is lost"
    ),
    "worker's folder": Remedy(
        "the embedded worker cannot write there", "give it to the user that runs Flipbook"
    ),
    "clips": Remedy(
        "finished clips cannot be kept", "look at `FLIPBOOK_ARTIFACTS_URL` and its credentials"
    ),
    "backup": Remedy(
        "none was made for a week, or none at all",
        "`flipbook backup --verify FILE`; a timer for every night is in `deploy/systemd`",
    ),
    "web": Remedy(
        "the port or address is taken, or not allowed", "set `FLIPBOOK_WEB_PORT` to another"
    ),
    "engine": Remedy(
        "the real engine cannot work here, or only the preview engine draws",
        "`flipbook worker models download`, the right device, or fal",
    ),
    "compiler": Remedy(
        "the engine cannot compile itself and is slower", "install what it names; nothing is wrong"
    ),
    "backends": Remedy("they cannot be asked with these settings", "correct what it names"),
    "backend {}": Remedy(
        "it cannot be reached, or does not accept the key",
        "its address and its key; clips wait, or go to the next of `FLIPBOOK_BACKENDS`",
    ),
    "fal's turbo": Remedy(
        "it may take less than it did: docs/operators/fal.md", "nothing, unless turbo clips fail"
    ),
    "fal {}": Remedy("fal does not accept the key", "`flipbook setup fal` sets another"),
    "FLIPBOOK_BACKENDS": Remedy(
        "there is a key for fal, and nothing is made there", "add `fal`, or remove the line"
    ),
    "clock": Remedy(
        "this machine's clock is wrong: times that members read are, and webhooks are refused",
        "let NTP set it",
    ),
    "chats": Remedy("no chat is set up", "`flipbook setup discord` or `flipbook setup slack`"),
    "Discord": Remedy(
        "Discord cannot be asked", "look at the network and its proxies; the bot tries again"
    ),
    "Discord token": Remedy(_REFUSED, "`flipbook setup discord`"),
    "Discord gateway": Remedy(
        "what members do does not arrive: a firewall or a proxy is between",
        "let WebSockets to `gateway.discord.gg` through",
    ),
    "Discord application": Remedy(
        "a setting in the developer portal sends commands elsewhere, or asks for too much",
        "change it in the portal as the line says",
    ),
    "Discord servers": Remedy("the bot is in no server", "open the link that it prints"),
    "Discord server {}": Remedy(
        "clips cannot be posted there, or not everything works", "give the bot what it lacks there"
    ),
    "Discord sessions": Remedy(
        "the bot was started too often today", "wait until the time that it names; see why it ends"
    ),
    "Slack": Remedy(
        "Slack cannot be asked", "look at the network and its proxies; the bot tries again"
    ),
    "Slack {}": Remedy(_REFUSED, "`flipbook setup slack`"),
    "Slack scopes": Remedy(
        "the app was made from an older manifest", "add them, and install the app again"
    ),
    "Slack way in": Remedy(
        "nothing that members do arrives", "set a token for the socket, or a signing secret"
    ),
    "Slack socket": Remedy(
        "what members do does not arrive: a firewall or a proxy is between",
        "let WebSockets to `wss-primary.slack.com` through",
    ),
    "Slack address": Remedy(
        "Slack cannot send to this service", "set `FLIPBOOK_PUBLIC_URL`, behind HTTPS"
    ),
}
"""By the finding's name; ``{}`` stands for what changes."""

TROUBLES: Final[Mapping[Trouble, Remedy]] = {
    Trouble.AWAY: Remedy(
        "the worker is gone, or its address is wrong; fal: the network",
        "`flipbook doctor` asks as the bot does; clips wait, or go to the next of "
        "`FLIPBOOK_BACKENDS`",
    ),
    Trouble.STARTING: Remedy("models are being loaded", "wait; minutes at the first start"),
    Trouble.NOT_READY: Remedy(
        "it is there, and cannot render: its engine or its disk", "its own log and `/health` say"
    ),
    Trouble.BUSY: Remedy(
        "its line is full", "narrower limits, more places, or fal beside the worker"
    ),
    Trouble.KEY: Remedy("the key was changed on one side", "set the same on both sides"),
    Trouble.ACCOUNT: Remedy(
        "out of credit, or the account may not run this",
        "the billing page; then it goes on by itself",
    ),
}

EXITS: Final[Mapping[Exit, Remedy]] = {
    Exit.FAILED: Remedy("what was asked for did not succeed", "the last line says why"),
    Exit.INVALID: Remedy("an option or a setting cannot be used", "the last line names it"),
    Exit.REFUSED: Remedy("a limit or a budget refuses it", "`flipbook quota` says which"),
    Exit.BUSY: Remedy("another `flipbook run` works in this data folder", "stop one"),
    Exit.UNUSABLE: Remedy(
        "a token is refused, a port is taken, the folder cannot be written, the database cannot be "
        "used; systemd does not start it again",
        "the last line of the log says which; `flipbook doctor`",
    ),
}


def explanation_of(what: str) -> Remedy | None:
    """Of a finding with that name."""
    if what in FINDINGS:
        return FINDINGS[what]
    # "Discord server {}" before "Discord {}": the longest is the most exact
    for name in sorted((name for name in FINDINGS if "{}" in name), key=len, reverse=True):
        if re.fullmatch(re.escape(name).replace(r"\{\}", ".+"), what):
            return FINDINGS[name]
    return None
