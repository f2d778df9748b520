"""The options of ``flipbook setup discord``, ``slack`` and ``fal``."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from bot.commands.options import log_errors_only
from bot.commands.setup import text
from bot.commands.setup.chats import (
    ChatSetup,
    discord_setup,
    fal_setup,
    manifest_text,
    slack_setup,
)
from bot.commands.setup.dotenv_file import DotEnvFile
from bot.commands.setup.flow import SetupFlow, SetupStopped
from bot.commands.setup.terminal import RealTerminal
from bot.commands.setup.token_file import read_token_file, tokens_in
from bot.exit_codes import Exit, die
from bot.settings import ENV_FILE, Settings, SettingsError, load_settings, values_in_environment
from generation.protocol.clock import SystemClock

setup = typer.Typer(help="Set up a chat or fal: shows the steps, checks the tokens, writes .env.")

_OVERVIEW: Final = {
    "discord": ("DISCORD_TOKEN",),
    "slack": ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"),
    "slack --http": ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"),
    "fal": ("FAL_KEY",),
}
_CREDENTIALS: Final = {name.lower() for names in _OVERVIEW.values() for name in names}

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
    """Set up a chat or fal: shows the steps, checks the tokens, writes .env. Alone: what is set up
    already."""
    if context.invoked_subcommand is not None:
        return
    settings = _settings()
    # without an app token, a signing secret means signed HTTP
    http = settings.slack_app_token is None and settings.slack_signing_secret is not None
    for command in ("discord", "slack --http" if http else "slack", "fal"):
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


@setup.command("fal")
def fal(token_file: TokenFile = None, *, replace: Replace = False) -> None:
    """Set up fal, which makes real clips for money; nothing is bought here. Exit codes: 0 ready, 1
    refused or not complete there, 2 no usable key, 3 not replaced."""
    _run(fal_setup(_settings(), SystemClock()), token_file, replace=replace)


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
    manifest_file: Annotated[
        Path | None,
        typer.Option(help="Write the app's manifest to this new file and do nothing else."),
    ] = None,
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
    if manifest_file is not None:
        _write_manifest(manifest_file, manifest_text(settings, signed_http=signed_http))
        return
    # the bot would not use the signing secret that is asked for
    if signed_http and settings.slack_app_token is not None:
        die(Exit.INVALID, text.SOCKET_WINS)
    _run(slack_setup(settings, SystemClock(), signed_http=signed_http), token_file, replace=replace)


def _write_manifest(path: Path, manifest: str) -> None:
    try:
        with path.expanduser().open("x", encoding="utf-8") as file:
            file.write(f"{manifest}\n")
    except FileExistsError:
        die(Exit.REFUSED, f"{path} exists, and is left as it is. {text.NOTHING_WRITTEN}")
    except OSError as error:
        die(Exit.FAILED, f"{path} cannot be written: {error.strerror or error}.")
    typer.echo(text.manifest_written(str(path.expanduser().absolute())))


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
    """The settings; tokens and keys that cannot be read as they are count as not set, so that they
    can be asked for again."""
    try:
        settings = load_settings()
    except SettingsError:
        unset: dict[str, object] = dict.fromkeys(_CREDENTIALS)
        try:
            # naming fal needs its key, which may be what is missing
            settings = load_settings(backends=(), **unset)
        except SettingsError as error:
            die(Exit.INVALID, str(error))
    log_errors_only(settings)
    return settings
