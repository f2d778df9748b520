"""``flipbook admin styles``: show and change the prompt styles of a server."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import typer

from bot.commands.options import DataDir, log_errors_only, read_settings
from bot.exit_codes import Exit, die, exit_on_error
from bot.settings import Settings
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.domain.style import MAX_WORDS
from generation.rules.forms.styles import Styles, style_of
from generation.service import Service
from generation.text.dialect import plain_for
from generation.text.forms.styles import style_changes, style_lines

styles = typer.Typer(help="Looks with a name that a server's members choose.", no_args_is_help=True)

Server = Annotated[
    str,
    typer.Argument(
        help="platform:id, for example discord:1234567890; terminal:local is this machine's own"
    ),
]
Name = Annotated[str, typer.Argument(help="the style's name, such as 'pixel art'")]
Parts = Annotated[
    list[str],
    typer.Argument(
        help="prefix=…, suffix=…, no=…, quality=…, size=…, name=…; - for nothing",
        metavar="PART=VALUE…",
    ),
]
Change = Callable[[Service, ServerRef, UserRef], Awaitable[Styles]]


@styles.command("list")
def show(server: Server, data_dir: DataDir = None) -> None:
    """Print a server's styles."""
    _run(data_dir, server, lambda service, ref, _by: service.styles_of(ref))


@styles.command("add")
def add(server: Server, name: Name, parts: Parts, data_dir: DataDir = None) -> None:
    """Offer one more style: `flipbook admin styles add discord:1 ink prefix='ink drawing'`."""
    with exit_on_error():
        style = style_of({"name": name, **style_changes(**_parts(parts))})
    _run(data_dir, server, lambda service, ref, by: service.add_style(ref, style, by=by))


@styles.command("edit")
def edit(server: Server, name: Name, parts: Parts, data_dir: DataDir = None) -> None:
    """Change parts of a style; the others stay."""
    with exit_on_error():
        changes = style_changes(**_parts(parts))
    _run(data_dir, server, lambda service, ref, by: service.edit_style(ref, name, changes, by=by))


@styles.command("remove")
def remove(server: Server, name: Name, data_dir: DataDir = None) -> None:
    """Offer a style no longer."""
    _run(data_dir, server, lambda service, ref, by: service.remove_style(ref, name, by=by))


@styles.command("reset")
def reset(server: Server, data_dir: DataDir = None) -> None:
    """Go back to the styles that Flipbook brings."""
    _run(data_dir, server, lambda service, ref, by: service.reset_styles(ref, by=by))


def _run(data_dir: DataDir, server: str, change: Change) -> None:
    """Change a server's styles, and print them."""
    settings = read_settings(data_dir=data_dir)
    log_errors_only(settings)
    try:
        ref = ServerRef.parse(server)
    except ValueError as error:
        die(Exit.INVALID, str(error))
    with exit_on_error():
        found = asyncio.run(_changed(settings, ref, change))
    for line in style_lines(found, plain_for(ref.platform), room=MAX_WORDS):
        typer.echo(line)


async def _changed(settings: Settings, server: ServerRef, change: Change) -> Styles:
    from bot.commands.admin.database import maintenance_app  # noqa: PLC0415 - the database

    by = UserRef(Platform.TERMINAL, getpass.getuser())
    async with maintenance_app(settings) as app:
        return await change(app.service, server, by)


def _parts(given: Sequence[str]) -> dict[str, str]:
    """``name=value`` pairs. Ends the command for anything else."""
    pairs = [text.partition("=") for text in given]
    wrong = next((name for name, separator, _ in pairs if not separator), None)
    if wrong is not None:
        die(Exit.INVALID, f"Write part=value, such as prefix='ink drawing', not {wrong!r}.")
    return {name.strip().lower().replace("-", "_"): value for name, _, value in pairs}
