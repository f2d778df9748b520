"""Brings the models from the Hugging Face hub: licences first, then room on the disk, then the files, resumed if cut.

The hub's own client begins a broken file again in a new process, so each file is kept here under a name of its own
(``.part`` with the content's tag) and taken up where it ended; length and, where the hub states it, SHA-256 are
checked before it gets its real name.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final, Self

from huggingface_hub import constants, get_hf_file_metadata, get_token, hf_hub_url
from huggingface_hub.errors import HFValidationError, HTTPError
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers

from worker.engine import EngineError
from worker.engines.animatediff.brought import Origin, note_origin, origins
from worker.engines.animatediff.catalogue import ModelSource
from worker.engines.animatediff.files import problem_of

ACCEPTED: Final = "accepted-licences.json"
SPARE_BYTES: Final = 500_000_000
"""What must stay free beside the models."""


class ModelDownloadError(EngineError):
    """The models could not be brought; the sentence says why and what to do."""


class LicenceNotAccepted(ModelDownloadError):
    """A model's licence has not been accepted on this machine."""


class NotEnoughDisk(ModelDownloadError):
    """The models do not fit beside what must stay free."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file on the hub and the place it goes to; ``stale`` when another content of the same length lies there."""

    source: ModelSource
    name: str
    url: str
    tag: str
    size: int
    destination: Path
    stale: bool = False

    @property
    def part(self) -> Path:
        """Where it grows until it is whole; another content has another name."""
        return self.destination.with_name(f"{self.destination.name}.{self.tag[:12]}.part")

    @property
    def bytes_here(self) -> int:
        """How much of it is on the disk already."""
        if self.is_here:
            return self.size
        return self.part.stat().st_size if self.part.is_file() else 0

    @property
    def is_here(self) -> bool:
        """Whether nothing of it has to be brought."""
        return not self.stale and self.destination.is_file() and self.destination.stat().st_size == self.size


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download has come: the file at hand and all files together, in bytes."""

    file: RemoteFile
    file_bytes: int
    all_bytes: int
    all_total: int


def unaccepted(root: Path, sources: Iterable[ModelSource]) -> list[ModelSource]:
    """The models whose licence nobody has accepted for this folder yet."""
    accepted = _accepted(root)
    return [source for source in sources if accepted.get(source.repo_id) != source.licence]


def accept(root: Path, sources: Iterable[ModelSource]) -> None:
    """Write down that the operator has accepted these licences; a licence that changes is asked about again."""
    root.mkdir(parents=True, exist_ok=True)
    accepted = _accepted(root) | {source.repo_id: source.licence for source in sources}
    (root / ACCEPTED).write_text(json.dumps(accepted, indent=1, sort_keys=True), encoding="utf-8")


def _accepted(root: Path) -> dict[str, str]:
    try:
        found = json.loads((root / ACCEPTED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def plan(
    root: Path, sources: Iterable[ModelSource], *, endpoint: str | None = None, token: str | None = None
) -> list[RemoteFile]:
    """Ask the hub for the exact files, sizes and content tags. Raises :class:`ModelDownloadError`."""
    return [
        _remote_file(root, source, name, endpoint=endpoint, token=token) for source in sources for name in source.files
    ]


def _remote_file(root: Path, source: ModelSource, name: str, *, endpoint: str | None, token: str | None) -> RemoteFile:
    try:
        url = hf_hub_url(source.repo_id, name, endpoint=endpoint)
        meta = get_hf_file_metadata(url, token=token or False)
    except (HTTPError, HFValidationError, OSError) as error:
        raise ModelDownloadError(
            f"The hub did not answer for {name} of {source.repo_id} ({_first_line(error)}). "
            "Check the name and the network, then run the download again: what is here already is kept."
        ) from error
    if meta.etag is None or meta.size is None:
        raise ModelDownloadError(f"The hub states no size for {name} of {source.repo_id}; try again later.")
    file = RemoteFile(source, name, url, meta.etag, meta.size, root / source.folder / name)
    return replace(file, stale=file.is_here and (problem_of(file.destination) is not None or not _is_same(root, file)))


def _is_same(root: Path, file: RemoteFile) -> bool:
    """Whether what lies there is what the hub has: by what was noted when it was brought, else by its content."""
    noted = origins(root).get(file.destination.relative_to(root).as_posix())
    if noted is not None and noted.repo_id == file.source.repo_id:
        return noted.tag == file.tag
    if (_sha256 if len(file.tag) == 64 else _git_hash)(file.destination) != file.tag:
        return False
    note_origin(root, file.destination, Origin(file.source.repo_id, file.tag))
    return True


def bytes_missing(files: Iterable[RemoteFile]) -> int:
    """What is still to be brought."""
    return sum(file.size - file.bytes_here for file in files)


def fetch(
    root: Path,
    files: Sequence[RemoteFile],
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    token: str | None = None,
) -> None:
    """Bring every file that is not here yet.

    Raises:
        LicenceNotAccepted: before anything is brought.
        NotEnoughDisk: likewise.
        ModelDownloadError: the network, the hub or the content failed; a second call goes on from there.
    """
    _check_licences(root, files)
    _check_disk(root, files)
    total, before = sum(file.size for file in files), 0
    for file in files:

        def report(here: int, file: RemoteFile = file, before: int = before) -> None:
            progress(Progress(file, here, before + here, total))

        if not file.is_here:
            _fetch_one(file, report, token=token)
            note_origin(root, file.destination, Origin(file.source.repo_id, file.tag))
        report(file.size)
        before += file.size


def _check_licences(root: Path, files: Sequence[RemoteFile]) -> None:
    open_ones = unaccepted(root, dict.fromkeys(file.source for file in files))
    if open_ones:
        names = ", ".join(f"{source.repo_id} ({source.licence})" for source in open_ones)
        raise LicenceNotAccepted(f"These licences are not accepted yet: {names}. Read and accept them first.")


def _check_disk(root: Path, files: Sequence[RemoteFile]) -> None:
    root.mkdir(parents=True, exist_ok=True)
    needed, free = bytes_missing(files) + SPARE_BYTES, shutil.disk_usage(root).free
    if bytes_missing(files) and needed > free:
        raise NotEnoughDisk(
            f"The models need {needed / 1e9:.1f} GB in {root}, and {free / 1e9:.1f} GB are free. "
            "Make room or name another folder."
        )


def _fetch_one(file: RemoteFile, report: Callable[[int], None], *, token: str | None) -> None:
    file.destination.parent.mkdir(parents=True, exist_ok=True)
    if file.bytes_here > file.size:
        file.part.unlink()  # more than there can be: nothing of it is to be trusted
    try:
        with file.part.open("ab") as part:
            _append(file, part, report, token=token)
    except (HTTPError, OSError) as error:
        raise ModelDownloadError(
            f"Bringing {file.name} of {file.source.repo_id} broke off ({_first_line(error)}). "
            "Run the download again: it goes on where it ended."
        ) from error
    _check_content(file)
    file.part.replace(file.destination)
    problem = problem_of(file.destination)
    if problem is not None:
        raise ModelDownloadError(problem.sentence)


def _append(file: RemoteFile, part: BinaryIO, report: Callable[[int], None], *, token: str | None) -> None:
    http_get(
        file.url,
        part,
        resume_size=part.tell(),
        headers={**build_hf_headers(token=token or False), "Accept-Encoding": "identity"},
        expected_size=file.size,
        tqdm_class=lambda initial=0, **_: _ByteCount(initial, report),
    )


class _ByteCount:
    """Stands where the hub's client wants a tqdm: counts, hands the count on, and draws nothing."""

    def __init__(self, initial: int, report: Callable[[int], None]) -> None:
        self._bytes = initial
        self._report = report

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, n: int) -> None:
        """Called with every piece that arrived; negative when the server began again."""
        self._bytes += n
        self._report(self._bytes)


def _check_content(file: RemoteFile) -> None:
    """Large files carry their SHA-256 as the content tag; small ones a git hash, which the length must answer for."""
    size = file.part.stat().st_size
    if size == file.size and (len(file.tag) != 64 or _sha256(file.part) == file.tag):
        return
    file.part.unlink()
    raise ModelDownloadError(
        f"{file.name} of {file.source.repo_id} arrived damaged ({size:,} of {file.size:,} bytes, or another content). "
        "Run the download again."
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git_hash(path: Path) -> str:
    """What the hub tags small files with."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def own_token() -> str | None:
    """The operator's own token for the hub, where there is one: for checkpoints that are not open to everybody."""
    token: str | None = get_token()
    return token


DEFAULT_HUB: Final[str] = constants.ENDPOINT
"""Where the models come from unless told otherwise."""
