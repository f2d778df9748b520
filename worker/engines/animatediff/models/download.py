"""Downloads the models from the Hugging Face hub: checks licences and disk space, resumes files.

The hub's own client starts a broken file again in a new process. Here each file grows under its own
name (``.part`` with the content's tag) and a later call resumes it. Its length and, where the hub
states it, its SHA-256 are checked before it gets its real name.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

import httpx
from huggingface_hub import get_hf_file_metadata, get_token, hf_hub_url, set_client_factory
from huggingface_hub.errors import HFValidationError, HTTPError
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers

from worker.engine import EngineError
from worker.engines.animatediff.models.byte_counter import ByteCounter
from worker.engines.animatediff.models.catalogue import ModelSource
from worker.engines.animatediff.models.files import problem_of
from worker.engines.animatediff.models.provenance import (
    Provenance,
    read_provenance,
    record_provenance,
)
from worker.engines.animatediff.models.revisions import (
    is_commit,
    read_revisions,
    record_revisions,
)

ACCEPTED_FILE: Final = "accepted-licences.json"
_HUB_SECONDS: Final = 60.0
"""Between two bytes of the hub."""
SPARE_BYTES: Final = 500_000_000
"""Bytes that must stay free on the disk besides the models."""


class ModelDownloadError(EngineError):
    """The models could not be downloaded; the sentence says why and what to do."""


class LicenceNotAccepted(ModelDownloadError):
    """A model's licence has not been accepted on this machine."""


