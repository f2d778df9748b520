"""The live book of requests: it answers every poll from memory, and writes down each move before anybody can see it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog

from generation.wire import CancelStatus, LogEntry, RequestState
from worker import failures
from worker.looks import Look, new_name
from worker.order import may_join
from worker.records import MAX_ATTEMPTS, Clip, Ending, Idempotency, Kept, Request
from worker.remembered import Remembered
from worker.store import RequestStore
from worker.waiting import LiveRequest, WaitingLine

log = structlog.get_logger()

MAX_LOGS: Final = 500
READS_AT_ONCE: Final = 4
"""Polls that look on disk at the same time; the database has few connections, and others need them too."""


class QueueFull(Exception):
    """More requests are waiting than the worker, or the caller, wants to have in front; ``allowed`` says how many."""

    def __init__(self, allowed: int) -> None:
        super().__init__(allowed)
        self.allowed = allowed


class ShareUsedUp(Exception):
    """The key has as many unfinished requests as it may; ``allowed`` says how many."""

    def __init__(self, allowed: int) -> None:
        super().__init__(allowed)
        self.allowed = allowed


class Book:
    """All requests that are open, and the latest that are not.

    ``wake`` is set when there may be something to do for the loop, ``owed`` when a webhook is owed. Methods that write
    raise StoreError or StorageFull when the disk fails; then nothing has changed.
    """

    def __init__(
        self,
        store: RequestStore,
        *,
        wake: asyncio.Event,
        owed: asyncio.Event,
        clock: Callable[[], datetime],
        max_queue: int,
    ) -> None:
        self._store = store
        self._wake = wake
        self._owed = owed
        self._clock = clock
        self._max_queue = max_queue
        self._active: dict[str, LiveRequest] = {}
        self._finished = Remembered()
        self._arriving: dict[str, str] = {}
        self._reading = asyncio.Semaphore(READS_AT_ONCE)
        self.line = WaitingLine(clock)

    async def open(self) -> None:
        """Take up what a former worker left: queued requests wait again, interrupted ones get one more attempt."""
        for request in await self._store.open_requests():
            recovered = _recovered(request, self._clock())
            if recovered != request:
                await self._store.save(recovered)
                _report(recovered)
            if recovered.open:
                self._enqueue(LiveRequest(recovered))

    @property
    def active(self) -> tuple[LiveRequest, ...]:
        """The requests that are being rendered."""
        return tuple(self._active.values())

    @property
    def open_requests(self) -> tuple[LiveRequest, ...]:
        """All that have not ended."""
        return (*self._active.values(), *self.line)

    async def submit(
        self,
        request: Request,
        idempotency: Idempotency | None = None,
        *,
        max_ahead: int | None = None,
        max_open: int | None = None,
    ) -> LiveRequest:
        """Take a request, safe on disk when this returns; the same idempotency key gives the same request again.

        ``max_ahead`` bounds the line that it joins, ``max_open`` the unfinished requests of its owner. Raises
        QueueFull, ShareUsedUp, or IdempotencyConflict.
        """
        if request.open:
            self._check_line(max_ahead)
            self._check_share(request.owner, max_open)
            self._arriving[request.id] = request.owner
        try:
            kept = await self._store.insert(request, idempotency)
        finally:
            self._arriving.pop(request.id, None)
        if kept.id == request.id:
            self._tell(kept)
        return await self._known(kept)

    async def submitted_earlier(self, owner: str, idempotency: Idempotency) -> LiveRequest | None:
        """What that owner submitted under that idempotency key, if anything. Raises IdempotencyConflict."""
        earlier = await self._store.submitted_earlier(owner, idempotency)
        return None if earlier is None else await self._known(earlier)

    async def find(self, request_id: str, owner: str) -> LiveRequest | None:
        """A request of that owner; None when there is none, or when it is somebody else's."""
        live = self._in_memory(request_id) or await self._on_disk(request_id)
        return live if live is not None and live.request.owner == owner else None

    def next_to_begin(self) -> LiveRequest | None:
        """The waiting request whose turn it is, if it may be rendered beside those under way."""
        first = self.line.first()
        if first is None or not may_join(first.request, (live.request for live in self._active.values())):
            return None
        return first

    async def begin(self, live: LiveRequest) -> bool:
        """Its render begins; False when it is no longer waiting."""
        async with live.lock:
            if live.request.state is not RequestState.IN_QUEUE:
                return False
            await self._move(live, live.request.started(self._clock()))
        return True

    async def cancel(self, live: LiveRequest) -> CancelStatus:
        """End a waiting request; ask for the end of one that is being rendered."""
        async with live.lock:
            match live.request.state:
                case RequestState.COMPLETED:
                    return CancelStatus.ALREADY_COMPLETED
                case RequestState.IN_QUEUE:
                    await self._move(live, live.request.finished(failures.cancelled(), self._clock()))
                case RequestState.IN_PROGRESS if not live.request.cancel_requested:
                    await self._move(live, live.request.cancelling())
        return CancelStatus.CANCELLATION_REQUESTED

    async def finish(self, live: LiveRequest, ending: Ending) -> bool:
        """It has ended; False, and nothing happens, when it had ended before."""
        async with live.lock:
            if not live.request.open:
                return False
            await self._move(live, live.request.finished(ending, self._clock()))
        return True

    async def put_back(self, live: LiveRequest) -> None:
        """The worker stops; the next one begins with it."""
        async with live.lock:
            if live.request.state is RequestState.IN_PROGRESS and not live.request.cancel_requested:
                await self._move(live, live.request.put_back())

    def say(self, live: LiveRequest, message: str, *, level: str = "INFO", **labels: str) -> None:
        """Add a line to what its render said."""
        if len(live.logs) < MAX_LOGS:
            stamp = self._clock().astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
            live.logs.append(LogEntry(message=message, level=level, timestamp=stamp, labels=labels))
            live.ring()

    def show(self, live: LiveRequest, step: int, picture: bytes) -> None:
        """Offer a look at its render after that step, until there is a newer one or the render has ended."""
        seen = live.look
        if live.request.state is RequestState.IN_PROGRESS and (seen is None or seen.step < step):
            live.look = Look(new_name() if seen is None else seen.name, step, picture)
            live.ring()

    def look(self, name: str) -> Look | None:
        """The newest look of that name; None once its request has ended."""
        return next((live.look for live in self._active.values() if live.look and live.look.name == name), None)

    def forget(self, request_id: str) -> None:
        """Drop a finished request from memory."""
        self._finished.forget(request_id)

    def _check_line(self, max_ahead: int | None) -> None:
        """Those on their way to disk wait already: whoever submits many at once gets no more than one by one."""
        limit = self._max_queue - 1
        allowed = limit if max_ahead is None else min(max_ahead, limit)
        if len(self.line) + len(self._arriving) > allowed:
            raise QueueFull(allowed)

    def _check_share(self, owner: str, max_open: int | None) -> None:
        if max_open is None:
            return
        theirs = sum(live.request.owner == owner for live in self.open_requests)
        if theirs + sum(arriving == owner for arriving in self._arriving.values()) >= max_open:
            raise ShareUsedUp(max_open)

    def _in_memory(self, request_id: str) -> LiveRequest | None:
        return self._active.get(request_id) or self.line.get(request_id) or self._finished.get(request_id)

    async def _on_disk(self, request_id: str) -> LiveRequest | None:
        """Thousands may ask for what is not in memory; they wait for each other, and nobody who submits for them."""
        async with self._reading:
            live = self._in_memory(request_id)
            kept = None if live is not None else await self._store.find(request_id)
        return live if kept is None else self._adopt(kept)

    async def _known(self, request: Request) -> LiveRequest:
        """The request in memory, put there if it is not; a finished one together with its logs."""
        live = self._in_memory(request.id)
        if live is not None:
            return live
        kept = None if request.open else await self._store.find(request.id)
        return self._adopt(kept or Kept(request))

    def _adopt(self, kept: Kept) -> LiveRequest:
        live = self._in_memory(kept.request.id)
        if live is None:
            live = LiveRequest(kept.request, kept.logs)
            if kept.request.open:
                self._enqueue(live)
            else:
                self._finished.add(live)
        return live

    async def _move(self, live: LiveRequest, moved: Request) -> None:
        """Write the move down, then let it be seen."""
        await self._store.save(moved, () if moved.open else tuple(live.logs))
        live.request = moved
        self._place(live)
        self._tell(moved)
        self._wake.set()
        live.ring()

    def _tell(self, request: Request) -> None:
        _report(request)
        if not request.open and request.wishes.webhook is not None:
            self._owed.set()

    def _place(self, live: LiveRequest) -> None:
        """Into the drawer of its state."""
        request_id = live.request.id
        under_way = self._active.pop(request_id, None) is not None
        live.look = live.look if live.request.state is RequestState.IN_PROGRESS else None
        match live.request.state:
            case RequestState.IN_QUEUE:
                self._enqueue(live)
            case RequestState.IN_PROGRESS:
                self._active[request_id] = live
                if not under_way:
                    self.line.had_its_turn(live)
            case RequestState.COMPLETED:
                self._finished.add(live)
                self.line.remove(request_id)

    def _enqueue(self, live: LiveRequest) -> None:
        self.line.add(live)
        self._wake.set()


def _recovered(request: Request, now: datetime) -> Request:
    """What becomes of an open request that a worker left behind."""
    if request.cancel_requested:
        return request.finished(failures.cancelled(), now)
    if request.input is None:
        return request.finished(failures.unreadable(), now)
    if request.state is RequestState.IN_QUEUE:
        return request
    if request.attempts >= MAX_ATTEMPTS or not request.wishes.may_run_again:
        return request.finished(failures.disconnected(), now)
    return request.interrupted()


def _report(request: Request) -> None:
    ending = request.ending
    outcome = {} if ending is None else {"ended": "clip" if isinstance(ending, Clip) else ending.error_type}
    log.info("request", request_id=request.id, state=request.state.value, attempt=request.attempts, **outcome)
