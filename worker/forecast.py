"""When each open request is expected to be done, by what those before it are expected to take."""

from collections.abc import Callable
from datetime import datetime

from generation.wire import RequestState
from worker.expectations import Expectations
from worker.records import Request
from worker.requests import Book
from worker.waiting import LiveRequest


class Forecast:
    """Answers as often as anybody asks: the line is added up once after each change of it."""

    def __init__(self, book: Book, expectations: Expectations, clock: Callable[[], datetime]) -> None:
        self._book = book
        self._expectations = expectations
        self._clock = clock
        self._line: tuple[Request, ...] = ()
        self._until: dict[str, float] = {}

    def seconds_left(self, live: LiveRequest) -> float | None:
        """Until its clip is expected; None when it has ended, or nobody knows what such a clip takes."""
        match live.request.state:
            case RequestState.IN_PROGRESS:
                return self._rest_of(live.request)
            case RequestState.IN_QUEUE:
                return self._until_done(live.request)
        return None

    def _until_done(self, request: Request) -> float | None:
        own = self._seconds(request)
        if own is None:
            return None
        line = self._book.line.in_order()
        if line is not self._line:
            self._line, self._until = line, self._added_up(line)
        rendering = sum(self._rest_of(live.request) or 0.0 for live in self._book.active)
        return rendering + self._until.get(request.id, own)

    def _added_up(self, line: tuple[Request, ...]) -> dict[str, float]:
        """Seconds from the start of the first one to the end of each; one that nobody knows counts nothing."""
        total, until = 0.0, {}
        for request in line:
            total += self._seconds(request) or 0.0
            until[request.id] = total
        return until

    def _rest_of(self, request: Request) -> float | None:
        """Less and less while it is rendered; None once it takes longer than expected."""
        whole, began = self._seconds(request), request.started_at
        if whole is None or began is None:
            return None
        rest = whole - (self._clock() - began).total_seconds()
        return rest if rest > 0 else None

    def _seconds(self, request: Request) -> float | None:
        return None if request.input is None else self._expectations.seconds_for(request.input)