class NotEnoughDisk(ModelDownloadError):
    """The disk has no room for the models and :data:`SPARE_BYTES`."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file on the hub and where it goes.

    tag: the hub's ETag of its content. size: in bytes. stale: whether the destination has other
    content of the same length. commit: of its repository; None where the hub states none.
    """

    source: ModelSource
    name: str
    url: str
    tag: str
    size: int
    destination: Path
    stale: bool = False
    commit: str | None = None

    @property
    def part(self) -> Path:
        """Where it grows until it is complete; other content has another name."""
        return self.destination.with_name(f"{self.destination.name}.{self.tag[:12]}.part")

    @property
    def bytes_here(self) -> int:
        """How many bytes of it are on the disk already."""
        if self.is_complete:
            return self.size
        return self.part.stat().st_size if self.part.is_file() else 0

    @property
    def is_complete(self) -> bool:
        """Whether nothing of it has to be downloaded."""
        return (
            not self.stale
            and self.destination.is_file()
            # lengths only: reading gigabytes at every plan would take minutes
            and self.destination.stat().st_size == self.size
        )


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far a download is: the current file and all files together, in bytes."""

    file: RemoteFile
    file_bytes: int
    all_bytes: int
    all_total: int


def unaccepted(root: Path, sources: Iterable[ModelSource]) -> list[ModelSource]:
    """The models whose licence is not accepted for this folder yet."""
    accepted = _accepted(root)
    return [source for source in sources if accepted.get(source.repo_id) != source.licence]


def accept(root: Path, sources: Iterable[ModelSource]) -> None:
    """Keep that the operator has accepted these licences; a changed licence counts as new."""
    root.mkdir(parents=True, exist_ok=True)
    accepted = _accepted(root) | {source.repo_id: source.licence for source in sources}
    (root / ACCEPTED_FILE).write_text(
        json.dumps(accepted, indent=1, sort_keys=True), encoding="utf-8"
    )


def _accepted(root: Path) -> dict[str, str]:
    try:
        found = json.loads((root / ACCEPTED_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    # a damaged record accepts nothing: the operator is asked again
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def use_proxy(proxy: str | None) -> None:
    """Reach the hub through this proxy only: its client would read the environment by itself, and
    fail at forms that other programs understand."""
    set_client_factory(
        lambda: httpx.Client(
            proxy=proxy,
            trust_env=False,
            verify=httpx.create_ssl_context(),
            follow_redirects=True,
            timeout=_HUB_SECONDS,
        )
    )


def plan(
    root: Path,
    sources: Iterable[ModelSource],
    *,
    endpoint: str | None = None,
    token: str | None = None,
    newest: bool = False,
) -> list[RemoteFile]:
    """Ask the hub for the exact files, sizes and content tags; downloads nothing.

    Of each repository the commit is asked for that the catalogue pins or the folder has recorded;
    else, and with `newest`, that of the hub's first answer. All its files are of one commit.

    Raises:
        ModelDownloadError: the hub did not answer for a file.
    """
    commits, files = {} if newest else read_revisions(root), []
    for source in sources:
        for name in source.files:
            revision = source.revision or commits.get(source.repo_id)
            file = _remote_file(root, source, name, revision, endpoint=endpoint, token=token)
            if file.commit is not None:
                commits.setdefault(source.repo_id, file.commit)
            files.append(file)
    return files


def _remote_file(
    root: Path,
    source: ModelSource,
    name: str,
    revision: str | None,
    *,
    endpoint: str | None,
    token: str | None,
) -> RemoteFile:
    try:
        url = hf_hub_url(source.repo_id, name, revision=revision, endpoint=endpoint)
        # token False, not None: None would send a token from the environment
        meta = get_hf_file_metadata(url, token=token or False)
    except (HTTPError, HFValidationError, OSError) as error:
        raise ModelDownloadError(
            f"The hub did not answer for {name} of {source.repo_id} ({_first_line(error)}). "
            "Check the name and the network, then run the download again: what was downloaded "
            "is kept."
        ) from error
    if meta.etag is None or meta.size is None:
        raise ModelDownloadError(
            f"The hub states no size for {name} of {source.repo_id}; try again later."
        )
    commit = meta.commit_hash if is_commit(meta.commit_hash) else None
    # by its commit from here on: the newest files may change between two answers
    exact = hf_hub_url(source.repo_id, name, revision=commit, endpoint=endpoint) if commit else url
    file = RemoteFile(source, name, exact, meta.etag, meta.size, root / source.folder / name)
    return replace(
        file,
        commit=commit,
        # only a file of the right length is read, to compare its content
        stale=file.is_complete
        and (problem_of(file.destination) is not None or not _is_same(root, file)),
    )


def _is_same(root: Path, file: RemoteFile) -> bool:
    """Whether the file on the disk is the hub's: by its provenance, or by its content where that is
    unknown."""
    known = read_provenance(root).get(file.destination.relative_to(root).as_posix())
    if known is not None and known.repo_id == file.source.repo_id:
        return known.tag == file.tag
    # only large files have a SHA-256 as their tag
    if (_sha256 if len(file.tag) == 64 else _git_hash)(file.destination) != file.tag:
        return False
    # a file copied by hand is read once; the record saves reading it again
    record_provenance(root, file.destination, Provenance(file.source.repo_id, file.tag))
    return True


def bytes_missing(files: Iterable[RemoteFile]) -> int:
    """How many bytes are still to be downloaded."""
    return sum(file.size - file.bytes_here for file in files)


def fetch(
    root: Path,
    files: Sequence[RemoteFile],
    *,
    progress: Callable[[DownloadProgress], None] = lambda _: None,
    token: str | None = None,
) -> None:
    """Download every file that is not complete yet.

    progress: called after every piece that arrives.

    Raises:
        LicenceNotAccepted: before anything is downloaded.
        NotEnoughDisk: before anything is downloaded.
        ModelDownloadError: the network, the hub or the content failed; a second call resumes.
    """
    _check_licences(root, files)
    _check_disk(root, files)
    # before the first byte: what is continued later is of the same commits
    record_revisions(root, {f.source.repo_id: f.commit for f in files if f.commit is not None})
    total, before = sum(file.size for file in files), 0
    for file in files:
        # defaults bind the loop's values: the call comes later
        def report(here: int, file: RemoteFile = file, before: int = before) -> None:
            progress(DownloadProgress(file, here, before + here, total))

        if not file.is_complete:
            _fetch_one(file, report, token=token)
            record_provenance(root, file.destination, Provenance(file.source.repo_id, file.tag))
        report(file.size)
        before += file.size


def _check_licences(root: Path, files: Sequence[RemoteFile]) -> None:
    not_accepted = unaccepted(root, dict.fromkeys(file.source for file in files))
    if not_accepted:
        names = ", ".join(f"{source.repo_id} ({source.licence})" for source in not_accepted)
        raise LicenceNotAccepted(
            f"These licences are not accepted yet: {names}. Read and accept them first."
        )


def _check_disk(root: Path, files: Sequence[RemoteFile]) -> None:
    # disk_usage needs an existing folder
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
        # longer than the file itself: none of it can be trusted
        file.part.unlink()
    try:
        # append: what an earlier call has written stays
        with file.part.open("ab") as part:
            _append(file, part, report, token=token)
    except (HTTPError, OSError) as error:
        raise ModelDownloadError(
            f"Downloading {file.name} of {file.source.repo_id} broke off ({_first_line(error)}). "
            "Run the download again: it continues where it stopped."
        ) from error
    # only checked content gets the real name
    _check_content(file)
    file.part.replace(file.destination)
    problem = problem_of(file.destination)
    if problem is not None:
        raise ModelDownloadError(problem.sentence)


def _append(
    file: RemoteFile, part: BinaryIO, report: Callable[[int], None], *, token: str | None
) -> None:
    http_get(
        file.url,
        part,
        resume_size=part.tell(),
        # compressed bytes could not be resumed by their offset
        headers={**build_hf_headers(token=token or False), "Accept-Encoding": "identity"},
        expected_size=file.size,
        tqdm_class=lambda initial=0, **_: ByteCounter(initial, report),
    )


def _check_content(file: RemoteFile) -> None:
    """Raise :class:`ModelDownloadError` when a finished part has another length or SHA-256."""
    # small files have a Git hash as their tag; for them only the length is checked
    size = file.part.stat().st_size
    if size == file.size and (len(file.tag) != 64 or _sha256(file.part) == file.tag):
        return
    file.part.unlink()
    raise ModelDownloadError(
        f"{file.name} of {file.source.repo_id} arrived damaged ({size:,} of {file.size:,} bytes, "
        "or another content). Run the download again."
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git_hash(path: Path) -> str:
    """Git's SHA-1 of a file, which the hub uses as the tag of small files."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def hub_token() -> str | None:
    """The operator's token for the hub, for checkpoints that are not public; None without one."""
    token: str | None = get_token()
    return token
