"""Files that callers bring: received in one piece or in parts, kept for a while, readable by whoever has the URL."""

import asyncio
import hashlib
import re
import secrets
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from worker.storage import ClipStorage, telling_full_disk
from worker.store import StoredUpload, UploadStore
from worker.upload_wishes import Wanted

PENDING_LIFE: Final = timedelta(hours=1)
MAX_PENDING: Final = 64
"""Unfinished uploads of one owner."""
MAX_FILES: Final = 10_000
"""Complete uploads of one owner: however small they are, each takes a place on disk and in memory."""
MAX_PARTS: Final = 10_000
_BUFFER: Final = 2**20
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{32}\.[a-z0-9]{1,8}")


class TooMuch(Exception):
    """The owner's uploads would take more than they may; ``allowed`` in bytes."""

    def __init__(self, allowed: int) -> None:
        super().__init__(allowed)
        self.allowed = allowed


class TooMany(Exception):
    """The owner has as many uploads as it may, unfinished or complete; the message says which."""


class PartsMissing(Exception):
    """Parts were named that have not arrived, or that are not what arrived."""


class Busy(Exception):
    """Somebody is writing there just now."""


@dataclass(slots=True)
class Pending:
    """An upload under way. ``ticket`` is the secret that allows writing it, ``name`` its public file."""

    wanted: Wanted
    ticket: str
    name: str
    begun_at: datetime
    parts: dict[int, tuple[str, int]] = field(default_factory=dict)
    writing: set[int] = field(default_factory=set)
    complete: bool = False


