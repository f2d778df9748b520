"""The options of ``flipbook migrate``, ``flipbook config`` and ``flipbook admin limits``."""

import asyncio
from collections.abc import Callable
from typing import Annotated

import typer

from bot.commands.options import DataDir, log_errors_only, read_settings
from bot.exit_codes import Exit, die, exit_on_error
from bot.settings import Settings

admin = typer.Typer(help="Set and look at a server's limits.", no_args_is_help=True)
limits = typer.Typer(help="What a server allows its members.", no_args_is_help=True)
admin.add_typer(limits, name="limits")

Server = Annotated[
    str, typer.Argument(help="platform:id, for example discord:1234567890 or slack:T0123")
]


def migrate(data_dir: DataDir = None) -> None:
    """Bring the database up to date. `flipbook run` does this by itself."""
    from bot.commands.admin.database import migrate as bring_up_to_date  # noqa: PLC0415 - the database

    settings = _quiet_settings(data_dir)
    with exit_on_error():
        typer.echo(asyncio.run(bring_up_to_date(settings)))


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
        list[str], typer.Argument(help="name=value …; `none` for without limit, $ for money")
    ],
    data_dir: DataDir = None,
) -> None:
    """Change a server's limits: `flipbook admin limits set discord:1 user_clips_per_day=5
    server_budget_per_day='$2'` ($ has to be quoted in a shell)."""
    from bot.commands.admin.limits import change_limits  # noqa: PLC0415 - the database

    settings = _quiet_settings(data_dir)
    _print(lambda: asyncio.run(change_limits(settings, server, changes)))


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
