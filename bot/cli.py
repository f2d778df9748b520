"""The command ``flipbook``: joins the commands of ``bot.commands`` in one Typer app."""

from typing import Annotated

import typer

from bot import __version__
from bot.commands.admin.command import admin, config, migrate
from bot.commands.animate.command import animate
from bot.commands.animate.options import AnimateCommand
from bot.commands.backup.command import backup, restore, verify
from bot.commands.dashboard import dashboard
from bot.commands.doctor.command import doctor
from bot.commands.pause.command import pause, resume
from bot.commands.privacy.command import privacy, prune
from bot.commands.run.command import run
from bot.commands.selftest.command import selftest
from bot.commands.setup.command import setup
from bot.commands.spend.command import quota, spend
from bot.commands.status.command import status
from bot.commands.worker.command import worker


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"flipbook {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="flipbook",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(cls=AnimateCommand)(animate)
for command in (
    run,
    status,
    dashboard,
    migrate,
    config,
    doctor,
    backup,
    verify,
    restore,
    spend,
    quota,
    prune,
    pause,
    resume,
):
    app.command()(command)
app.add_typer(admin, name="admin")
app.add_typer(privacy, name="privacy")
app.add_typer(worker, name="worker")
app.add_typer(setup, name="setup")
app.add_typer(selftest, name="selftest")


@app.callback()
def flipbook(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Text-to-video for Discord and Slack: AnimateDiff on fal's queue or on your own GPU."""


def main() -> None:
    """Run the command line."""
    app()
