"""``flipbook setup discord`` and ``flipbook setup slack``: reads the arguments, calls, ends with a clear exit code."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from bot.exits import Exit, die
from bot.settings import ENV_FILE, LogFormat, LogLevel, Settings, SettingsError, in_environment, load_settings
from bot.setup import wording
from bot.setup.chats import ChatSetup, discord_setup, manifest_text, slack_setup
from bot.setup.dotenv_file import DotEnvFile
from bot.setup.flow import Setup, SetupStopped
from bot.setup.given import given_values, read_given
from bot.setup.terminal import RealTerminal
from generation.clock import SystemClock

setup = typer.Typer(help="Bring the bot into a chat: the steps, checks of the tokens, and .env written.")

_OVERVIEW: Final = {
    "discord": ("DISCORD_TOKEN",),
    "slack": ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"),
    "slack --http": ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"),
}

TokenFile = Annotated[
    Path | None,
    typer.Option(help="Take the tokens from this file, one a line, bare or as NAME=value; - for standard input."),
]
Replace = Annotated[bool, typer.Option("--replace", help="Take new tokens and overwrite those in .env, unasked.")]


@setup.callback(invoke_without_command=True)
def overview(context: typer.Context) -> None:
    """Bring the bot into a chat: the steps, checks of the tokens, and .env written. Alone: what is set up already."""
    if context.invoked_subcommand is not None:
        return
    settings = _settings()
    http = settings.slack_app_token is None and settings.slack_signing_secret is not None
    for command in ("discord", "slack --http" if http else "slack"):
        is_set = {name: getattr(settings, name.lower()) is not None for name in _OVERVIEW[command]}
        here, missing = (
            [name for name, held in is_set.items() if held],
            [name for name, held in is_set.items() if not held],
        )
        typer.echo(wording.overview(command, set_up=here, missing=missing))


@setup.command("discord")
def discord(token_file: TokenFile = None, *, replace: Replace = False) -> None:
    """Set up Discord. Exit codes: 0 ready, 1 refused or not complete there, 2 no usable token, 3 not replaced."""
    settings = _settings()
    _run(discord_setup(settings, SystemClock()), token_file, replace=replace)


@setup.command("slack")
def slack(
    token_file: TokenFile = None,
    *,
    http: Annotated[bool, typer.Option("--http", help="Signed HTTP instead of Socket Mode.")] = False,
    manifest: Annotated[bool, typer.Option("--manifest", help="Print the app's manifest and do nothing else.")] = False,
    replace: Replace = False,
) -> None:
    """Set up Slack. Exit codes: 0 ready, 1 refused or not complete there, 2 no usable token, 3 not replaced."""
    settings = _settings()
    signed_http = http or (settings.slack_app_token is None and settings.slack_signing_secret is not None)
    if signed_http and settings.public_url is None:
        die(Exit.INVALID, wording.NEEDS_ADDRESS)
    if manifest:
        typer.echo(manifest_text(settings, signed_http=signed_http))
        return
    if signed_http and settings.slack_app_token is not None:
        die(Exit.INVALID, wording.SOCKET_WINS)
    _run(slack_setup(settings, SystemClock(), signed_http=signed_http), token_file, replace=replace)


def _run(chat: ChatSetup, token_file: Path | None, *, replace: bool) -> None:
    given = {} if token_file is None else _given(chat, token_file)
    work = Setup(chat, RealTerminal(), DotEnvFile(Path(ENV_FILE)), replace=replace)
    try:
        code = work.run(given, in_environment(chat.variables))
    except SetupStopped as stop:
        die(stop.code, str(stop))
    except typer.Abort:
        die(Exit.CANCELLED, f"\n{wording.GONE}")
    except OSError as error:
        die(Exit.FAILED, f"{ENV_FILE} cannot be used: {error.strerror or error}. {wording.NOTHING_WRITTEN}")
    raise typer.Exit(code)


def _given(chat: ChatSetup, token_file: Path) -> dict[str, str]:
    try:
        return given_values(read_given(token_file, sys.stdin.buffer), chat)
    except ValueError as error:
        die(Exit.INVALID, f"{token_file} {error}.")
    except OSError as error:
        die(Exit.INVALID, f"{token_file} cannot be read: {error.strerror or error}.")


def _settings() -> Settings:
    """The settings, with a log that speaks of errors only: what is found is printed."""
    from bot.logging import configure_logging  # noqa: PLC0415 - not needed for --help

    try:
        settings = load_settings()
    except SettingsError as error:
        die(Exit.INVALID, str(error))
    level = LogLevel.ERROR if settings.log_level is LogLevel.INFO else settings.log_level
    configure_logging(LogFormat.CONSOLE, level)
    return settings
