"""The client of the queue protocol: fal and our own worker differ by address, by key and by what
may be repeated."""

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Final, Self, TypeVar

import httpx
from pydantic import SecretStr, TypeAdapter, ValidationError

from generation.backends.download import ClipDownloader
from generation.backends.errors import error_of_read, error_of_submit
from generation.backends.previews import PreviewFetcher
from generation.backends.requests import AcceptedRequest
from generation.backends.responses import BackendResponse, worker_health
from generation.backends.transport import ConnectionBroken, QueueTransport, Timeouts, Unreachable
from generation.backends.urls import BaseUrl, ClipRules
from generation.backends.watch import Jitter, PollIntervals, StatusWatcher, random_jitter
from generation.domain.job import RequestHandle
from generation.domain.prompt_syntax import plain_request
from generation.ports import BackendClip, BackendUpdate, CancelOutcome, WorkerHealth
from generation.protocol.clock import Clock
from generation.protocol.errors import (
    BackendUnavailable,
    EndpointNotFound,
    RequestNotFound,
    SubmissionOutcomeUnknown,
)
from generation.protocol.extensions.capabilities import Capability, needed_by
from generation.protocol.net_guard import NetGuard, Resolver, resolve_by_system
from generation.protocol.proxies import Proxies
from generation.protocol.request import Endpoint, GenerationRequest
from generation.protocol.wire import (
    HEALTH_PATH,
    IDEMPOTENCY_HEADER,
    QUEUE_PATH,
    SHARE_HEADER,
    HealthBody,
    RequestId,
    SubmitAnswer,
    engine_named,
    input_to_bytes,
    request_urls,
    submit_url,
)

T = TypeVar("T")

_WORKER_TIMEOUTS: Final = Timeouts(idle=20.0)
"""Our worker keeps idle connections for 30 s."""

_NEVER_GIVEN: Final = "00000000-0000-4000-8000-000000000000"
_REQUEST_ID: Final[TypeAdapter[str]] = TypeAdapter(RequestId)


