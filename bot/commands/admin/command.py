"""The options of ``flipbook migrate``, ``flipbook config`` and ``flipbook admin limits``."""

import asyncio
from collections.abc import Callable
from typing import Annotated

import typer

from bot.commands.admin.styles import styles
from bot.commands.options import DataDir, log_errors_only, read_settings
from bot.exit_codes import Exit, die, exit_on_error
from bot.settings import Settings

admin = typer.Typer(help="Show and change what a server allows.", no_args_is_help=True)
limits = typer.Typer(help="What a server allows its members.", no_args_is_help=True)
channels = typer.Typer(help="Which channels the bot answers in.", no_args_is_help=True)
admin.add_typer(limits, name="limits")
admin.add_typer(channels, name="channels")
admin.add_typer(styles, name="styles")

Server = Annotated[
    str, typer.Argument(help="platform:id, for example discord:1234567890 or slack:T0123")
]

Channels = Annotated[list[str], typer.Argument(help="channel ids", metavar="ID…")]


def migrate(
    data_dir: DataDir = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Change nothing; say what would be done, and exit with 1 where it is something.",
        ),
    ] = False,
) -> None:
    """Bring the database up to date. `flipbook run` does this by itself."""
    from bot.commands.admin import database  # noqa: PLC0415 - the database

    settings = _quiet_settings(data_dir)
    with exit_on_error():
        if not check:
            typer.echo(asyncio.run(database.migrate(settings)))
            return
        steps = asyncio.run(database.check(settings))
    if steps:
        die(Exit.FAILED, "\n".join(("To be done, by `flipbook migrate`:", *steps)))
    typer.echo("The database is up to date.")


def config(data_dir: DataDir = None) -> None:
    """Print the settings in force, with secrets masked."""
    from bot.commands.admin.effective_settings import effective_settings  # noqa: PLC0415
    from bot.commands.settings_sources import settings_findings  # noqa: PLC0415

    for finding in settings_findings():
        typer.echo(f"# {finding.detail}")
    for line in effective_settings(read_settings(data_dir=data_dir)):
        typer.echo(line)


@limits.command("show")
def show(server: Server, data_dir: DataDir = None) -> None:
    """Print a server's limits, what is used today, and who changed them last."""
    from bot.commands.admin.limits import show_limits  # noqa: PLC0415 - the database

    settings = _quiet_settings(data_dir)
    _print(lambda: asyncio.run(show_limits(settings, server)))


@limits.command("set")
def change(
    server: Server,
    changes: Annotated[
        list[str], typer.Argument(help="name=value …; `none` for no limit, money as 2.50")
    ],
    data_dir: DataDir = None,
) -> None:
    """Change a server's limits: `flipbook admin limits set discord:1 user_clips_per_day=5
    server_budget_per_day=2.50`."""
    from bot.commands.admin.limits import change_limits  # noqa: PLC0415 - the database

    settings = _quiet_settings(data_dir)
    _print(lambda: asyncio.run(change_limits(settings, server, changes)))


@channels.command("show")
def show_channels(server: Server, data_dir: DataDir = None) -> None:
    """Print where the bot answers, what is blocked, and who changed it last."""
    from bot.commands.admin.limits import show_channels as lines  # noqa: PLC0415 - the database

    settings = _quiet_settings(data_dir)
    _print(lambda: asyncio.run(lines(settings, server)))


@channels.command("add")
def add_channels(server: Server, ids: Channels, data_dir: DataDir = None) -> None:
    """Answer in these channels; in others only if they are added too."""
    from bot.commands.admin.limits import change_channels  # noqa: PLC0415 - the database

    settings = _quiet_settings(data_dir)
    _print(lambda: asyncio.run(change_channels(settings, server, added=frozenset(ids))))


@channels.command("remove")
def remove_channels(server: Server, ids: Channels, data_dir: DataDir = None) -> None:
    """Answer in these channels no longer."""
    from bot.commands.admin.limits import change_channels  # noqa: PLC0415 - the database

    settings = _quiet_settings(data_dir)
    _print(lambda: asyncio.run(change_channels(settings, server, removed=frozenset(ids))))


@channels.command("everywhere")
def open_channels(server: Server, data_dir: DataDir = None) -> None:
    """Answer in every channel."""
    from bot.commands.admin.limits import change_channels  # noqa: PLC0415 - the database

    settings = _quiet_settings(data_dir)
    _print(lambda: asyncio.run(change_channels(settings, server, everywhere=True)))


def _quiet_settings(data_dir: DataDir) -> Settings:
    settings = read_settings(data_dir=data_dir)
    log_errors_only(settings)
    return settings


def _print(lines: Callable[[], list[str]]) -> None:
    try:
        with exit_on_error():
            for line in lines():
                typer.echo(line)
    except ValueError as error:  # what is no server, or no name=value
        die(Exit.INVALID, str(error))
