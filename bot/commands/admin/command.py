"""The options of ``flipbook migrate`` and ``flipbook config``; the parts of ``flipbook admin``."""

import asyncio
from typing import Annotated

import typer

from bot.commands.admin.acting import quiet_settings
from bot.commands.admin.moderation import reports, terms
from bot.commands.admin.rules import channels, limits, policy, preset, show
from bot.commands.admin.styles import styles
from bot.commands.options import DataDir, read_settings
from bot.exit_codes import Exit, die, exit_on_error

admin = typer.Typer(help="Show and change what a server allows.", no_args_is_help=True)
admin.command("show")(show)
admin.command("preset")(preset)
admin.add_typer(limits, name="limits")
admin.add_typer(policy, name="policy")
admin.add_typer(channels, name="channels")
admin.add_typer(styles, name="styles")
admin.add_typer(terms, name="terms")
admin.add_typer(reports, name="reports")


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

    settings = quiet_settings(data_dir)
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
