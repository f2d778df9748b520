"""A backend whose address is not known yet, or changes: the embedded worker, which gets a new port when it restarts."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Self

from generation.errors import BackendUnavailable
from generation.job import RequestHandle
from generation.ports import BackendUpdate, CancelOutcome, Clip
from generation.queue_client import QueueClient
from generation.request import GenerationRequest


class MovingBackend:
    """A :class:`generation.ports.Backend` at the address last told by :meth:`move_to`; away until there is one.

    Handles hold no address, so jobs go on wherever the backend turns up.
    """

    resubmits_safely = True

    def __init__(self, name: str, connect: Callable[[str], QueueClient]) -> None:
        self._name = name
        self._connect = connect
        self._clients: dict[str, QueueClient] = {}
        self._current: QueueClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients.values():
            await client.__aexit__(None, None, None)

    @property
    def name(self) -> str:
        """The backend's name."""
        return self._name

    def move_to(self, url: str) -> None:
        """From now on it is there. Clients of earlier addresses stay open until the end, for what they still do."""
        if url not in self._clients:
            self._clients[url] = self._connect(url)
        self._current = self._clients[url]

    async def engine(self) -> str | None:
        """As :meth:`QueueClient.engine`."""
        return await self._client.engine()

    async def submit(self, request: GenerationRequest, *, idempotency_key: str, webhook_url: str | None = None) -> str:
        """As :meth:`QueueClient.submit`."""
        return await self._client.submit(request, idempotency_key=idempotency_key, webhook_url=webhook_url)

    async def watch(self, handle: RequestHandle) -> AsyncGenerator[BackendUpdate, None]:
        """As :meth:`QueueClient.watch`."""
        async with aclosing(self._client.watch(handle)) as updates:
            async for update in updates:
                yield update

    async def result(self, handle: RequestHandle) -> Clip:
        """As :meth:`QueueClient.result`."""
        return await self._client.result(handle)

    async def cancel(self, handle: RequestHandle) -> CancelOutcome:
        """As :meth:`QueueClient.cancel`."""
        return await self._client.cancel(handle)

    async def fetch(self, clip: Clip, destination: Path, *, max_bytes: int) -> int:
        """As :meth:`QueueClient.fetch`."""
        return await self._client.fetch(clip, destination, max_bytes=max_bytes)

    @property
    def _client(self) -> QueueClient:
        if self._current is None:
            raise BackendUnavailable(self._name, "it has not started yet")
        return self._current
