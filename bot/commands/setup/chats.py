"""What setting up each chat takes: the steps, the tokens to ask for, and the check of them."""

import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import SecretStr

from bot.commands.chat_checks import discord_checkup, slack_checkup
from bot.commands.setup import text
from bot.settings import Settings
from generation.diagnostics import Checkup
from generation.protocol.clock import Clock

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SetupQuestion:
    """A token to ask for. ``misread`` returns a sentence about a text that is something else than
    this token, None for a text of the right form."""

    variable: str
    prompt: str
    misread: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class ChatSetup:
    """One chat to set up.

    ``steps`` is shown before the questions, ``afterwards`` says what to type in the chat.
    ``variable_of`` tells a token's variable by its form; ``check`` asks the platform.
    """

    command: str
    name: str
    steps: str
    afterwards: str
    questions: tuple[SetupQuestion, ...]
    variable_of: Callable[[str], str | None]
    check: Callable[[Values], Coroutine[Any, Any, Checkup]]

    @property
    def variables(self) -> list[str]:
        """The variables that the setup writes."""
        return [question.variable for question in self.questions]


def discord_setup(settings: Settings, clock: Clock) -> ChatSetup:
    """Discord takes one token."""
    from adapters.discord.setup.token_formats import misread_token  # noqa: PLC0415 - takes a third of a second

    async def check(values: Values) -> Checkup:
        return await discord_checkup(settings, SecretStr(values["DISCORD_TOKEN"]), clock)

    questions = (SetupQuestion("DISCORD_TOKEN", text.DISCORD_QUESTION, misread_token),)
    return ChatSetup(
        "discord",
        "Discord",
        text.DISCORD_STEPS,
        text.DISCORD_AFTERWARDS,
        questions,
        lambda _: None,  # there is only one
        check,
    )


def slack_setup(settings: Settings, clock: Clock, *, signed_http: bool) -> ChatSetup:
    """Slack takes the bot's token, and the signing secret for signed HTTP or an app-level token for
    Socket Mode."""
    from adapters.slack import SlackAccess, creation_url  # noqa: PLC0415 - takes a third of a second
    from adapters.slack.setup.token_formats import Variable, misread_value, variable_of  # noqa: PLC0415

    async def check(values: Values) -> Checkup:
        # of these two the values hold the one that was asked for
        app_token, secret = (
            SecretStr(values[name]) if name in values else None
            for name in (Variable.APP_TOKEN, Variable.SIGNING_SECRET)
        )
        bot_token = SecretStr(values[Variable.BOT_TOKEN])
        return await slack_checkup(
            settings, SlackAccess(bot_token, app_token, secret, settings.public_url), clock
        )

    transport = (
        (Variable.SIGNING_SECRET, text.SLACK_SECRET_QUESTION)
        if signed_http
        else (Variable.APP_TOKEN, text.SLACK_APP_QUESTION)
    )
    asked = ((Variable.BOT_TOKEN, text.SLACK_BOT_QUESTION), transport)
    questions = tuple(
        SetupQuestion(name.value, prompt, partial(misread_value, name)) for name, prompt in asked
    )
    steps = text.slack_steps(
        creation_url(slack_manifest(settings, signed_http=signed_http)), signed_http=signed_http
    )
    return ChatSetup("slack", "Slack", steps, text.SLACK_AFTERWARDS, questions, variable_of, check)


def slack_manifest(settings: Settings, *, signed_http: bool) -> dict[str, Any]:
    """The app manifest for signed HTTP or for Socket Mode."""
    from adapters.slack import manifest  # noqa: PLC0415

    # without an address the manifest is for Socket Mode
    return manifest(public_url=settings.public_url if signed_http else None)


def manifest_text(settings: Settings, *, signed_http: bool) -> str:
    """The manifest as JSON, to be pasted into Slack."""
    return json.dumps(
        slack_manifest(settings, signed_http=signed_http), indent=2, ensure_ascii=False
    )