class QueueClient:
    """A :class:`generation.ports.Backend` over HTTP, an async context manager that owns its
    connections.

    Every URL is built from ``base_url`` and the request id, never taken from an answer, so a handle
    stays valid when a backend moves. A submission is sent exactly once per call. Reads and cancels
    are repeated for ``patience`` seconds while the backend is away, then raise BackendUnavailable.
    ``previews``: whether to fetch the worker's preview frames of unfinished clips. ``trust``: the
    certificates to accept, those of the system by default. Raises ValueError for an address, a key
    or a proxy that cannot be used.
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
        previews: bool = False,
        proxies: Proxies | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._name = name
        self._resubmits_safely = resubmits_safely
        self._base = BaseUrl.parse(base_url)
        self._clock = clock
        self._timeouts = timeouts or (_WORKER_TIMEOUTS if resubmits_safely else Timeouts())
        self._patience = patience
        self._jitter = jitter
        self._transport = QueueTransport(
            key,
            self._timeouts,
            home=self._base.text,
            proxies=proxies,
            trust=trust,
            transport=transport,
        )
        self._rules = ClipRules(self._base, resubmits_safely, NetGuard(resolve))
        self._downloader = ClipDownloader(name, self._transport, self._rules)
        self._fetches_previews = previews and resubmits_safely

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
        """The engine that our worker names on its health page, asked once; None for fal, which has
        no such page.

        Raises BackendUnavailable when it cannot be asked.
        """
        health = await self._health()
        return None if health is None else engine_named(health.engine)

    async def places(self) -> int | None:
        """How many clips our worker says that it renders at once; None for fal, and for a worker
        that does not say it. Raises BackendUnavailable when it cannot be asked."""
        health = await self._health()
        return None if health is None else health.places

    async def capabilities(self) -> frozenset[Capability]:
        """What our worker says that it offers beyond fal's endpoints; nothing for fal. Raises
        BackendUnavailable when it cannot be asked."""
        health = await self._health()
        return frozenset() if health is None else health.capabilities

    async def compiling(self) -> int:
        """How many shapes of clips our worker says that it has yet to compile; 0 for fal. Raises
        BackendUnavailable when it cannot be asked."""
        health = await self._health()
        return 0 if health is None else health.compiling

    async def health(self) -> WorkerHealth | None:
        """What our worker tells of itself; None for fal. Raises BackendUnavailable when it cannot
        be asked."""
        body = await self._health()
        return None if body is None else worker_health(body)

    async def _health(self) -> HealthBody | None:
        if not self._resubmits_safely:
            return None
        try:
            # the health page is next to the queue's path, not below it
            answer = await self._transport.exchange(
                "GET", f"{self._base.text.removesuffix(QUEUE_PATH)}{HEALTH_PATH}"
            )
        except (Unreachable, ConnectionBroken) as error:
            raise BackendUnavailable(self._name, str(error)) from error
        return answer.read_as(HealthBody) if answer.succeeded else None

    async def check(self) -> str | None:
        """Ask about a request that never was, as the bot asks about any, at no cost; the ``Date``
        of the answer.

        Raises CredentialsRejected for a wrong key, BackendUnavailable, or another BackendError.
        """
        url = request_urls(self._base.text, Endpoint.STANDARD, _NEVER_GIVEN).status
        try:
            answer = await self._transport.exchange("GET", url)
        except (Unreachable, ConnectionBroken) as error:
            raise BackendUnavailable(self._name, str(error)) from error
        refusal = error_of_read(self._name, answer)
        if not isinstance(refusal, RequestNotFound):
            raise refusal
        return answer.headers.get("date")

    async def submit(
        self,
        request: GenerationRequest,
        *,
        idempotency_key: str,
        webhook_url: str | None = None,
        share: str | None = None,
    ) -> str:
        """Queue a request; returns the request id. Sent exactly once.

        Raises BackendUnavailable or BackendBusy when nothing was accepted for certain,
        SubmissionOutcomeUnknown when that is not known, else the backend's refusal (see
        :mod:`generation.backends.errors`). What the backend does not offer is never sent:
        EndpointNotFound.
        """
        await self._check_offered(request)
        url = submit_url(self._base.text, request.endpoint, webhook=webhook_url)
        headers = {"Content-Type": "application/json"}
        # only our worker reads them: the first makes a second submission the same request, the
        # other tells members apart, which is nobody else's business
        if self._resubmits_safely:
            headers[IDEMPOTENCY_HEADER] = idempotency_key
            headers |= {SHARE_HEADER: share} if share else {}
        try:
            answer = await self._transport.exchange(
                "POST", url, headers=headers, body=input_to_bytes(plain_request(request).to_input())
            )
        except Unreachable as error:
            raise BackendUnavailable(self._name, str(error)) from error
        except ConnectionBroken as error:
            # the bytes may have arrived, so the request may be queued, and paid for
            raise SubmissionOutcomeUnknown(self._name, str(error)) from error
        return self._request_id(answer)

    async def _check_offered(self, request: GenerationRequest) -> None:
        needs = needed_by(request)
        # a backend that does not know a field would make another clip than was asked for
        if needs and (lacking := needs - await self.capabilities()):
            raise EndpointNotFound(self._name, f"no {', '.join(sorted(lacking))} there")

    def _request_id(self, answer: BackendResponse) -> str:
        if not answer.succeeded:
            raise error_of_submit(
                self._name, answer, resubmits_safely=self._resubmits_safely, now=self._clock.now()
            )
        accepted = answer.read_as(SubmitAnswer)
        if accepted is None:
            # a 2xx: something was accepted, but it cannot be asked about
            raise SubmissionOutcomeUnknown(
                self._name, f"HTTP {answer.status} without a usable request id"
            )
        return accepted.request_id

    async def watch(self, handle: RequestHandle) -> AsyncGenerator[BackendUpdate, None]:
        """Every change until COMPLETED, which failed and cancelled requests reach too.

        Raises BackendUnavailable once the backend has been away for ``patience`` seconds: watch
        again later.
        """
        watcher = StatusWatcher(
            self._accepted(handle),
            self._clock,
            patience=self._patience,
            silence=self._timeouts.events,
            jitter=self._jitter,
            previews=self._preview_fetcher(),
        )
        # closed here and now when the caller leaves, or the stream would stay open until collected
        async with aclosing(watcher.updates()) as updates:
            async for update in updates:
                yield update

    async def result(self, handle: RequestHandle) -> BackendClip:
        """The finished clip. Raises why there is none, or BackendUnavailable: ask again later."""
        return await self._repeated(self._accepted(handle).clip)

    async def cancel(self, handle: RequestHandle) -> CancelOutcome:
        """Ask the backend to stop; it may still complete."""
        return await self._repeated(self._accepted(handle).cancel)

    async def fetch(self, clip: BackendClip, destination: Path, *, max_bytes: int) -> int:
        """Write the MP4 to a file, whole or not at all; returns its size in bytes.

        Raises BackendUnavailable where trying again may help, RequestNotFound for a clip that is
        gone, ProtocolViolation for an address or a size that is not acceptable, StorageFull.
        """
        return await self._downloader.fetch(clip, destination, max_bytes=max_bytes)

    def _preview_fetcher(self) -> PreviewFetcher | None:
        return PreviewFetcher(self._transport, self._rules) if self._fetches_previews else None

    def _accepted(self, handle: RequestHandle) -> AcceptedRequest:
        # a handle comes from the database: its id goes into a path only if it cannot leave it
        try:
            request_id = _REQUEST_ID.validate_python(handle.request_id)
        except ValidationError as error:
            raise RequestNotFound(self._name, "no backend gives out such a request id") from error
        return AcceptedRequest(
            self._name, self._transport, request_urls(self._base.text, handle.endpoint, request_id)
        )

    async def _repeated(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What the attempt returns, tried again for ``patience`` seconds."""
        deadline = self._clock.now() + timedelta(seconds=self._patience)
        intervals = PollIntervals(self._jitter)
        while True:
            try:
                return await attempt()
            except BackendUnavailable:
                if self._clock.now() >= deadline:
                    raise
            await self._clock.sleep(intervals.draw())
