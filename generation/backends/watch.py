"""Following one request to its end: by its event stream while that works, else by polling."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite
from random import SystemRandom
from typing import Final, Protocol

from generation.backends.previews import PreviewFetcher
from generation.backends.responses import LINES_READ
from generation.backends.transport import ConnectionBroken, StreamRefused, Unreachable
from generation.ports import BackendState, BackendUpdate
from generation.protocol.backoff import Backoff
from generation.protocol.clock import Clock
from generation.protocol.errors import BackendUnavailable, ProtocolViolation
from generation.protocol.progress import Steps, steps_in_labels, steps_in_line
from generation.protocol.wire import LogEntry, QueueStatus, RequestState

_MOST_AHEAD: Final = 1_000_000  # a larger position is not a position
_BAD_EVENTS: Final = 20  # unreadable ones in one stream, then it is polled
_MOST_EMPTY_STREAMS: Final = 3
_POLL_INTERVALS: Final = Backoff(first=0.5, longest=5.0, factor=1.5)

Jitter = Callable[[], float]
"""A random number 0…1, so that a hundred waiting jobs do not poll at the same moments."""

random_jitter: Final[Jitter] = SystemRandom().random


class PollIntervals:
    """Seconds between two polls: 0.5 at first, half as long again each time up to 5, ± 20 %."""

    def __init__(self, jitter: Jitter) -> None:
        self._jitter = jitter
        self._drawn = 0

    def draw(self) -> float:
        """The next interval."""
        self._drawn += 1
        return _POLL_INTERVALS.before(self._drawn) * (0.8 + 0.4 * self._jitter())

    def reset(self) -> None:
        """Start with the shortest interval again."""
        self._drawn = 0


class StatusSource(Protocol):
    """Where one request's status comes from."""

    async def poll(self) -> QueueStatus:
        """One status. Raises BackendError."""
        ...

    def stream(self) -> AsyncGenerator[QueueStatus | None, None]:
        """Each event, None for one that cannot be read. Raises StreamRefused, Unreachable or
        ConnectionBroken."""
        ...


class StepsReader:
    """Finds the newest step in log lines, whether an answer has all lines so far or only new ones.

    A line older than one already read is a repetition and changes nothing. Where lines have no
    usable time, a bar never runs backwards; a bar of another length is another bar. Once a line
    had labels, bars are ignored.
    """

    def __init__(self) -> None:
        self._steps: Steps | None = None
        self._read_until: datetime | None = None
        self._labelled = False

    def read(self, logs: Sequence[LogEntry] | None) -> Steps | None:
        """Read these lines; returns the newest step known so far."""
        for entry in (logs or ())[-LINES_READ:]:
            self._take(entry)
        return self._steps

    def _take(self, entry: LogEntry) -> None:
        labels = steps_in_labels(entry.labels)
        # models print bars of their own (loading, decoding), labels are only the denoising steps
        self._labelled = self._labelled or labels is not None
        steps = labels if self._labelled else steps_in_line(entry.message)
        if steps is not None and self._is_newer(steps, _moment(entry.timestamp)):
            self._steps = steps

    def _is_newer(self, steps: Steps, at: datetime | None) -> bool:
        if at is not None and (self._read_until is None or at > self._read_until):
            # a later line counts even if its step is lower: the runner began again
            self._read_until = at
            return True
        if at is not None and self._read_until is not None and at < self._read_until:
            return False
        # equal times, or none: only the step numbers can be compared
        known = self._steps
        return known is None or known.total != steps.total or known.done < steps.done