class Uploads:
    """One folder of uploaded files. What they take is counted in ``storage``, which bounds all files together."""

    def __init__(
        self,
        folder: Path,
        store: UploadStore,
        storage: ClipStorage,
        *,
        max_bytes: int,
        seconds: float,
        clock: Callable[[], datetime],
        max_files: int = MAX_FILES,
    ) -> None:
        self._folder = folder
        self._store = store
        self._storage = storage
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._clock = clock
        self._pending: dict[str, Pending] = {}
        self._max_files = max_files
        self._taken: dict[str, int] = {}
        self._files: Counter[str] = Counter()

    async def open(self) -> None:
        """Make the folder; remove what was never completed."""
        known = await self._store.names()
        self._taken = await self._store.bytes_by_owner()
        self._files = Counter(await self._store.count_by_owner())
        self._storage.count(await asyncio.to_thread(_sweep, self._folder, known))

    def begin(self, wanted: Wanted) -> Pending:
        """Make a place for an upload. Raises TooMany for an owner with too many."""
        if len(self._unfinished(wanted.owner)) >= MAX_PENDING:
            raise TooMany(f"This key has {MAX_PENDING} unfinished uploads, as many as it may")
        self._check_count(wanted.owner, 1)
        name = secrets.token_urlsafe(24) + wanted.suffix
        pending = Pending(wanted, secrets.token_urlsafe(24), name, self._clock())
        self._pending[pending.ticket] = pending
        return pending

    def pending(self, ticket: str) -> Pending | None:
        """The upload that this ticket allows to write."""
        return self._pending.get(ticket)

    async def receive(self, pending: Pending, chunks: AsyncIterator[bytes]) -> None:
        """The whole file at once; then the upload is complete, and whatever comes after that is passed over.

        Raises TooMuch, StorageFull, Busy.
        """
        if not pending.complete:
            _, size = await self._write(pending, 0, chunks)
            await self._publish(pending, [self._part(pending, 0)], size)

    async def receive_part(self, pending: Pending, number: int, chunks: AsyncIterator[bytes]) -> str:
        """One part, numbered from 1; a part that comes again replaces the earlier one. Its ETag. Raises TooMany too."""
        if number in pending.parts:
            self._forget_part(pending, number)
        self._check_count(pending.wanted.owner, 1 if pending.parts else 0)
        part = await self._write(pending, number, chunks)
        pending.parts[number] = part
        return part[0]

    async def join(self, pending: Pending, parts: Sequence[tuple[int, str]]) -> None:
        """Put the named parts together by their numbers; then the upload is complete. Raises PartsMissing, Busy."""
        if pending.complete:
            return
        named, arrived = dict(parts), {number: etag for number, (etag, _) in pending.parts.items()}
        if not named or len(named) < len(parts) or not named.items() <= arrived.items():
            raise PartsMissing
        if pending.writing:
            raise Busy
        for extra in set(pending.parts) - set(named):
            self._forget_part(pending, extra)
        size = sum(size for _, size in pending.parts.values())
        files = [self._part(pending, number) for number in sorted(named)]
        pending.parts.clear()
        await self._publish(pending, files, size)

    async def find(self, name: str) -> tuple[StoredUpload, Path] | None:
        """A complete upload and its file."""
        if not _NAME.fullmatch(name):
            return None
        upload = await self._store.find(name)
        path = self._folder / name
        return (upload, path) if upload is not None and upload.expires_at > self._clock() and path.is_file() else None

    async def tidy(self) -> None:
        """Delete uploads whose time is over, and those that were begun and never completed."""
        for upload in await self._store.forget_expired(self._clock()):
            await asyncio.to_thread(_delete, self._folder / upload.name)
            self._give_back(upload.owner, upload.size)
            self._files[upload.owner] -= 1
        for pending in list(self._pending.values()):
            if pending.begun_at + PENDING_LIFE <= self._clock() and not pending.writing:
                del self._pending[pending.ticket]
                for number in list(pending.parts):
                    self._forget_part(pending, number)

    def _unfinished(self, owner: str) -> list[Pending]:
        return [one for one in self._pending.values() if one.wanted.owner == owner and not one.complete]

    def _check_count(self, owner: str, more: int) -> None:
        """Raise TooMany for more files than the owner may have: complete ones, and parts of the others."""
        unfinished = sum(max(len(pending.parts), 1) for pending in self._unfinished(owner))
        if self._files[owner] + unfinished + more > self._max_files:
            raise TooMany(f"This key has {self._max_files} uploads, as many as it may")

    async def _publish(self, pending: Pending, files: Sequence[Path], size: int) -> None:
        """From now on it can be read."""
        wanted, now, whole = pending.wanted, self._clock(), self._folder / pending.name
        seconds = self._seconds if wanted.seconds is None else min(wanted.seconds, self._seconds)
        expires = now + timedelta(seconds=seconds)
        stored = StoredUpload(pending.name, wanted.owner, wanted.media_type, wanted.file_name, size, now, expires)
        with self._held(pending, 0):
            try:
                with telling_full_disk():
                    await asyncio.to_thread(_join, files, whole)
                await self._store.add(stored)
            except BaseException:
                for file in (*files, whole):
                    _delete(file)
                self._give_back(wanted.owner, size)
                raise
            pending.complete = True
            self._files[wanted.owner] += 1

    async def _write(self, pending: Pending, number: int, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """Write what arrives; its ETag and size. Nothing is left of what is too much, or breaks off."""
        owner, size, path = pending.wanted.owner, 0, self._part(pending, number)
        digest, buffer = hashlib.sha256(), bytearray()
        with self._held(pending, number):
            try:
                with telling_full_disk(), path.open("wb") as file:
                    async for chunk in chunks:
                        self._take(owner, len(chunk))
                        size += len(chunk)
                        digest.update(chunk)
                        buffer += chunk
                        if len(buffer) >= _BUFFER:
                            await asyncio.to_thread(file.write, bytes(buffer))
                            buffer.clear()
                    await asyncio.to_thread(file.write, bytes(buffer))
            except BaseException:
                _delete(path)
                self._give_back(owner, size)
                raise
        return f'"{digest.hexdigest()[:32]}"', size

    @contextmanager
    def _held(self, pending: Pending, number: int) -> Iterator[None]:
        """Nobody else writes that part meanwhile; number 0, the whole, excludes all others."""
        if pending.complete or number in pending.writing or (pending.writing and 0 in {number, *pending.writing}):
            raise Busy
        pending.writing.add(number)
        try:
            yield
        finally:
            pending.writing.discard(number)

    def _take(self, owner: str, size: int) -> None:
        if self._taken.get(owner, 0) + size > self._max_bytes:
            raise TooMuch(self._max_bytes)
        self._storage.reserve(size)
        self._taken[owner] = self._taken.get(owner, 0) + size

    def _give_back(self, owner: str, size: int) -> None:
        self._storage.release(size)
        self._taken[owner] = self._taken.get(owner, 0) - size

    def _forget_part(self, pending: Pending, number: int) -> None:
        _, size = pending.parts.pop(number)
        _delete(self._part(pending, number))
        self._give_back(pending.wanted.owner, size)

    def _part(self, pending: Pending, number: int) -> Path:
        return self._folder / f"{pending.name}.{number}.part"


def _sweep(folder: Path, known: frozenset[str]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in known:
            path.unlink(missing_ok=True)
    return sum(path.stat().st_size for path in folder.iterdir())


def _join(parts: Sequence[Path], whole: Path) -> None:
    """Into the first of them, which gets the name of the whole."""
    unfinished = parts[0]
    with unfinished.open("ab") as file:
        for part in parts[1:]:
            with part.open("rb") as source:
                shutil.copyfileobj(source, file, _BUFFER)
            part.unlink()
    unfinished.rename(whole)


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)
