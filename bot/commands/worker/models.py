"""``flipbook worker models``: lists, downloads and verifies the AnimateDiff engine's models."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from filelock import FileLock, Timeout

from bot.commands.worker.models_text import (
    by_hand,
    facts_of,
    licence_lines,
    list_lines,
    problem_lines,
    to_install,
)
from bot.commands.worker.settings import read_worker_settings
from bot.exit_codes import Exit, die
from bot.settings import SettingsError, load_settings, proxy_of, values_in_environment
from generation.protocol.disk import make_folder
from worker.engines.animatediff.models.catalogue import (
    SHARP_DECODER,
    ModelSource,
    selected_sources,
    sources,
)
from worker.engines.animatediff.models.inventory import inventory, verify
from worker.engines.animatediff.models.selection import ModelSelection
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from worker.engines.animatediff.models.download import RemoteFile

_HUB: Final = "https://huggingface.co"
MOTIONS = "motions"
"""The name for all camera motions at once."""

models = typer.Typer(
    help="The AnimateDiff engine's models: list, download, verify.", invoke_without_command=True
)

Folder = Annotated[
    Path | None, typer.Option("--models", help="Their folder. [env: FLIPBOOK_WORKER_MODELS_DIR]")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")]
ByHand = Annotated[
    bool, typer.Option("--by-hand", help="Print where each missing file comes from and belongs.")
]


@models.callback()
def list_by_default(context: typer.Context) -> None:
    """List the models when nothing else is asked for."""
    if context.invoked_subcommand is None:
        _list(read_worker_settings(context), as_json=False, files=False)


@models.command("list")
def list_all(
    context: typer.Context, *, models: Folder = None, as_json: AsJson = False, files: ByHand = False
) -> None:
    """List each model: what for, from where, how large, under which licence, and whether it is
    installed."""
    _list(read_worker_settings(context, models_dir=models), as_json=as_json, files=files)


@models.command("verify")
def verify_all(context: typer.Context, *, models: Folder = None) -> None:
    """Read every file that should be there and name each that is missing or damaged. Exit code 1 if
    there is one."""
    settings = read_worker_settings(context, models_dir=models)
    root, listed = _root(settings), selected_sources(_chosen(settings))
    with _exit_on_error(root):
        problems = verify(
            root, listed, on_file=lambda path: typer.echo(f"reading {path}", err=True)
        )
    if problems:
        die(Exit.FAILED, "\n".join(problem_lines(problems)))
    typer.echo(f"All {len(listed)} models in {root} are intact.")


@models.command("download")
def download(
    context: typer.Context,
    *,
    models: Folder = None,
    base: Annotated[
        str | None,
        typer.Option(help="Any Stable Diffusion 1.5: a repository, or a file's name in bases/."),
    ] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option("--with", help="taesd, sd-vae-ft-mse, safety-checker; repeatable."),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Leave out: animatelcm (turbo), motions, motion-zoom-in …; repeatable."),
    ] = None,
    accept_licences: Annotated[
        bool, typer.Option("--accept-licences", help="Accept them without a question.")
    ] = False,
    newest: Annotated[
        bool, typer.Option("--newest", help="Take the newest files, not those recorded before.")
    ] = False,
    hub: Annotated[str | None, typer.Option(help="A mirror of the hub. [env: HF_ENDPOINT]")] = None,
) -> None:
    """Download what is missing, and continue what broke off. Asks about the licences first."""
    settings = read_worker_settings(context, models_dir=models)
    if find_spec("huggingface_hub") is None:  # importing it here would be slow
        die(Exit.FAILED, to_install())
    root, chosen = _root(settings), _with_options(_chosen(settings), base, extra, without)
    with _exit_on_error(root), _download_lock(root):
        listed = selected_sources(chosen)
        _accept(root, listed, already=accept_licences)
        _go_through_proxy(hub)
        files = _plan(root, listed, hub, newest=newest)
        # saved before the download: the list then names what is missing of this choice
        chosen.save(root)
        _fetch(root, files)
    typer.echo(
        f"All {len(listed)} models are in {root}. `flipbook worker` and `flipbook run` use "
        "them from now on."
    )


def _root(settings: WorkerSettings) -> Path:
    return settings.models_folder.absolute()


def _chosen(settings: WorkerSettings) -> ModelSelection:
    """The choice stored in the folder, and the extras that the settings need."""
    chosen = ModelSelection.load(settings.models_folder)
    needed = {
        "taesd": settings.fast_decode,
        SHARP_DECODER: settings.animatediff.vae == SHARP_DECODER,
        "safety-checker": settings.safety_checker,
    }
    extras = chosen.extras | {name for name, is_needed in needed.items() if is_needed}
    return ModelSelection(chosen.base, chosen.without, extras)


def _with_options(
    chosen: ModelSelection,
    base: str | None,
    extra: Sequence[str] | None,
    without: Sequence[str] | None,
) -> ModelSelection:
    listed = sources(base or chosen.base)
    extras = (
        chosen.extras
        if extra is None
        else _known(extra, [s for s in listed if s.optional], "--with")
    )
    removable = [s for s in listed if s.can_be_excluded and not s.optional]
    left = chosen.without if without is None else _known(without, removable, "--without")
    return ModelSelection(base or chosen.base, left, extras)


def _known(names: Iterable[str], among: Sequence[ModelSource], option: str) -> frozenset[str]:
    """The names, with ``motions`` expanded; one that is not ``among`` them ends the command."""
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
    with _exit_on_error(root):
        holdings = inventory(root, sources(chosen.base))
    names = {source.name for source in selected_sources(chosen)}
    if as_json:
        typer.echo(json.dumps(facts_of(root, holdings, names)))
        return
    lines = by_hand(root, holdings, names) if files else list_lines(root, holdings, names)
    typer.echo("\n".join(lines))


def _accept(root: Path, listed: Sequence[ModelSource], *, already: bool) -> None:
    from worker.engines.animatediff.models.download import accept, unaccepted  # noqa: PLC0415 - the hub's client

    to_accept = unaccepted(root, listed)
    if not to_accept:
        return
    typer.echo("\n".join(licence_lines(to_accept)), err=True)
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
    accept(root, to_accept)


def _go_through_proxy(hub: str | None) -> None:
    from worker.engines.animatediff.models.download import use_proxy  # noqa: PLC0415 - the hub's client

    mirror = hub or values_in_environment(["HF_ENDPOINT"]).get("HF_ENDPOINT")
    try:
        use_proxy(proxy_of(load_settings(), mirror or _HUB))
    except SettingsError as error:
        die(Exit.INVALID, str(error))


def _plan(
    root: Path, listed: Sequence[ModelSource], hub: str | None, *, newest: bool
) -> "list[RemoteFile]":
    from worker.engines.animatediff.models.download import bytes_missing, hub_token, plan  # noqa: PLC0415

    typer.echo(
        f"Asking the hub about {sum(len(source.files) for source in listed)} files …", err=True
    )
    files = plan(root, listed, endpoint=hub, token=hub_token(), newest=newest)
    typer.echo(f"{bytes_missing(files) / 1e9:.2f} GB will be downloaded to {root}.", err=True)
    return files


def _fetch(root: Path, files: "Sequence[RemoteFile]") -> None:
    from bot.commands.worker.models_screen import DownloadScreen  # noqa: PLC0415
    from worker.engines.animatediff.models.download import fetch, hub_token  # noqa: PLC0415

    with DownloadScreen() as screen:
        fetch(root, files, progress=screen.show, token=hub_token())


@contextmanager
def _download_lock(root: Path) -> Iterator[None]:
    """Hold the folder's lock: two downloads would write into the same files."""
    make_folder(root)
    try:
        with FileLock(root / ".download.lock", timeout=0):
            yield
    except Timeout:
        die(Exit.BUSY, f"Another download is working in {root}. Wait for it, or stop it.")


@contextmanager
def _exit_on_error(root: Path) -> Iterator[None]:
    """Within, an error ends the command with its sentence."""
    from worker.engine import EngineError  # noqa: PLC0415 - numpy

    try:
        yield
    except EngineError as error:
        die(Exit.FAILED, str(error))
    except OSError as error:
        die(Exit.FAILED, f"The models folder {root} cannot be used: {error}.")
    except KeyboardInterrupt:  # parts of files stay, and are completed next time
        die(Exit.CANCELLED, "Stopped. Run it again: it continues where it stopped.")