class StatusWatcher:
    """Watches one request until it is COMPLETED; used once.

    Failures that may pass are waited out for ``patience`` seconds, then raised. A stream that is
    refused, or that breaks three times without an event, is not opened again; after ``silence``
    seconds without an event the status is polled. ``previews`` fetches the preview frames that the
    status names.
    """

    def __init__(
        self,
        source: StatusSource,
        clock: Clock,
        *,
        patience: float,
        silence: float,
        jitter: Jitter = random_jitter,
        previews: PreviewFetcher | None = None,
    ) -> None:
        self._source = source
        self._previews = previews
        self._clock = clock
        self._patience = patience
        self._silence = silence
        self._intervals = PollIntervals(jitter)
        self._steps = StepsReader()
        self._last: BackendUpdate | None = None
        self._empty_streams = 0
        self._failing_since: datetime | None = None

    async def updates(self) -> AsyncGenerator[BackendUpdate, None]:
        """Every change, COMPLETED last. Raises BackendError; for what may pass, only after
        ``patience`` seconds."""
        while True:
            # a poll follows each stream: a change may have been lost with the connection
            if self._empty_streams < _MOST_EMPTY_STREAMS:
                async with aclosing(self._streamed()) as updates:
                    async for update in updates:
                        yield update
            if not self._completed and (change := await self._change(await self._polled())):
                yield change
            if self._completed:
                return
            await self._clock.sleep(self._intervals.draw())

    @property
    def _completed(self) -> bool:
        return self._last is not None and self._last.state is BackendState.COMPLETED

    async def _streamed(self) -> AsyncGenerator[BackendUpdate, None]:
        """Changes until the stream ends or brings nothing of use; the end raises nothing."""
        read = bad = 0
        async with aclosing(self._source.stream()) as events:
            while not self._completed and bad < _BAD_EVENTS:
                try:
                    # real time, not the clock's: a silent connection may be dead
                    async with asyncio.timeout(self._silence):
                        status = await anext(events)
                except (
                    StopAsyncIteration,
                    StreamRefused,
                    Unreachable,
                    ConnectionBroken,
                    TimeoutError,
                ) as end:
                    self._count_stream(end, read)
                    return
                read, bad = (read, bad + 1) if status is None else (read + 1, bad)
                if change := await self._change(status):
                    yield change

    def _count_stream(self, end: Exception, read: int) -> None:
        """Decide from how a stream ended whether to open another one."""
        if read:
            # the backend answers, so what failed before has passed
            self._failing_since = None
        if isinstance(end, StreamRefused):
            self._empty_streams = _MOST_EMPTY_STREAMS
        else:
            # a silent stream still works, a broken one without an event may break every time
            worked = read > 0 or isinstance(end, TimeoutError)
            self._empty_streams = 0 if worked else self._empty_streams + 1

    async def _polled(self) -> QueueStatus | None:
        """The status, or None after a failure that may pass."""
        began = self._clock.now()
        try:
            status = await self._source.poll()
        except (BackendUnavailable, ProtocolViolation):
            # from the start of the first failed poll, which itself may have taken a minute
            self._failing_since = self._failing_since or began
            if (self._clock.now() - self._failing_since).total_seconds() >= self._patience:
                raise
            return None
        self._failing_since = None
        return status

    async def _change(self, status: QueueStatus | None) -> BackendUpdate | None:
        """The update that a status means; None when it is the same as the last one."""
        if status is None:
            return None
        if status.status is RequestState.IN_QUEUE:
            # back in the queue: the steps of the run that was given up no longer count
            self._steps = StepsReader()
        update = update_of(status, self._steps)
        if self._previews is not None and update.state is BackendState.IN_PROGRESS:
            update = replace(update, preview=await self._previews.newest(status.look_url))
        # estimates are not compared (see BackendUpdate)
        if update == self._last:
            return None
        self._last = update
        self._intervals.reset()
        return update


def update_of(status: QueueStatus, reader: StepsReader) -> BackendUpdate:
    """The update that a status means, without numbers that cannot be right."""
    match status.status:
        case RequestState.IN_QUEUE:
            ahead = status.queue_position
            position = ahead if ahead is not None and 0 <= ahead <= _MOST_AHEAD else None
            return BackendUpdate(
                BackendState.IN_QUEUE, position=position, eta_seconds=_plausible(status.eta_seconds)
            )
        case RequestState.IN_PROGRESS:
            steps = reader.read(status.logs)
            return BackendUpdate(
                BackendState.IN_PROGRESS, steps=steps, eta_seconds=_plausible(status.eta_seconds)
            )
        case RequestState.COMPLETED:
            return BackendUpdate(
                BackendState.COMPLETED, inference_seconds=_plausible(status.metrics.inference_time)
            )


def _plausible(seconds: float | None) -> float | None:
    return seconds if seconds is not None and isfinite(seconds) and seconds >= 0 else None


def _moment(timestamp: str) -> datetime | None:
    """A log line's time; fal writes UTC without saying so."""
    # cut, because a longer text is not a time
    try:
        moment = datetime.fromisoformat(timestamp[:40])
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
