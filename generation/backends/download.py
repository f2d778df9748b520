"""Fetching a finished clip: only from allowed addresses, within a size limit, whole or not at
all."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from generation.backends.bounded import is_plain
from generation.backends.transport import ConnectionBroken, Download, QueueTransport, Unreachable
from generation.backends.urls import ClipRules, HttpUrl
from generation.ports import BackendClip
from generation.protocol.disk import disk_errors, in_thread
from generation.protocol.errors import (
    BackendError,
    BackendUnavailable,
    CredentialsRejected,
    ProtocolViolation,
    RequestNotFound,
)
from generation.protocol.net_guard import AddressRefused

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 3
_GONE: Final = frozenset({401, 403, 404, 410})
_ASK_LATER: Final = frozenset({408, 425, 429})
_WRITE_BYTES: Final = 512 * 1024


@dataclass(frozen=True, slots=True)
class _Destination:
    """Where a clip goes, and how large it may be."""

    path: Path
    max_bytes: int


class ClipDownloader:
    """Fetches clips of one backend."""

    def __init__(self, backend: str, transport: QueueTransport, rules: ClipRules) -> None:
        self._backend = backend
        self._transport = transport
        self._rules = rules

    async def fetch(self, clip: BackendClip, destination: Path, *, max_bytes: int) -> int:
        """Write the clip to ``destination``; returns its size in bytes.

        Raises BackendUnavailable where trying again may help, RequestNotFound for a clip that is
        gone, ProtocolViolation for an address or a size that is not acceptable, StorageFull.
        """
        try:
            return await self._follow(clip, _Destination(destination, max_bytes))
        except AddressRefused as error:
            raise ProtocolViolation(
                self._backend, f"the clip's address is refused: {error}"
            ) from error
        except (Unreachable, ConnectionBroken) as error:
            raise BackendUnavailable(
                self._backend, f"the clip could not be fetched: {error}"
            ) from error

    async def _follow(self, clip: BackendClip, destination: _Destination) -> int:
        """Go where the backend says, and on from there as redirects say."""
        url = self._rules.url_of(clip.url)
        # a redirect never gets the key, not even one to the backend's own origin
        with_key = self._rules.sends_key_to(url)
        for _ in range(_MOST_REDIRECTS + 1):
            outcome = await self._get(clip, url, destination, with_key=with_key)
            if isinstance(outcome, int):
                return outcome
            url, with_key = outcome, False
        raise ProtocolViolation(
            self._backend, f"the clip's address redirects more than {_MOST_REDIRECTS} times"
        )

    async def _get(
        self, clip: BackendClip, url: HttpUrl, destination: _Destination, *, with_key: bool
    ) -> int | HttpUrl:
        """The size of what was written, or where a redirect leads."""
        # every hop is judged: a harmless address may redirect to a private one
        connect_to = await self._rules.check(url)
        async with self._transport.download(
            str(url), with_key=with_key, connect_to=connect_to
        ) as download:
            if download.status in _REDIRECTS:
                return url.redirected(download.headers.get("location", ""))
            self._raise_unless_file(download, url)
            return await self._write(clip, download, destination)

    def _raise_unless_file(self, download: Download, url: HttpUrl) -> None:
        status = download.status
        # bytes that are compressed for the transfer would be counted and stored as such
        if status == 200 and is_plain(download.headers):
            return
        raise self._error_of(status, ours=self._rules.sends_key_to(url))

    def _error_of(self, status: int, *, ours: bool) -> BackendError:
        kind: type[BackendError] = ProtocolViolation
        # elsewhere a 401 comes from an expired link, at the backend itself from a wrong key
        if status == 401 and ours:
            kind = CredentialsRejected
        elif status in _GONE:
            kind = RequestNotFound
        elif status in _ASK_LATER or status >= 500:
            kind = BackendUnavailable
        return kind(self._backend, f"HTTP {status} for the clip")

    async def _write(self, clip: BackendClip, download: Download, destination: _Destination) -> int:
        expected, max_bytes = _length(download.headers, clip), destination.max_bytes
        if expected is not None and expected > max_bytes:
            raise ProtocolViolation(
                self._backend, f"the clip has {expected} bytes, more than the {max_bytes} allowed"
            )
        # a rename at the end, so that the file is never half a clip
        part = destination.path.with_name(f"{destination.path.name}.part")
        try:
            with disk_errors():
                received, rest = await self._receive(download.chunks, part, max_bytes)
                if expected is not None and received < expected:
                    raise BackendUnavailable(
                        self._backend, f"the clip broke off after {received} of {expected} bytes"
                    )
                # not flushed: after a power cut it is fetched again, whatever is here
                await in_thread(_finish, part, rest, received, destination.path)
        except BaseException:
            await in_thread(partial(part.unlink, missing_ok=True))
            raise
        return received

    async def _receive(
        self, chunks: AsyncIterator[bytes], part: Path, max_bytes: int
    ) -> tuple[int, bytes]:
        """How many bytes have come, and the last of them, which are not written yet."""
        received = 0
        # collected, because each write costs a change of thread
        unwritten = bytearray()
        async for chunk in chunks:
            received += len(chunk)
            # counted here too: a stream may have no length, or a wrong one
            if received > max_bytes:
                raise ProtocolViolation(
                    self._backend, f"the clip has more than the {max_bytes} bytes allowed"
                )
            unwritten += chunk
            if len(unwritten) >= _WRITE_BYTES:
                await in_thread(_write, part, bytes(unwritten), received)
                unwritten.clear()
        return received, bytes(unwritten)


def _write(part: Path, content: bytes, received: int) -> None:
    """Write the bytes that end at ``received``; the first ones replace what was left there."""
    # opened for each write, so that no open file is lost when a download is cancelled
    with part.open("ab" if received > len(content) else "wb") as file:
        file.write(content)


def _finish(part: Path, rest: bytes, received: int, destination: Path) -> None:
    _write(part, rest, received)
    part.replace(destination)


def _length(headers: Mapping[str, str], clip: BackendClip) -> int | None:
    """How many bytes the server announces; for a stream without a length, what the backend said of
    the clip."""
    stated = headers.get("content-length", "")
    # 15 digits: more is not a length but an attempt to have a large number parsed
    if stated.isdecimal() and len(stated) < 16:
        return int(stated)
    return None if "transfer-encoding" in headers else clip.size_bytes
