"""``flipbook worker keys``: keys that the operator of a worker gives to others, and takes back."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.exits import Exit, die
from bot.settings import SettingsError
from bot.worker_settings import load_worker_settings
from generation.errors import FlipbookError
from generation.wording import sentence
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from worker.store import StoredKey

T = TypeVar("T")
Act = Callable[[WorkerSettings], Coroutine[Any, Any, T]]

keys = typer.Typer(help="Keys with which others may call the worker.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The key's id: letters, digits, - and _.")]
DataDir = Annotated[Path | None, typer.Option(help="The worker's data folder. [env: FLIPBOOK_WORKER_DATA_DIR]")]


@keys.command("add")
def add(
    context: typer.Context,
    name: Name,
    *,
    low_priority: Annotated[bool, typer.Option("--low-priority", help="Its requests let others pass.")] = False,
    max_open: Annotated[int | None, typer.Option(min=1, help="How many unfinished requests it may have.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a key and print it, in the form that FAL_KEY takes. Its secret can never be shown again."""
    from worker.keys import KeyNameTaken, add_key  # noqa: PLC0415 -- the database, only when it is needed

    try:
        new = _run(context, data_dir, lambda its: add_key(its, name, low_priority=low_priority, max_open=max_open))
    except ValueError as error:
        die(Exit.INVALID, f"{name!r} cannot name a key: {error}.")
    except KeyNameTaken:
        die(Exit.INVALID, f"There is, or was, a key named {name}; take another name.")
    typer.echo(new.pair)


@keys.command("list")
def list_all(context: typer.Context, data_dir: DataDir = None) -> None:
    """Print the keys that were made here, oldest first. Those in FLIPBOOK_WORKER_KEY are not among them."""
    from worker.keys import list_keys  # noqa: PLC0415

    for key in _run(context, data_dir, list_keys):
        typer.echo(_line(key))


@keys.command("revoke")
def revoke(context: typer.Context, name: Name, data_dir: DataDir = None) -> None:
    """Take a key back; a running worker refuses it within seconds."""
    from worker.keys import revoke_key  # noqa: PLC0415

    if not _run(context, data_dir, lambda its: revoke_key(its, name)):
        die(Exit.INVALID, f"There is no key named {name} to take back.")
    typer.echo(f"{name} may call no more.")


def _run(context: typer.Context, data_dir: Path | None, act: Act[T]) -> T:
    """Do it with the settings of the environment and of the options, those of ``flipbook worker`` among them."""
    given = {**(context.obj or {}), **({} if data_dir is None else {"data_dir": data_dir})}
    try:
        settings = load_worker_settings(given)
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return asyncio.run(act(settings))
    except SettingsError as error:
        die(Exit.INVALID, str(error))
    except FlipbookError as error:
        die(Exit.FAILED, sentence(error))
    except OSError as error:
        die(Exit.FAILED, f"The worker's data folder cannot be used: {error}.")


def _line(key: "StoredKey") -> str:
    facts = [f"made {key.created_at:%Y-%m-%d %H:%M} UTC"]
    if key.low_priority:
        facts.append("low priority")
    if key.max_open is not None:
        facts.append(f"at most {key.max_open} unfinished")
    if key.revoked_at is not None:
        facts.append(f"taken back {key.revoked_at:%Y-%m-%d %H:%M} UTC")
    return f"{key.id}  {', '.join(facts)}"
