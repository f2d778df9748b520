"""``flipbook worker keys``: adds, lists and revokes the keys of a worker's callers."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.commands.worker.settings import read_worker_settings
from bot.exit_codes import Exit, die, die_of
from generation.protocol.disk import make_folder
from generation.protocol.errors import FlipbookError
from generation.text.dialect import local_time
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from worker.store import StoredKey

T = TypeVar("T")
KeyCommand = Callable[[WorkerSettings], Coroutine[Any, Any, T]]

keys = typer.Typer(help="Keys with which others may call the worker.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The key's id: letters, digits, - and _.")]
DataDir = Annotated[
    Path | None, typer.Option(help="The worker's data folder. [env: FLIPBOOK_WORKER_DATA_DIR]")
]


@keys.command("add")
def add(
    context: typer.Context,
    name: Name,
    *,
    low_priority: Annotated[
        bool, typer.Option("--low-priority", help="Its requests let others pass.")
    ] = False,
    max_open: Annotated[
        int | None, typer.Option(min=1, help="How many unfinished requests it may have.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a key and print it, in the form that FAL_KEY takes. Its secret can never be shown
    again."""
    from worker.process.keys import KeyNameTaken, add_key  # noqa: PLC0415 - the database

    try:
        new = _run(
            context,
            data_dir,
            lambda settings: add_key(settings, name, low_priority=low_priority, max_open=max_open),
        )
    except ValueError as error:
        die(Exit.INVALID, f"{name!r} cannot name a key: {error}.")
    except KeyNameTaken:
        die(Exit.INVALID, f"There is, or was, a key named {name}; take another name.")
    typer.echo(new.pair)


@keys.command("list")
def list_all(context: typer.Context, data_dir: DataDir = None) -> None:
    """Print the keys that were made here, oldest first. Those in FLIPBOOK_WORKER_KEY are not among
    them."""
    from worker.process.keys import list_keys  # noqa: PLC0415

    for key in _run(context, data_dir, list_keys):
        typer.echo(_line(key))


@keys.command("revoke")
def revoke(context: typer.Context, name: Name, data_dir: DataDir = None) -> None:
    """Revoke a key; a running worker refuses it within seconds."""
    from worker.process.keys import revoke_key  # noqa: PLC0415

    if not _run(context, data_dir, lambda settings: revoke_key(settings, name)):
        die(Exit.INVALID, f"There is no key named {name} to revoke.")
    typer.echo(f"{name} can no longer call.")


def _run(context: typer.Context, data_dir: Path | None, command: KeyCommand[T]) -> T:
    """Run it with the settings in force; errors end the command with a sentence."""
    settings = read_worker_settings(context, data_dir=data_dir)
    try:
        # keys may be made before the worker has ever run
        make_folder(settings.data_dir, 0o700)
        return asyncio.run(command(settings))
    except FlipbookError as error:
        die_of(error)
    except OSError as error:
        die(Exit.FAILED, f"The worker's data folder cannot be used: {error}.")


def _line(key: "StoredKey") -> str:
    facts = [f"made {local_time(key.created_at)}"]
    if key.low_priority:
        facts.append("low priority")
    if key.max_open is not None:
        facts.append(f"at most {key.max_open} unfinished")
    if key.revoked_at is not None:
        facts.append(f"revoked {local_time(key.revoked_at)}")
    return f"{key.id}  {', '.join(facts)}"
