"""``flipbook dashboard``: the way in to the operator's pages."""

import asyncio
import socket
from typing import Final

import typer

from bot.commands.options import DataDir, log_errors_only, read_settings
from bot.exit_codes import Exit, die, exit_on_error
from bot.settings import DashboardAccess, Settings

_PATIENCE: Final = 1.0
"""Seconds to wait for the bot's port."""


def dashboard(data_dir: DataDir = None) -> None:
    """Print a link that opens the dashboard of the running bot, once, within ten minutes."""
    settings = read_settings(data_dir=data_dir)
    log_errors_only(settings)
    match settings.dashboard:
        case DashboardAccess.OFF:
            die(Exit.INVALID, "The dashboard is off: FLIPBOOK_DASHBOARD=off.")
        case DashboardAccess.PROXY:
            die(Exit.INVALID, f"The proxy in front lets people in: {settings.public_url}/dashboard")
    if not settings.web_port:
        die(
            Exit.INVALID,
            "FLIPBOOK_WEB_PORT is 0, any free port, so a link could not name it. Set a port, or "
            "take the link that `flipbook run` prints on a terminal.",
        )
    with exit_on_error():
        typer.echo(asyncio.run(_link(settings)))
    if not _listens(settings.web_port):
        typer.echo("Nothing listens there yet: start it with `flipbook run`.", err=True)


async def _link(settings: Settings) -> str:
    from bot.commands.admin.database import maintenance_app  # noqa: PLC0415 - the database
    from bot.dashboard import login_link  # noqa: PLC0415 - the web pages

    async with maintenance_app(settings) as app:
        return await login_link(app.ports.store, app.clock, port=settings.web_port)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE):
            return True
    except OSError:
        return False
