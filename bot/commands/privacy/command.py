"""The options of ``flipbook privacy`` and ``flipbook prune``."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from bot.commands.admin.acting import quiet_settings
from bot.commands.options import DataDir
from bot.exit_codes import Exit, die, exit_on_error
from generation.domain.refs import UserRef

T = TypeVar("T")

privacy = typer.Typer(
    help="A copy of a member's data, or forget them; docs/operators/privacy.md says what is kept.",
    no_args_is_help=True,
)

Member = Annotated[
    str,
    typer.Argument(
        metavar="USER", help="platform:id, for example discord:1234567890 or slack:U0123"
    ),
]
_TO_STANDARD_OUTPUT: Final = Path("-")


@privacy.command("export")
def export(
    user: Member,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file to write; - is standard output.")
    ] = _TO_STANDARD_OUTPUT,
    data_dir: DataDir = None,
) -> None:
    """Write everything that is kept of a member as JSON, as `/flipbook privacy` does for them."""
    from bot.commands.privacy.acts import copy_of  # noqa: PLC0415 - the database
    from generation.protocol.disk import write_private  # noqa: PLC0415

    settings, member = quiet_settings(data_dir), _member(user)
    data = _run(copy_of(settings, member))
    if output == _TO_STANDARD_OUTPUT:
        sys.stdout.buffer.write(data)
        return
    try:
        write_private(output, data)
    except OSError as error:
        die(Exit.FAILED, f"{output}: {error.strerror or error}.")
    typer.echo(f"{output}: {len(data):,} bytes, readable by you only.")


@privacy.command("forget")
def forget(
    user: Member,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Forget a member, as they could themselves: prompts, clips, and the bot's messages with them.

    The bot that runs does it; without one the next start.
    """
    from bot.commands.privacy.acts import ask_to_forget, kept_of  # noqa: PLC0415 - the database
    from bot.folders import is_served  # noqa: PLC0415

    settings, member = quiet_settings(data_dir), _member(user)
    typer.echo(_run(kept_of(settings, member)))
    if not yes:
        typer.confirm(f"Forget all of {member}? That cannot be undone.", abort=True)
    _run(ask_to_forget(settings, member))
    running = is_served(settings)
    typer.echo(
        "Begun. The bot that runs goes on with it; that takes minutes, at most a day."
        if running
        else "Noted. No bot runs here: `flipbook run` does it when it starts."
    )


@privacy.command("replay")
def replay(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="The list; without it the one in the data folder.", exists=True
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Forget again who was forgotten before: after a database was restored with other tools than
    `flipbook restore`, which does it by itself."""
    from bot.commands.privacy.acts import forget_listed  # noqa: PLC0415 - the database

    count = _run(forget_listed(quiet_settings(data_dir), file))
    members = "1 member" if count == 1 else f"{count:,} members"
    typer.echo(f"{members} of the list had come back, and are forgotten again.")


def prune(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Remove nothing; say what would go.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Remove clips and prompts that are older than their server keeps them; a bot that runs does
    it every hour by itself."""
    from bot.commands.privacy.acts import prune_lines  # noqa: PLC0415 - the database

    for line in _run(prune_lines(quiet_settings(data_dir), dry_run=dry_run)):
        typer.echo(line)


def _member(text: str) -> UserRef:
    try:
        found = UserRef.parse(text.strip())
    except ValueError:
        found = None
    if found is None or not found.id:
        die(
            Exit.INVALID,
            f"Name the member as platform:id, for example discord:1234567890, not {text[:100]!r}.",
        )
    return found


def _run(work: Coroutine[Any, Any, T]) -> T:
    with exit_on_error():
        return asyncio.run(work)
