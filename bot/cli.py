"""The command ``flipbook``: joins the commands of ``bot.commands`` in one Typer app."""

import typer

from bot.commands.admin.command import admin, config, migrate
from bot.commands.animate.command import animate
from bot.commands.backup.command import backup, restore, verify
from bot.commands.doctor.command import doctor
from bot.commands.run.command import run
from bot.commands.setup.command import setup
from bot.commands.worker.command import worker

app = typer.Typer(
    name="flipbook",
    help="Text-to-video for Discord and Slack: AnimateDiff on fal's queue or on your own GPU.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (run, animate, migrate, config, doctor, backup, verify, restore):
    app.command()(command)
app.add_typer(admin, name="admin")
app.add_typer(worker, name="worker")
app.add_typer(setup, name="setup")


def main() -> None:
    """Run the command line."""
    app()
