"""What setting up a chat takes: its steps, the secrets it wants, and whom to ask whether they are right."""

import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import SecretStr

from bot.chat_checkups import discord_checkup, slack_checkup
from bot.settings import Settings
from bot.setup import wording
from generation.findings import Checkup
from generation.ports import Clock

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One secret: its variable, how it is asked for, and what else somebody may have pasted for it."""

    variable: str
    question: str
    misread: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class ChatSetup:
    """One chat to set up: ``steps`` come before, ``afterwards`` is what to type in the chat. ``variable_of`` tells from
    a secret's form which it is; ``check`` asks the platform."""

    command: str
    name: str
    steps: str
    afterwards: str
    wanted: tuple[Wanted, ...]
    variable_of: Callable[[str], str | None]
    check: Callable[[Values], Coroutine[Any, Any, Checkup]]

    @property
    def variables(self) -> list[str]:
        """The names of what is wanted."""
        return [wanted.variable for wanted in self.wanted]


def discord_setup(settings: Settings, clock: Clock) -> ChatSetup:
    """Discord wants one token."""
    from adapters.discord.token_kinds import misread_token  # noqa: PLC0415 - takes a third of a second

    async def check(values: Values) -> Checkup:
        return await discord_checkup(settings, SecretStr(values["DISCORD_TOKEN"]), clock)

    wanted = (Wanted("DISCORD_TOKEN", wording.DISCORD_QUESTION, misread_token),)
    return ChatSetup(
        "discord", "Discord", wording.DISCORD_STEPS, wording.DISCORD_AFTERWARDS, wanted, lambda _: None, check
    )


def slack_setup(settings: Settings, clock: Clock, *, signed_http: bool) -> ChatSetup:
    """Slack wants the bot's token, and an app-level token or the signing secret, by the way in."""
    from adapters.slack import SlackAccess, creation_url  # noqa: PLC0415 - takes a third of a second
    from adapters.slack.token_kinds import Variable, misread_value, variable_of  # noqa: PLC0415

    async def check(values: Values) -> Checkup:
        app_token, secret = (
            SecretStr(values[name]) if name in values else None
            for name in (Variable.APP_TOKEN, Variable.SIGNING_SECRET)
        )
        bot_token = SecretStr(values[Variable.BOT_TOKEN])
        return await slack_checkup(settings, SlackAccess(bot_token, app_token, secret, settings.public_url), clock)

    way_in = (
        (Variable.SIGNING_SECRET, wording.SLACK_SECRET_QUESTION)
        if signed_http
        else (Variable.APP_TOKEN, wording.SLACK_APP_QUESTION)
    )
    asked = ((Variable.BOT_TOKEN, wording.SLACK_BOT_QUESTION), way_in)
    wanted = tuple(Wanted(name.value, question, partial(misread_value, name)) for name, question in asked)
    steps = wording.slack_steps(
        creation_url(slack_manifest(settings, signed_http=signed_http)), signed_http=signed_http
    )
    return ChatSetup("slack", "Slack", steps, wording.SLACK_AFTERWARDS, wanted, variable_of, check)


def slack_manifest(settings: Settings, *, signed_http: bool) -> dict[str, Any]:
    """The manifest for that way in."""
    from adapters.slack import manifest  # noqa: PLC0415

    return manifest(public_url=settings.public_url if signed_http else None)


def manifest_text(settings: Settings, *, signed_http: bool) -> str:
    """The manifest as it is pasted into Slack."""
    return json.dumps(slack_manifest(settings, signed_http=signed_http), indent=2, ensure_ascii=False)
