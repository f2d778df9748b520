"""A backend that moves: the embedded worker, which has a new port after each restart."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Self

from generation.backends.client import QueueClient
from generation.domain.job import RequestHandle
from generation.ports import BackendClip, BackendUpdate, CancelOutcome, WorkerHealth
from generation.protocol.errors import BackendStarting, BackendUnavailable
from generation.protocol.extensions.capabilities import Capability
from generation.protocol.request import GenerationRequest


class RelocatableBackend:
    """A :class:`generation.ports.Backend` at the address last given to :meth:`move_to`; starting
    before that, and after :meth:`ended`.

    Handles hold no address, so jobs go on after a move.
    """

    # only our own worker moves
    resubmits_safely = True

    def __init__(self, name: str, connect: Callable[[str], QueueClient]) -> None:
        self._name = name
        self._connect = connect
        self._clients: dict[str, QueueClient] = {}
        self._current: QueueClient | None = None
        self._is_starting = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients.values():
            await client.__aexit__(None, None, None)

    @property
    def name(self) -> str:
        return self._name

    def move_to(self, url: str) -> None:
        """Use this address from now on. Clients of earlier addresses stay open for the requests
        under way there."""
        # a worker may come back to a port that it had before
        if url not in self._clients:
            self._clients[url] = self._connect(url)
        self._current = self._clients[url]
        self._is_starting = False

    def ended(self, *, starts_again: bool) -> None:
        """The worker has ended: until the next move it is starting, or cannot be reached where its
        starts have failed too often."""
        self._is_starting = starts_again

    async def engine(self) -> str | None:
        return await self._started().engine()

    async def places(self) -> int | None:
        return await self._started().places()

    async def capabilities(self) -> frozenset[Capability]:
        return await self._started().capabilities()

    async def compiling(self) -> int:
        return await self._started().compiling()

    async def health(self) -> WorkerHealth | None:
        return await self._started().health()

    async def submit(
        self,
        request: GenerationRequest,
        *,
        idempotency_key: str,
        webhook_url: str | None = None,
        share: str | None = None,
    ) -> str:
        return await self._started().submit(
            request, idempotency_key=idempotency_key, webhook_url=webhook_url, share=share
        )

    async def watch(self, handle: RequestHandle) -> AsyncGenerator[BackendUpdate, None]:
        async with aclosing(self._client.watch(handle)) as updates:
            async for update in updates:
                yield update

    async def result(self, handle: RequestHandle) -> BackendClip:
        return await self._client.result(handle)

    async def cancel(self, handle: RequestHandle) -> CancelOutcome:
        return await self._client.cancel(handle)

    async def fetch(self, clip: BackendClip, destination: Path, *, max_bytes: int) -> int:
        return await self._client.fetch(clip, destination, max_bytes=max_bytes)

    def _started(self) -> QueueClient:
        """For what is new: not sent to the old address of a worker that is being started again."""
        if self._is_starting:
            raise BackendStarting(self._name)
        return self._client

    @property
    def _client(self) -> QueueClient:
        # jobs may be taken before the worker has its port: they wait as for one that is down
        if self._current is None:
            raise (BackendStarting if self._is_starting else BackendUnavailable)(self._name)
        return self._current
