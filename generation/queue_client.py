"""The one client of the queue protocol: fal and our own worker differ by address, key and what may be repeated."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Final, Self, TypeVar

import httpx
from pydantic import SecretStr, TypeAdapter, ValidationError

from generation.errors import BackendUnavailable, RequestNotFound, SubmissionOutcomeUnknown
from generation.job import RequestHandle
from generation.ports import BackendUpdate, CancelOutcome, Clip, Clock
from generation.queue_addresses import Base, ClipRules, Resolver, resolve_by_system
from generation.queue_answers import Answer
from generation.queue_errors import error_of_submit
from generation.queue_fetch import ClipFetcher
from generation.queue_looks import Looks
from generation.queue_request import AcceptedRequest
from generation.queue_transport import Broken, QueueTransport, Timeouts, Unreachable
from generation.queue_watch import Jitter, Pauses, Watch, random_jitter
from generation.request import GenerationRequest
from generation.wire import (
    HEALTH_PATH,
    IDEMPOTENCY_HEADER,
    QUEUE_PATH,
    Health,
    RequestId,
    SubmitAnswer,
    engine_named,
    input_to_bytes,
    request_urls,
    submit_url,
)

T = TypeVar("T")

_AT_HOME: Final = Timeouts(idle=20.0)
"""Our worker keeps idle connections for half a minute, and a submit that meets a closing one is simply repeated."""

_REQUEST_ID: Final[TypeAdapter[str]] = TypeAdapter(RequestId)


class QueueClient:
    """A :class:`generation.ports.Backend` over HTTP, an async context manager that owns its connections.

    Every URL is built from ``base_url`` and the request id, never taken from an answer, so a handle outlives a
    backend's move. A submission is sent exactly once per call. Reads and cancels are repeated for ``patience`` seconds
    while the backend is away, then raise BackendUnavailable. ``looks``: whether to fetch what our own worker shows of
    clips while they appear. Raises ValueError for an address or key of no use.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        key: SecretStr | None,
        *,
        resubmits_safely: bool,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
        timeouts: Timeouts | None = None,
        patience: float = 10.0,
        jitter: Jitter = random_jitter,
        resolve: Resolver = resolve_by_system,
        looks: bool = False,
    ) -> None:
        self._name = name
        self._resubmits_safely = resubmits_safely
        self._base = Base.parse(base_url)
        self._clock = clock
        self._timeouts = timeouts or (_AT_HOME if resubmits_safely else Timeouts())
        self._patience = patience
        self._jitter = jitter
        direct_host = self._base.address.host if self._base.is_loopback else None
        self._transport = QueueTransport(key, self._timeouts, direct_host=direct_host, transport=transport)
        self._rules = ClipRules(self._base, resubmits_safely, resolve)
        self._fetcher = ClipFetcher(name, self._transport, self._rules)
        self._looks = looks and resubmits_safely

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._transport.close()

    @property
    def name(self) -> str:
        """``fal`` or ``worker``."""
        return self._name

    @property
    def resubmits_safely(self) -> bool:
        """Whether it recognises idempotency keys, so that a broken submission may be sent again."""
        return self._resubmits_safely

    async def engine(self) -> str | None:
        """What our worker renders with, as its health page says; None of fal, which has no such page.

        Raises BackendUnavailable where it cannot be asked. Asked once.
        """
        if not self._resubmits_safely:
            return None
        try:
            answer = await self._transport.exchange("GET", f"{self._base.url.removesuffix(QUEUE_PATH)}{HEALTH_PATH}")
        except (Unreachable, Broken) as error:
            raise BackendUnavailable(self._name, str(error)) from error
        health = answer.read_as(Health) if answer.succeeded else None
        return None if health is None else engine_named(health.engine)

    async def submit(self, request: GenerationRequest, *, idempotency_key: str, webhook_url: str | None = None) -> str:
        """Queue a request; returns the request id. Sent once, whatever happens.

        Raises BackendUnavailable or BackendBusy when provably nothing was accepted, SubmissionOutcomeUnknown when that
        is not known, else the backend's refusal (see :mod:`generation.queue_errors`).
        """
        url = submit_url(self._base.url, request.endpoint, webhook=webhook_url)
        headers = {"Content-Type": "application/json"}
        if self._resubmits_safely:
            headers[IDEMPOTENCY_HEADER] = idempotency_key
        try:
            answer = await self._transport.exchange(
                "POST", url, headers=headers, body=input_to_bytes(request.to_input())
            )
        except Unreachable as error:
            raise BackendUnavailable(self._name, str(error)) from error
        except Broken as error:
            raise SubmissionOutcomeUnknown(self._name, str(error)) from error
        return self._request_id(answer)

    def _request_id(self, answer: Answer) -> str:
        if not answer.succeeded:
            raise error_of_submit(self._name, answer, resubmits_safely=self._resubmits_safely, now=self._clock.now())
        accepted = answer.read_as(SubmitAnswer)
        if accepted is None:
            raise SubmissionOutcomeUnknown(self._name, f"HTTP {answer.status} without a usable request id")
        return accepted.request_id

    async def watch(self, handle: RequestHandle) -> AsyncGenerator[BackendUpdate, None]:
        """Every change until COMPLETED, the last one, which a failed or cancelled request reaches too.

        Raises BackendUnavailable once the backend has been away for ``patience`` seconds: watch again later.
        """
        watch = Watch(
            self._accepted(handle),
            self._clock,
            patience=self._patience,
            silence=self._timeouts.events,
            jitter=self._jitter,
            looks=Looks(self._transport, self._rules) if self._looks else None,
        )
        async with aclosing(watch.updates()) as updates:
            async for update in updates:
                yield update

    async def result(self, handle: RequestHandle) -> Clip:
        """The finished clip; raises what went wrong when there is none. BackendUnavailable: ask again later."""
        return await self._persist(self._accepted(handle).clip)

    async def cancel(self, handle: RequestHandle) -> CancelOutcome:
        """Ask the backend to stop; it may still complete."""
        return await self._persist(self._accepted(handle).cancel)

    async def fetch(self, clip: Clip, destination: Path, *, max_bytes: int) -> int:
        """Write the MP4 to a file, whole or not at all; returns its size in bytes.

        Raises BackendUnavailable where trying again may help, RequestNotFound for a clip that is gone,
        ProtocolViolation for an address or a size that is not acceptable, StorageFull.
        """
        return await self._fetcher.fetch(clip, destination, max_bytes=max_bytes)

    def _accepted(self, handle: RequestHandle) -> AcceptedRequest:
        try:
            request_id = _REQUEST_ID.validate_python(handle.request_id)
        except ValidationError as error:
            raise RequestNotFound(self._name, "no backend gives out such a request id") from error
        return AcceptedRequest(self._name, self._transport, request_urls(self._base.url, handle.endpoint, request_id))

    async def _persist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Repeat what can be repeated for as long as patience lasts."""
        deadline = self._clock.now() + timedelta(seconds=self._patience)
        pauses = Pauses(self._jitter)
        while True:
            try:
                return await attempt()
            except BackendUnavailable:
                if self._clock.now() >= deadline:
                    raise
            await self._clock.sleep(pauses.draw())
