"""What the commands of an operator share: the server they are about, who acts, and how their answer
is printed."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from bot.commands.options import DataDir, log_errors_only, read_settings
from bot.exit_codes import Exit, die, exit_on_error
from bot.settings import Settings
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.rules.pause import EVERY_SERVER
from generation.service import Service
from generation.text.audit import audit_words
from generation.text.dialect import PLAIN, Dialect, plain_for

ALL: Final = "all"
"""How every server is typed, where something may be set for all together."""
_MOST_CHANGES: Final = 5

Server = Annotated[
    str, typer.Argument(help="platform:id, for example discord:1234567890 or slack:T0123")
]


@dataclass(frozen=True, slots=True)
class Acting:
    """The service, the server that is meant, who acts, and how its platform's things are named."""

    service: Service
    server: ServerRef
    by: UserRef
    d: Dialect


Act = Callable[[Acting], Awaitable[Sequence[str]]]


def act_on(data_dir: DataDir, server: str, act: Act, *, all_servers: bool = False) -> None:
    """Do something about a server, and print its answer line by line; what goes wrong ends the
    command with a sentence. ``all_servers`` lets :data:`ALL` be one."""
    settings = quiet_settings(data_dir)
    try:
        with exit_on_error():
            ref = _server(server, all_servers=all_servers)
            for line in asyncio.run(_done(settings, ref, act)):
                typer.echo(line)
    except ValueError as error:  # what is no server, or no name=value
        die(Exit.INVALID, str(error))


def quiet_settings(data_dir: DataDir) -> Settings:
    """The settings, with a log of errors only: the answer is what the command prints."""
    settings = read_settings(data_dir=data_dir)
    log_errors_only(settings)
    return settings


async def _done(settings: Settings, server: ServerRef, act: Act) -> Sequence[str]:
    from bot.commands.admin.database import maintenance_app  # noqa: PLC0415 - the database

    by = UserRef(Platform.TERMINAL, getpass.getuser())
    async with maintenance_app(settings) as app:
        # of this machine's own no member has to be told from a channel
        here = server.platform is Platform.TERMINAL
        d = PLAIN if here else plain_for(server.platform)
        return await act(Acting(app.service, server, by, d))


def _server(text: str, *, all_servers: bool) -> ServerRef:
    if text.strip().lower() != ALL:
        return ServerRef.parse(text)
    if not all_servers:
        raise ValueError("Name one server as platform:id; all of them have only ceilings.")
    return EVERY_SERVER


async def last_changes(acting: Acting) -> list[str]:
    """Who changed something last, as comments."""

    entries = await acting.service.audit_of(acting.server, limit=_MOST_CHANGES)
    return [f"# {audit_words(entry, acting.d)}" for entry in entries]
