"""Pictures and videos that clips start from: read from where callers say, unpacked at once, and
kept as frames until their request has ended."""

import asyncio
import base64
import binascii
import io
import re
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import numpy as np

from generation.mp4.foreign_file import ForeignFiles, WantedFrames
from generation.protocol.disk import make_folder
from generation.protocol.errors import UnreadableFile
from generation.protocol.inputs.file import MAX_FILE_BYTES
from generation.protocol.inputs.guarded_get import FetchFailed, FileTooLarge, GuardedFetcher
from generation.protocol.inputs.trouble import FileTrouble
from generation.protocol.net_guard import AddressRefused
from worker.engine import Frames
from worker.render.clip_storage import ClipStorage, raising_storage_full
from worker.uploads.store import Uploads

KEPT_SECONDS: Final = 600.0
"""How long frames are kept that no open request needs: theirs may be about to be stored."""
LARGE_BODIES: Final = 4
"""Bodies over a mebibyte, with a file inside, that are received at the same time."""
_DATA_URI: Final = re.compile(r"data:[a-z]+/[a-z0-9.+-]{1,40};base64,", re.IGNORECASE)
_UPLOADS_PATH: Final = "/files/uploads/"
_CLIPS_PATH: Final = "/files/"


class InputFiles:
    """One folder of frames, whose bytes count in ``storage``."""

    def __init__(
        self, folder: Path, storage: ClipStorage, uploads: Uploads, fetcher: GuardedFetcher
    ) -> None:
        self.large_bodies = asyncio.Semaphore(LARGE_BODIES)
        self._folder = folder
        self._storage = storage
        self._uploads = uploads
        self._fetcher = fetcher
        self._foreign = ForeignFiles()

    def open(self) -> None:
        """Create the folder, and count what is in it."""
        make_folder(self._folder)
        self._storage.count(sum(path.stat().st_size for path in self._folder.iterdir()))

    async def take(self, url: str, wanted: WantedFrames) -> tuple[str, Frames]:
        """Read the file at that URL: the name that its frames are kept under, and the frames.

        Raises UnreadableFile, StorageFull.
        """
        frames = await self._foreign.frames(await self._read(url), wanted)
        name = f"{secrets.token_urlsafe(24)}.npz"
        await asyncio.to_thread(self._keep, name, frames)
        return name, frames

    def frames(self, name: str) -> Frames:
        """The frames under that name. Blocks; raises OSError."""
        with np.load(self._folder / name, allow_pickle=False) as kept:
            frames: Frames = kept["frames"]
        return frames

    def remove_unneeded(self, needed: Collection[str], now: float) -> None:
        """Delete the frames that no open request needs. Blocks; ``now`` in seconds since 1970."""
        for path in self._folder.iterdir():
            about = path.stat()
            if path.name not in needed and about.st_mtime + KEPT_SECONDS < now:
                path.unlink(missing_ok=True)
                self._storage.release(about.st_size)

    def _keep(self, name: str, frames: Frames) -> None:
        packed = io.BytesIO()
        np.savez_compressed(packed, frames=frames)
        data = packed.getvalue()
        self._storage.reserve(len(data))
        try:
            with raising_storage_full():
                (self._folder / name).write_bytes(data)
        except BaseException:
            (self._folder / name).unlink(missing_ok=True)
            self._storage.release(len(data))
            raise

    async def _read(self, url: str) -> bytes:
        if url[:5].lower() == "data:":
            return await asyncio.to_thread(_of_data_uri, url)
        own = await self._own(url)
        if own is not None:
            if own.stat().st_size > MAX_FILE_BYTES:
                raise UnreadableFile(FileTrouble.TOO_LARGE)
            return await asyncio.to_thread(own.read_bytes)
        try:
            return await self._fetcher.get(url, most=MAX_FILE_BYTES)
        except FileTooLarge as error:
            raise UnreadableFile(FileTrouble.TOO_LARGE) from error
        except AddressRefused as error:
            raise UnreadableFile(FileTrouble.NOT_A_LINK) from error
        except FetchFailed as error:
            raise UnreadableFile(FileTrouble.UNREACHABLE) from error

    async def _own(self, url: str) -> Path | None:
        """The file of an upload, or of a clip of this worker: looked up by its secret name, never
        by HTTP, because the worker's own address may be one that no caller may name."""
        try:
            path = urlsplit(url).path
        except ValueError:
            return None
        if path.startswith(_UPLOADS_PATH):
            found = await self._uploads.find(path.removeprefix(_UPLOADS_PATH))
            return None if found is None else found[1]
        if path.startswith(_CLIPS_PATH):
            return self._storage.find(path.removeprefix(_CLIPS_PATH))
        return None


def _of_data_uri(url: str) -> bytes:
    head = _DATA_URI.match(url[:80])
    if head is None:
        raise UnreadableFile(FileTrouble.NOT_A_LINK)
    # before it is decoded: four characters are three bytes
    if (len(url) - head.end()) // 4 * 3 > MAX_FILE_BYTES:
        raise UnreadableFile(FileTrouble.TOO_LARGE)
    try:
        return base64.b64decode(url[head.end() :], validate=True)
    except (ValueError, binascii.Error) as error:
        raise UnreadableFile(FileTrouble.DAMAGED) from error
