"""Following one request to its end: by its event stream while that works, else by asking again and again."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite
from random import SystemRandom
from typing import Final, Protocol

from generation.errors import BackendUnavailable, ProtocolViolation
from generation.ports import BackendState, BackendUpdate, Clock
from generation.progress import Steps, steps_in_labels, steps_in_line
from generation.queue_looks import Looks
from generation.queue_transport import Broken, StreamRefused, Unreachable
from generation.wire import LogEntry, QueueStatus, RequestState

_LINES_READ: Final = 500
_MOST_AHEAD: Final = 1_000_000
_BAD_EVENTS: Final = 20
_FRUITLESS_STREAMS: Final = 3

Jitter = Callable[[], float]
"""A number 0…1, drawn anew each time, so that a hundred waiting jobs do not ask in step."""

random_jitter: Final[Jitter] = SystemRandom().random


class Pauses:
    """Growing waits between two questions: from ``first`` seconds by half each time up to ``longest``, ± 20 %."""

    def __init__(self, jitter: Jitter, *, first: float = 0.5, longest: float = 5.0) -> None:
        self._jitter = jitter
        self._first = first
        self._longest = longest
        self._next = first

    def draw(self) -> float:
        """The next wait in seconds."""
        seconds, self._next = self._next, min(self._longest, self._next * 1.5)
        return seconds * (0.8 + 0.4 * self._jitter())

    def reset(self) -> None:
        """There was news: be quick again."""
        self._next = self._first


class StatusSource(Protocol):
    """Where one request's status comes from."""

    async def poll(self) -> QueueStatus:
        """Ask once. Raises BackendError."""
        ...

    def stream(self) -> AsyncGenerator[QueueStatus | None, None]:
        """Each event, None for one that makes no sense. Raises StreamRefused, Unreachable or Broken."""
        ...


class StepsReader:
    """Finds the newest step in log lines, whether each answer brings all lines so far or only the new ones.

    A line older than one already read is a repetition and moves nothing. Where lines carry no usable time, a bar never
    runs backwards; a bar of another length is another bar. Labels, once seen, are believed over bars.
    """

    def __init__(self) -> None:
        self._steps: Steps | None = None
        self._read_until: datetime | None = None
        self._labelled = False

    def read(self, logs: Sequence[LogEntry] | None) -> Steps | None:
        """Take in these lines; the newest step known so far."""
        for entry in (logs or ())[-_LINES_READ:]:
            self._take(entry)
        return self._steps

    def _take(self, entry: LogEntry) -> None:
        labels = steps_in_labels(entry.labels)
        self._labelled = self._labelled or labels is not None
        steps = labels if self._labelled else steps_in_line(entry.message)
        if steps is not None and self._is_news(steps, _moment(entry.timestamp)):
            self._steps = steps

    def _is_news(self, steps: Steps, at: datetime | None) -> bool:
        if at is not None and (self._read_until is None or at > self._read_until):
            self._read_until = at
            return True
        if at is not None and self._read_until is not None and at < self._read_until:
            return False
        known = self._steps
        return known is None or known.total != steps.total or known.done < steps.done


class Watch:
    """One request's way to COMPLETED; made anew for each watching.

    Trouble is waited out for ``patience`` seconds, then raised. A stream that is refused, or that breaks three times
    without a word, is not tried again; one that falls silent for ``silence`` seconds is checked by asking. ``looks``
    fetches what the status offers to see.
    """

    def __init__(
        self,
        source: StatusSource,
        clock: Clock,
        *,
        patience: float,
        silence: float,
        jitter: Jitter = random_jitter,
        looks: Looks | None = None,
    ) -> None:
        self._source = source
        self._looks = looks
        self._clock = clock
        self._patience = patience
        self._silence = silence
        self._pauses = Pauses(jitter)
        self._steps = StepsReader()
        self._last: BackendUpdate | None = None
        self._fruitless_streams = 0
        self._failing_since: datetime | None = None

    async def updates(self) -> AsyncGenerator[BackendUpdate, None]:
        """Every change, COMPLETED last. Raises BackendError; what is passing only once patience has ended."""
        while True:
            if self._fruitless_streams < _FRUITLESS_STREAMS:
                async with aclosing(self._streamed()) as updates:
                    async for update in updates:
                        yield update
            if not self._completed and (news := await self._news(await self._polled())):
                yield news
            if self._completed:
                return
            await self._clock.sleep(self._pauses.draw())

    @property
    def _completed(self) -> bool:
        return self._last is not None and self._last.state is BackendState.COMPLETED

    async def _streamed(self) -> AsyncGenerator[BackendUpdate, None]:
        """Changes for as long as the stream is worth listening to; never raises for a stream that is not."""
        heard = bad = 0
        async with aclosing(self._source.stream()) as events:
            while not self._completed and bad < _BAD_EVENTS:
                try:
                    async with asyncio.timeout(self._silence):
                        status = await anext(events)
                except (StopAsyncIteration, StreamRefused, Unreachable, Broken, TimeoutError) as end:
                    self._judge_stream(end, heard)
                    return
                heard, bad = (heard, bad + 1) if status is None else (heard + 1, bad)
                if news := await self._news(status):
                    yield news

    def _judge_stream(self, end: Exception, heard: int) -> None:
        """Whether another stream is worth a try, from how this one ended."""
        if heard:
            self._failing_since = None
        if isinstance(end, StreamRefused):
            self._fruitless_streams = _FRUITLESS_STREAMS
        else:
            worked = heard > 0 or isinstance(end, TimeoutError)
            self._fruitless_streams = 0 if worked else self._fruitless_streams + 1

    async def _polled(self) -> QueueStatus | None:
        """The status, or None when there was trouble that may pass."""
        began = self._clock.now()
        try:
            status = await self._source.poll()
        except (BackendUnavailable, ProtocolViolation):
            self._failing_since = self._failing_since or began
            if (self._clock.now() - self._failing_since).total_seconds() >= self._patience:
                raise
            return None
        self._failing_since = None
        return status

    async def _news(self, status: QueueStatus | None) -> BackendUpdate | None:
        """The update that a status means; None when it says what was said before."""
        if status is None:
            return None
        if status.status is RequestState.IN_QUEUE:
            self._steps = StepsReader()
        update = update_of(status, self._steps)
        if self._looks is not None and update.state is BackendState.IN_PROGRESS:
            update = replace(update, look=await self._looks.newest(status.look_url))
        if update == self._last:
            return None
        self._last = update
        self._pauses.reset()
        return update


def update_of(status: QueueStatus, reader: StepsReader) -> BackendUpdate:
    """A status in our own words, with numbers that make no sense left out."""
    match status.status:
        case RequestState.IN_QUEUE:
            ahead = status.queue_position
            position = ahead if ahead is not None and 0 <= ahead <= _MOST_AHEAD else None
            return BackendUpdate(BackendState.IN_QUEUE, position=position, eta_seconds=_honest(status.eta_seconds))
        case RequestState.IN_PROGRESS:
            steps = reader.read(status.logs)
            return BackendUpdate(BackendState.IN_PROGRESS, steps=steps, eta_seconds=_honest(status.eta_seconds))
        case RequestState.COMPLETED:
            return BackendUpdate(BackendState.COMPLETED, inference_seconds=_honest(status.metrics.inference_time))


def _honest(seconds: float | None) -> float | None:
    return seconds if seconds is not None and isfinite(seconds) and seconds >= 0 else None


def _moment(timestamp: str) -> datetime | None:
    """A log line's time; fal writes UTC without saying so."""
    try:
        moment = datetime.fromisoformat(timestamp[:40])
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
