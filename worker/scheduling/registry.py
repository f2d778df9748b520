"""The registry of requests: answers every poll from memory, and stores each transition before a
caller can see it."""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC
from typing import Final

from generation.protocol.clock import Clock
from generation.protocol.wire import CancelStatus, LogEntry, RequestState
from worker.records import (
    Idempotency,
    Outcome,
    Request,
    StoredRequest,
)
from worker.scheduling import failures
from worker.scheduling.cache import FinishedRequests
from worker.scheduling.clipless import CliplessRequests
from worker.scheduling.fairness import may_run_beside
from worker.scheduling.live_request import LiveRequest, PreviewImage, new_preview_name
from worker.scheduling.recovery import recovered
from worker.scheduling.request_log import log_state
from worker.scheduling.request_queue import RequestQueue
from worker.scheduling.submission_limits import SubmissionLimits
from worker.store import DeletedRequest, RequestStore

MAX_LOGS: Final = 500
MAX_CONCURRENT_READS: Final = 4
"""Polls that read the database at the same time; it has few connections, and submissions need them
too."""


class RequestRegistry:
    """All open requests, and the finished ones that fit into memory; the others are read from the
    database.

    ``wake`` is set when there may be work for the render loop, ``owed`` when a webhook is due.
    Methods that write raise StoreError or StorageFull when the disk fails; then nothing has
    changed.
    """

    def __init__(
        self,
        store: RequestStore,
        *,
        wake: asyncio.Event,
        owed: asyncio.Event,
        clock: Clock,
        max_queue: int,
    ) -> None:
        self.clipless = CliplessRequests(store)
        self.queue = RequestQueue(clock)
        self._store = store
        self._wake = wake
        self._owed = owed
        self._clock = clock
        self._limits = SubmissionLimits(max_queue)
        self._is_free: Callable[[], bool] = lambda: False
        self._starting: set[str] = set()
        self._being_stored: dict[str, LiveRequest] = {}
        self._begun: list[LiveRequest] = []
        self._active: dict[str, LiveRequest] = {}
        self._finished = FinishedRequests()
        self._reading = asyncio.Semaphore(MAX_CONCURRENT_READS)

    async def open(self) -> None:
        """Recover the open requests of the previous worker: queued ones wait again, interrupted
        ones get one more attempt."""
        await self.clipless.count()
        for request in await self._store.open_requests():
            resumed = recovered(request, self._clock.now())
            # a queued request is as it was, and needs no write
            if resumed != request:
                await self._store.save(resumed)
                self._announce(resumed)
            if resumed.open:
                self._enqueue(LiveRequest(resumed))

    @property
    def active(self) -> tuple[LiveRequest, ...]:
        """The requests that are being rendered."""
        return tuple(self._active.values())

    @property
    def open_requests(self) -> tuple[LiveRequest, ...]:
        """All requests that have not ended."""
        return (*self._active.values(), *self.queue)

    async def submit(
        self,
        request: Request,
        idempotency: Idempotency | None = None,
        *,
        max_ahead: int | None = None,
        max_open: int | None = None,
    ) -> LiveRequest:
        """Accept a request; it is stored when this returns. A known idempotency key gives the
        request that was submitted under it.

        ``max_ahead`` bounds the queue in front of it, ``max_open`` the open requests of its owner.
        Raises QueueFull, KeyLimitReached, or IdempotencyConflict.
        """
        owners = (live.request.owner for live in self.open_requests)
        with self._limits.place_for(
            request,
            waiting=len(self.queue),
            open_owners=owners,
            max_ahead=max_ahead,
            max_open=max_open,
        ):
            if self._can_start_at_once(request):
                return await self._start_at_once(request, idempotency)
            stored = await self._store.insert(request, idempotency)
        # another id: the idempotency key was known, and nothing is new
        if stored.id == request.id:
            self._announce(stored)
        return await self._load(stored)

    def start_at_once_when(self, is_free: Callable[[], bool]) -> None:
        """From now on a new request starts with its submission while that is true: it renders while
        it is being stored, and with one write less. The render loop gets it from :meth:`begun`."""
        self._is_free = is_free

    @property
    def starting(self) -> int:
        """How many requests have started with their submission, and are not rendered yet."""
        return len(self._starting) + len(self._begun)

    def begun(self) -> tuple[LiveRequest, ...]:
        """The requests that have started with their submission since the last call."""
        begun, self._begun = tuple(self._begun), []
        return begun

    async def submitted_earlier(self, owner: str, idempotency: Idempotency) -> LiveRequest | None:
        """What the owner submitted under the idempotency key, if anything. Raises
        IdempotencyConflict."""
        earlier = await self._store.submitted_earlier(owner, idempotency)
        return None if earlier is None else await self._load(earlier)

    async def find(self, request_id: str, owner: str) -> LiveRequest | None:
        """A request of that owner; None when there is none, or another owner has it."""
        live = self._in_memory(request_id) or await self._on_disk(request_id)
        # another key's request looks like none, so that ids cannot be probed
        return live if live is not None and live.request.owner == owner else None

    def next_request(self) -> LiveRequest | None:
        """The next request to render, if it may be rendered together with the active ones."""
        first = self.queue.first()
        if first is None or not may_run_beside(
            first.request, (live.request for live in self._active.values())
        ):
            return None
        return first

    async def start(self, live: LiveRequest) -> bool:
        """Its render starts; False when it no longer waits."""
        async with live.lock:
            if live.request.state is not RequestState.IN_QUEUE:
                return False
            await self._apply(live, live.request.started(self._clock.now()))
        return True

    async def cancel(self, live: LiveRequest) -> CancelStatus:
        """End a waiting request; mark one that is being rendered, for the loop to drop it."""
        async with live.lock:
            match live.request.state:
                case RequestState.COMPLETED:
                    return CancelStatus.ALREADY_COMPLETED
                case RequestState.IN_QUEUE:
                    ended = live.request.finished(failures.cancelled(), self._clock.now())
                    await self._apply(live, ended)
                # a second cancel has nothing to store
                case RequestState.IN_PROGRESS if not live.request.cancel_requested:
                    await self._apply(live, live.request.cancelling())
        return CancelStatus.CANCELLATION_REQUESTED

    async def finish(self, live: LiveRequest, outcome: Outcome) -> bool:
        """It has ended; False, without any change, when it had ended before."""
        async with live.lock:
            if not live.request.open or live.is_discarded:
                return False
            await self._apply(live, live.request.finished(outcome, self._clock.now()))
        return True

    async def requeue(self, live: LiveRequest) -> None:
        """Return an active request to the queue, for the next worker."""
        async with live.lock:
            # a promised cancel holds: the next worker ends the request instead
            if live.request.state is RequestState.IN_PROGRESS and not live.request.cancel_requested:
                await self._apply(live, live.request.requeued())

    def add_log(
        self, live: LiveRequest, message: str, *, level: str = "INFO", **labels: str
    ) -> None:
        """Add a log line to the request, up to :data:`MAX_LOGS` of them."""
        # logs stay in memory and go into one row
        if len(live.logs) < MAX_LOGS:
            # fal's log lines have a UTC time without an offset
            now = self._clock.now().astimezone(UTC).replace(tzinfo=None)
            stamp = now.isoformat(timespec="microseconds")
            live.logs.append(LogEntry(message=message, level=level, timestamp=stamp, labels=labels))
            live.notify_of_detail()

    def set_preview(self, live: LiveRequest, step: int, picture: bytes) -> None:
        """Offer a preview of its render after that step, until a newer one comes or the render
        ends."""
        last = live.preview
        # pictures are made on threads, so an older one may arrive after a newer one
        if live.request.state is RequestState.IN_PROGRESS and (last is None or last.step < step):
            name = new_preview_name() if last is None else last.name
            live.preview = PreviewImage(name, step, picture)
            live.notify()

    def preview(self, name: str) -> PreviewImage | None:
        """The newest preview of that name; None once its request has ended."""
        offered = (live.preview for live in self._active.values())
        return next((preview for preview in offered if preview and preview.name == name), None)

    def forget(self, deleted: Collection[DeletedRequest]) -> None:
        """Drop deleted requests from memory."""
        for old in deleted:
            self._finished.forget(old.request_id)
        self.clipless.forget(deleted)

    def _in_memory(self, request_id: str) -> LiveRequest | None:
        return (
            self._active.get(request_id)
            or self.queue.get(request_id)
            or self._finished.get(request_id)
            or self._being_stored.get(request_id)
        )

    async def _on_disk(self, request_id: str) -> LiveRequest | None:
        """Thousands may poll what is not in memory: their reads wait for each other, so that
        submissions need not wait for them."""
        async with self._reading:
            # another poll may have loaded it while this one waited
            live = self._in_memory(request_id)
            stored = None if live is not None else await self._store.find(request_id)
        return live if stored is None else self._adopt(stored)

    def _can_start_at_once(self, request: Request) -> bool:
        # one that must not run again would be lost with a worker that dies before it renders
        return (
            request.options.may_run_again
            and not len(self.queue)
            and self._is_free()
            and may_run_beside(request, (live.request for live in self._active.values()))
        )

    async def _start_at_once(
        self, request: Request, idempotency: Idempotency | None
    ) -> LiveRequest:
        live = LiveRequest(request.started(self._clock.now()))

        def begin() -> None:
            """It is new: its render begins while the disk takes its time."""
            self._starting.discard(request.id)
            self._begun.append(live)
            self._wake.set()

        self._starting.add(request.id)
        # one that comes under the same key meanwhile finds this one, and not only its row
        self._being_stored[request.id] = live
        try:
            # its end waits for this lock, so that nothing is told of what is not stored
            async with live.lock:
                stored = await self._store.insert(live.request, idempotency, before_commit=begin)
                if stored.id == request.id:
                    self._active[request.id] = live
        except BaseException:
            # nobody knows of it: its render is dropped
            live.is_discarded = True
            raise
        finally:
            self._starting.discard(request.id)
            del self._being_stored[request.id]
            self._wake.set()
        if stored.id != request.id:
            return await self._load(stored)
        self.queue.count_start(stored)
        self._announce(stored)
        return live

    async def _load(self, request: Request) -> LiveRequest:
        """The request in memory, put there if it is not; a finished one together with its logs."""
        live = self._in_memory(request.id)
        if live is not None:
            return live
        stored = None if request.open else await self._store.find(request.id)
        return self._adopt(stored or StoredRequest(request))

    def _adopt(self, stored: StoredRequest) -> LiveRequest:
        # a second object for the same request would not see what happens to the first
        live = self._in_memory(stored.request.id)
        if live is None:
            live = LiveRequest(stored.request, stored.logs)
            if stored.request.open:
                self._enqueue(live)
            else:
                self._finished.add(live)
        return live

    async def _apply(self, live: LiveRequest, changed: Request) -> None:
        """Store a transition, then show it."""
        # log lines are stored once, with the end: after a worker's death the render starts from the
        # beginning
        await self._store.save(changed, () if changed.open else tuple(live.logs))
        # from here on pollers see it; before this line a failed write has changed nothing
        live.request = changed
        self._index(live)
        # who waits comes before the log
        live.notify()
        self._wake.set()
        self._announce(changed)

    def _announce(self, request: Request) -> None:
        log_state(request)
        if request.open:
            return
        self.clipless.ended(request)
        if request.options.webhook is not None:
            self._owed.set()

    def _index(self, live: LiveRequest) -> None:
        """Move the request to the collection of its state."""
        request_id = live.request.id
        was_active = self._active.pop(request_id, None) is not None
        # an ended or requeued request has no preview
        live.preview = live.preview if live.request.state is RequestState.IN_PROGRESS else None
        match live.request.state:
            case RequestState.IN_QUEUE:
                self._enqueue(live)
            case RequestState.IN_PROGRESS:
                self._active[request_id] = live
                # a cancel request leaves it active, and its key's round is counted already
                if not was_active:
                    self.queue.start(live)
            case RequestState.COMPLETED:
                self._finished.add(live)
                self.queue.remove(request_id)

    def _enqueue(self, live: LiveRequest) -> None:
        self.queue.add(live)
        self._wake.set()
