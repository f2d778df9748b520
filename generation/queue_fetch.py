"""Fetching a finished clip: only from where it may come, never more than allowed, whole or not at all."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from generation.disk import disk_errors, put_in_place
from generation.errors import (
    BackendError,
    BackendUnavailable,
    CredentialsRejected,
    ProtocolViolation,
    RequestNotFound,
)
from generation.ports import Clip
from generation.queue_addresses import Address, BadAddress, ClipRules
from generation.queue_transport import Broken, Download, QueueTransport, Unreachable

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 3
_GONE: Final = frozenset({401, 403, 404, 410})
_PASSING: Final = frozenset({408, 425, 429})
_WRITE_BYTES: Final = 512 * 1024


class ClipFetcher:
    """Fetches clips of one backend."""

    def __init__(self, backend: str, transport: QueueTransport, rules: ClipRules) -> None:
        self._backend = backend
        self._transport = transport
        self._rules = rules

    async def fetch(self, clip: Clip, destination: Path, *, max_bytes: int) -> int:
        """Write the clip to ``destination``; returns its size in bytes.

        Raises BackendUnavailable where trying again may help, RequestNotFound for a clip that is gone,
        ProtocolViolation for an address or a size that is not acceptable, StorageFull.
        """
        try:
            address = self._rules.address_of(clip.url)
            for hop in range(_MOST_REDIRECTS + 1):
                target = await self._visit(clip, address, destination, max_bytes, with_key=hop == 0)
                if isinstance(target, int):
                    return target
                address = target
        except BadAddress as error:
            raise ProtocolViolation(self._backend, f"the clip's address is refused: {error}") from error
        except (Unreachable, Broken) as error:
            raise BackendUnavailable(self._backend, f"the clip could not be fetched: {error}") from error
        raise ProtocolViolation(self._backend, f"the clip's address redirects more than {_MOST_REDIRECTS} times")

    async def _visit(
        self, clip: Clip, address: Address, destination: Path, max_bytes: int, *, with_key: bool
    ) -> int | Address:
        """Go there: the size of what was written, or where it says to go instead."""
        await self._rules.check(address)
        with_key = with_key and self._rules.shows_key(address)
        async with self._transport.download(str(address), with_key=with_key) as download:
            if download.status in _REDIRECTS:
                return address.redirected(download.headers.get("location", ""))
            self._accept(download, address)
            return await self._write(clip, download, destination, max_bytes)

    def _accept(self, download: Download, address: Address) -> None:
        """Raise unless this is the file itself."""
        status = download.status
        if status == 200 and download.headers.get("content-encoding", "identity") == "identity":
            return
        raise self._error_of(status, ours=self._rules.shows_key(address))

    def _error_of(self, status: int, *, ours: bool) -> BackendError:
        said = f"HTTP {status} for the clip"
        if status == 401 and ours:
            return CredentialsRejected(self._backend, said)
        if status in _GONE:
            return RequestNotFound(self._backend, said)
        if status in _PASSING or status >= 500:
            return BackendUnavailable(self._backend, said)
        return ProtocolViolation(self._backend, said)

    async def _write(self, clip: Clip, download: Download, destination: Path, max_bytes: int) -> int:
        expected = _length(download.headers, clip)
        if expected is not None and expected > max_bytes:
            raise ProtocolViolation(self._backend, f"the clip has {expected} bytes, more than the {max_bytes} allowed")
        part = destination.with_name(f"{destination.name}.part")
        try:
            with disk_errors():
                received = await self._receive(download.chunks, part, max_bytes)
                if expected is not None and received < expected:
                    raise BackendUnavailable(self._backend, f"the clip broke off after {received} of {expected} bytes")
                await asyncio.to_thread(put_in_place, part, destination)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
        return received

    async def _receive(self, chunks: AsyncIterator[bytes], part: Path, max_bytes: int) -> int:
        received = 0
        file = await asyncio.to_thread(part.open, "wb")
        try:
            waiting = bytearray()
            async for chunk in chunks:
                received += len(chunk)
                if received > max_bytes:
                    raise ProtocolViolation(self._backend, f"the clip has more than the {max_bytes} bytes allowed")
                waiting += chunk
                if len(waiting) >= _WRITE_BYTES:
                    waiting = await _flushed(file, waiting)
            await _flushed(file, waiting)
        finally:
            await asyncio.to_thread(file.close)
        return received


async def _flushed(file: BinaryIO, waiting: bytearray) -> bytearray:
    await asyncio.to_thread(file.write, bytes(waiting))
    return bytearray()


def _length(headers: Mapping[str, str], clip: Clip) -> int | None:
    """How many bytes the server promises; where it streams without a word, what the backend said of the clip."""
    stated = headers.get("content-length", "")
    if stated.isdecimal() and len(stated) < 16:
        return int(stated)
    return None if "transfer-encoding" in headers else clip.size_bytes
