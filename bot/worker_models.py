"""``flipbook worker models``: which models there are, which of them are here, and how the others come here."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from filelock import FileLock, Timeout

from bot.exits import Exit, die
from bot.settings import SettingsError
from bot.worker_model_lines import (
    by_hand,
    facts_of,
    licence_lines,
    list_lines,
    problem_lines,
    to_install,
)
from bot.worker_settings import load_worker_settings
from worker.engines.animatediff.catalogue import ModelSource, sources, wanted
from worker.engines.animatediff.chosen import Chosen
from worker.engines.animatediff.inventory import inventory, verify
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from worker.engines.animatediff.download import RemoteFile

MOTIONS = "motions"
"""Stands for all camera motions at once."""

models = typer.Typer(help="The AnimateDiff engine's models: list, download, verify.", invoke_without_command=True)

Folder = Annotated[Path | None, typer.Option("--models", help="Their folder. [env: FLIPBOOK_WORKER_MODELS_DIR]")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")]
ByHand = Annotated[bool, typer.Option("--by-hand", help="Print where each missing file comes from and belongs.")]


@models.callback()
def list_by_default(context: typer.Context) -> None:
    """List the models when nothing else is asked for."""
    if context.invoked_subcommand is None:
        _list(_settings(context, None), as_json=False, files=False)


@models.command("list")
def list_all(context: typer.Context, *, models: Folder = None, as_json: AsJson = False, files: ByHand = False) -> None:
    """List each model: what for, from where, how large, under which licence, and whether it is here."""
    _list(_settings(context, models), as_json=as_json, files=files)


@models.command("verify")
def verify_all(context: typer.Context, *, models: Folder = None) -> None:
    """Read every file that should be here and name each that is missing or damaged. Exit code 1 if there is one."""
    settings = _settings(context, models)
    root, listed = _root(settings), wanted(_chosen(settings))
    with _one_sentence(root):
        problems = verify(root, listed, looking_at=lambda path: typer.echo(f"reading {path}", err=True))
    if problems:
        die(Exit.FAILED, "\n".join(problem_lines(problems)))
    typer.echo(f"All {len(listed)} models in {root} are whole.")


@models.command("download")
def download(
    context: typer.Context,
    *,
    models: Folder = None,
    base: Annotated[str | None, typer.Option(help="Any Stable Diffusion 1.5 in diffusers' layout.")] = None,
    extra: Annotated[list[str] | None, typer.Option("--with", help="taesd, safety-checker; repeatable.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Leave out: animatelcm (turbo), motions, motion-zoom-in …; repeatable.")
    ] = None,
    accept_licences: Annotated[bool, typer.Option("--accept-licences", help="Accept them without a question.")] = False,
    hub: Annotated[str | None, typer.Option(help="A mirror of the hub. [env: HF_ENDPOINT]")] = None,
) -> None:
    """Bring what is missing; what broke off goes on where it ended. Asks for the licences first."""
    settings = _settings(context, models)
    if find_spec("huggingface_hub") is None:
        die(Exit.FAILED, to_install())
    root, chosen = _root(settings), _changed(_chosen(settings), base, extra, without)
    with _one_sentence(root), _alone(root):
        listed = wanted(chosen)
        _accept(root, listed, already=accept_licences)
        files = _plan(root, listed, hub)
        chosen.save(root)
        _fetch(root, files)
    typer.echo(f"All {len(listed)} models are in {root}. `flipbook worker` and `flipbook run` use them from now on.")


def _settings(context: typer.Context, folder: Path | None) -> WorkerSettings:
    given = {**(context.obj or {}), **({} if folder is None else {"models_dir": folder})}
    try:
        return load_worker_settings(given)
    except SettingsError as error:
        die(Exit.INVALID, str(error))


def _root(settings: WorkerSettings) -> Path:
    return settings.models_folder.absolute()


def _chosen(settings: WorkerSettings) -> Chosen:
    """What the folder says, and what the settings need beyond it."""
    chosen = Chosen.load(settings.models_folder)
    needed = {"taesd": settings.fast_decode, "safety-checker": settings.safety_checker}
    extras = chosen.extras | {name for name, is_needed in needed.items() if is_needed}
    return Chosen(chosen.base, chosen.without, extras)


def _changed(chosen: Chosen, base: str | None, extra: Sequence[str] | None, without: Sequence[str] | None) -> Chosen:
    listed = sources(base or chosen.base)
    extras = chosen.extras if extra is None else _known(extra, [s for s in listed if s.optional], "--with")
    spared = [s for s in listed if s.can_be_left_out and not s.optional]
    left = chosen.without if without is None else _known(without, spared, "--without")
    return Chosen(base or chosen.base, left, extras)


def _known(names: Iterable[str], among: Sequence[ModelSource], option: str) -> frozenset[str]:
    """The names as the catalogue has them; ends with a sentence about one that it has not."""
    possible = {source.name for source in among}
    motions = {name for name in possible if name.startswith("motion-")}
    found: set[str] = set()
    for name in names:
        if name == MOTIONS and motions:
            found |= motions
        elif name in possible:
            found.add(name)
        else:
            die(Exit.INVALID, f"{option} takes {', '.join(sorted(possible))}; not {name!r}.")
    return frozenset(found)


def _list(settings: WorkerSettings, *, as_json: bool, files: bool) -> None:
    chosen, root = _chosen(settings), _root(settings)
    with _one_sentence(root):
        holdings = inventory(root, sources(chosen.base))
    names = {source.name for source in wanted(chosen)}
    if as_json:
        typer.echo(json.dumps(facts_of(root, holdings, names)))
        return
    lines = by_hand(root, holdings, names) if files else list_lines(root, holdings, names)
    typer.echo("\n".join(lines))


def _accept(root: Path, listed: Sequence[ModelSource], *, already: bool) -> None:
    from worker.engines.animatediff.download import accept, unaccepted  # noqa: PLC0415 -- the hub's client

    open_ones = unaccepted(root, listed)
    if not open_ones:
        return
    typer.echo("\n".join(licence_lines(open_ones)), err=True)
    if not already:
        try:
            already = typer.confirm("Do you accept these licences?", err=True)
        except typer.Abort:
            typer.echo("", err=True)
    if not already:
        die(
            Exit.REFUSED,
            "Nothing was downloaded. --accept-licences accepts the licences without a question.",
        )
    accept(root, open_ones)


def _plan(root: Path, listed: Sequence[ModelSource], hub: str | None) -> "list[RemoteFile]":
    from worker.engines.animatediff.download import bytes_missing, own_token, plan  # noqa: PLC0415

    typer.echo(f"Asking the hub about {sum(len(source.files) for source in listed)} files …", err=True)
    files = plan(root, listed, endpoint=hub, token=own_token())
    typer.echo(f"{bytes_missing(files) / 1e9:.2f} GB are to be brought to {root}.", err=True)
    return files


def _fetch(root: Path, files: "Sequence[RemoteFile]") -> None:
    from bot.worker_download_screen import DownloadScreen  # noqa: PLC0415
    from worker.engines.animatediff.download import fetch, own_token  # noqa: PLC0415

    with DownloadScreen() as screen:
        fetch(root, files, progress=screen.show, token=own_token())


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Two downloads would write into the same files."""
    root.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(root / ".download.lock", timeout=0):
            yield
    except Timeout:
        die(Exit.BUSY, f"Another download is working in {root}. Wait for it, or stop it.")


@contextmanager
def _one_sentence(root: Path) -> Iterator[None]:
    from worker.engine import EngineError  # noqa: PLC0415 -- numpy

    try:
        yield
    except EngineError as error:
        die(Exit.FAILED, str(error))
    except OSError as error:
        die(Exit.FAILED, f"The models folder {root} cannot be used: {error}.")
    except KeyboardInterrupt:
        die(Exit.CANCELLED, "Stopped. Run it again: it goes on where it ended.")
