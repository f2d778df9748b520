"""What setting up each chat, and fal, takes: the steps, the tokens to ask for, their check."""

import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import SecretStr

from bot.commands.chat_checks import discord_checkup, slack_checkup
from bot.commands.setup import text
from bot.commands.setup.backends import default_price, made_with
from bot.settings import BackendName, Settings
from bot.settings.values import misread_fal_key
from generation.diagnostics import Checkup
from generation.domain.pricing import micros, money
from generation.protocol.clock import Clock
from generation.protocol.request import Endpoint

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
    """One chat, or fal, to set up.

    ``steps`` is shown before the questions, ``afterwards`` says what to type in the chat.
    ``variable_of`` tells a token's variable by its form; ``check`` asks the platform; ``made_with``
    says by what clips will be made.
    """

    command: str
    name: str
    steps: str
    afterwards: str
    questions: tuple[SetupQuestion, ...]
    variable_of: Callable[[str], str | None]
    check: Callable[[Values], Coroutine[Any, Any, Checkup]]
    made_with: Callable[[], str]

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
        partial(made_with, settings),
    )


def fal_setup(settings: Settings, clock: Clock) -> ChatSetup:
    """fal takes one key."""

    def with_key(values: Values) -> Settings:
        return settings.model_copy(update={"fal_key": SecretStr(values["FAL_KEY"])})

    async def check(values: Values) -> Checkup:
        from bot.commands.setup.fal_check import fal_checkup  # noqa: PLC0415 - the whole service

        return await fal_checkup(with_key(values), clock)

    questions = (SetupQuestion("FAL_KEY", text.FAL_QUESTION, misread_fal_key),)
    steps = text.fal_steps(
        standard=default_price(settings, Endpoint.STANDARD),
        turbo=default_price(settings, Endpoint.TURBO),
        budget=money(micros(settings.daily_budget)),
    )
    # fal is used once it has a key, so its price is told with any
    known = with_key({"FAL_KEY": "any:key"})
    is_used = BackendName.FAL in known.preferred_backends
    return ChatSetup(
        "fal",
        "fal",
        steps,
        text.FAL_AFTERWARDS if is_used else text.FAL_UNUSED,
        questions,
        lambda _: None,
        check,
        partial(made_with, known),
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
    return ChatSetup(
        "slack",
        "Slack",
        steps,
        text.SLACK_AFTERWARDS,
        questions,
        variable_of,
        check,
        partial(made_with, settings),
    )


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
