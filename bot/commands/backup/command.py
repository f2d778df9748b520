"""The options of ``flipbook backup``, ``flipbook verify`` and ``flipbook restore``."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.backup.note import note_verified
from bot.commands.backup.rotation import dated, remove_oldest
from bot.commands.options import DataDir, log_errors_only, read_settings
from bot.exit_codes import Exit, die, exit_on_error
from bot.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from bot.commands.backup.save import Saved

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The backup, one tar file.")]


def backup(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The backup, one tar file; in a folder it is named by the time."
        ),
    ],
    data_dir: DataDir = None,
    keep: Annotated[
        int | None,
        typer.Option(
            min=1, max=10_000, help="For a folder: how many backups stay; older ones are removed."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--verify", help="Read it again when it is made, as `flipbook verify`.")
    ] = False,
) -> None:
    """Save everything into one file, beside a running bot: database, keys and clips.

    The file is as secret as the bot's keys, which are in it.
    """
    from bot.commands.backup.save import save  # noqa: PLC0415 - the database

    settings = read_settings(data_dir=data_dir)
    log_errors_only(settings)
    folder = file if file.is_dir() else None
    if folder is None and keep is not None:
        die(Exit.INVALID, f"--keep needs a folder for the backups, and {file} is none.")
    if folder is not None:
        file = dated(folder, datetime.now(UTC))
    with _errors():
        saved = asyncio.run(save(settings, file, progress=_show_clips))
    _show_clips(0)
    typer.echo(f"{file}: {_content(saved)}")
    for line in _left_out(saved, settings):
        typer.echo(line)
    if check:
        _note_sound(settings.data_dir, file, _verified(file))
        typer.echo("Read again from end to end: it is sound.")
    # only now: a backup that failed must not cost an older one
    if folder is not None and keep is not None:
        with _errors():
            for old in remove_oldest(folder, keep=keep):
                typer.echo(f"Removed: {old}")


def verify(file: BackupFile, data_dir: DataDir = None) -> None:
    """Read a backup from end to end, and open its database as a restore would."""
    saved = _verified(file)
    # it needs no settings: another machine may have none, or wrong ones
    with suppress(SettingsError):
        given = {} if data_dir is None else {"data_dir": data_dir}
        _note_sound(load_settings(**given).data_dir, file, saved)
    typer.echo(f"{file} is sound: {_content(saved)}")


def restore(
    file: BackupFile,
    data_dir: DataDir = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="For a bot that moves and was stopped before the backup: unfinished jobs go on.",
        ),
    ] = False,
) -> None:
    """Restore a backup into an empty data folder.

    Jobs that were unfinished end and give their quota back, and nothing is delivered twice.
    """
    from bot.commands.backup.restore import NotEmpty  # noqa: PLC0415 - the database
    from bot.commands.backup.restore import restore as put_back  # noqa: PLC0415 - the database

    settings = read_settings(data_dir=data_dir)
    log_errors_only(settings)
    with _errors():
        try:
            saved = asyncio.run(put_back(file, settings, resume=resume))
        except NotEmpty as error:
            die(Exit.INVALID, str(error))
    typer.echo(f"Restored into {settings.data_dir.absolute()}: {_content(saved)}")
    if not resume:
        typer.echo(
            "New clips get numbers from a higher thousand on, such as #3001 after #1042: messages "
            "in the chats may show the ones that were given after this backup."
        )
    typer.echo("Start it with `flipbook run`.")


def _left_out(saved: "Saved", settings: Settings) -> Iterator[str]:
    if saved.manifest.missing:
        yield f"Not in it, because they are gone: {len(saved.manifest.missing)} clips."
    if saved.manifest.clips_kept_elsewhere:
        yield f"The clips stay where they are kept: {settings.artifacts_url}."
    if settings.secret_key is not None:
        yield "FLIPBOOK_SECRET_KEY is not in it: keep it too."


def _verified(file: Path) -> "Saved":
    from bot.commands.backup.save import verify as read_all  # noqa: PLC0415 - the database

    with _errors():
        return asyncio.run(read_all(file))


def _note_sound(data_dir: Path, file: Path, saved: "Saved") -> None:
    # the backup is sound, whatever becomes of the note about it
    with suppress(OSError):
        note_verified(data_dir, file, saved.manifest.made_at, datetime.now(UTC))


def _content(saved: "Saved") -> str:
    made = saved.manifest.made_at.strftime("%Y-%m-%d %H:%M UTC")
    clips = "1 clip" if saved.clips == 1 else f"{saved.clips:,} clips"
    return f"{clips}, {saved.bytes / 1e6:,.1f} MB, made {made} by version {saved.manifest.version}."


def _show_clips(saved: int) -> None:
    """A line that changes in place, on a terminal; 0 clears it."""
    if sys.stderr.isatty() and saved % 100 == 0:
        typer.echo(f"\r\033[K{f'{saved:,} clips saved' if saved else ''}", nl=False, err=True)


@contextmanager
def _errors() -> Iterator[None]:
    from bot.commands.backup.archive import BackupUnusable  # noqa: PLC0415
    from bot.commands.run.process import AlreadyRunning  # noqa: PLC0415

    with exit_on_error():
        try:
            yield
        except BackupUnusable as error:
            die(Exit.FAILED, str(error))
        except OSError as error:
            # of two names the second is the one that could not be made
            name = error.filename2 or error.filename
            said = f"{name}: {error.strerror}" if name and error.strerror else str(error)
            die(Exit.FAILED, f"{said}. Nothing was changed.")
        except AlreadyRunning as error:
            die(Exit.BUSY, f"Flipbook is running on {error}. Stop it first.")
