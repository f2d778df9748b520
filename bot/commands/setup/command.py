"""The options of ``flipbook setup discord`` and ``flipbook setup slack``."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from bot.commands.options import log_errors_only, read_settings
from bot.commands.setup import text
from bot.commands.setup.chats import ChatSetup, discord_setup, manifest_text, slack_setup
from bot.commands.setup.dotenv_file import DotEnvFile
from bot.commands.setup.flow import SetupFlow, SetupStopped
from bot.commands.setup.terminal import RealTerminal
from bot.commands.setup.token_file import read_token_file, tokens_in
from bot.exit_codes import Exit, die
from bot.settings import ENV_FILE, Settings, SettingsError, values_in_environment
from generation.protocol.clock import SystemClock

setup = typer.Typer(
    help="Set the bot up in a chat: shows the steps, checks the tokens, writes .env."
)

_OVERVIEW: Final = {
    "discord": ("DISCORD_TOKEN",),
    "slack": ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"),
    "slack --http": ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"),
}

TokenFile = Annotated[
    Path | None,
    typer.Option(
        help=(
            "Read the tokens from this file, one per line, bare or as NAME=value; - for "
            "standard input."
        )
    ),
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Replace the tokens in .env without asking.")
]


@setup.callback(invoke_without_command=True)
def overview(context: typer.Context) -> None:
    """Set the bot up in a chat: shows the steps, checks the tokens, writes .env. Alone: what is
    set up already."""
    if context.invoked_subcommand is not None:
        return
    settings = _settings()
    # without an app token, a signing secret means signed HTTP
    http = settings.slack_app_token is None and settings.slack_signing_secret is not None
    for command in ("discord", "slack --http" if http else "slack"):
        is_set = {name: getattr(settings, name.lower()) is not None for name in _OVERVIEW[command]}
        present = [name for name in is_set if is_set[name]]
        missing = [name for name in is_set if not is_set[name]]
        typer.echo(text.overview(command, set_up=present, missing=missing))


@setup.command("discord")
def discord(token_file: TokenFile = None, *, replace: Replace = False) -> None:
    """Set up Discord. Exit codes: 0 ready, 1 refused or not complete there, 2 no usable token, 3
    not replaced."""
    settings = _settings()
    _run(discord_setup(settings, SystemClock()), token_file, replace=replace)


@setup.command("slack")
def slack(
    token_file: TokenFile = None,
    *,
    http: Annotated[
        bool, typer.Option("--http", help="Signed HTTP instead of Socket Mode.")
    ] = False,
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Print the app's manifest and do nothing else.")
    ] = False,
    replace: Replace = False,
) -> None:
    """Set up Slack. Exit codes: 0 ready, 1 refused or not complete there, 2 no usable token, 3 not
    replaced."""
    settings = _settings()
    signed_http = http or (
        settings.slack_app_token is None and settings.slack_signing_secret is not None
    )
    if signed_http and settings.public_url is None:
        die(Exit.INVALID, text.NEEDS_ADDRESS)
    if manifest:
        typer.echo(manifest_text(settings, signed_http=signed_http))
        return
    # the bot would not use the signing secret that is asked for
    if signed_http and settings.slack_app_token is not None:
        die(Exit.INVALID, text.SOCKET_WINS)
    _run(slack_setup(settings, SystemClock(), signed_http=signed_http), token_file, replace=replace)


def _run(chat: ChatSetup, token_file: Path | None, *, replace: bool) -> None:
    given = {} if token_file is None else _tokens(chat, token_file)
    flow = SetupFlow(chat, RealTerminal(), DotEnvFile(Path(ENV_FILE)), replace=replace)
    try:
        code = flow.run(given, values_in_environment(chat.variables))
    except SettingsError as error:
        die(Exit.INVALID, f"{error} {text.NOTHING_WRITTEN}")
    except SetupStopped as stop:
        die(stop.code, str(stop))
    except typer.Abort:  # the cursor is still behind the question
        die(Exit.CANCELLED, f"\n{text.STOPPED}")
    except OSError as error:
        die(
            Exit.FAILED,
            f"{ENV_FILE} cannot be used: {error.strerror or error}. {text.NOTHING_WRITTEN}",
        )
    raise typer.Exit(code)


def _tokens(chat: ChatSetup, token_file: Path) -> dict[str, str]:
    try:
        return tokens_in(read_token_file(token_file, sys.stdin.buffer), chat)
    except ValueError as error:
        die(Exit.INVALID, f"{token_file} {error}.")
    except OSError as error:
        die(Exit.INVALID, f"{token_file} cannot be read: {error.strerror or error}.")


def _settings() -> Settings:
    settings = read_settings()
    log_errors_only(settings)
    return settings
