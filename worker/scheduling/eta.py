"""When each open request is expected to be done, from the expected durations of those before it."""

from generation.protocol.clock import Clock
from generation.protocol.wire import RequestState
from worker.records import Request
from worker.scheduling.durations import RenderDurations
from worker.scheduling.live_request import LiveRequest
from worker.scheduling.registry import RequestRegistry


class EtaEstimator:
    """Estimates for any number of pollers: the queue is summed up once after each of its
    changes."""

    def __init__(self, registry: RequestRegistry, durations: RenderDurations, clock: Clock) -> None:
        self._registry = registry
        self._durations = durations
        self._clock = clock
        self._order: tuple[Request, ...] = ()
        self._until: dict[str, float] = {}

    def seconds_left(self, live: LiveRequest) -> float | None:
        """Seconds until its clip is expected; None when it has ended, or nothing like it was
        measured."""
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
        order = self._registry.queue.in_order()
        # the queue returns the same tuple until its order changes
        if order is not self._order:
            self._order, self._until = order, self._summed_up(order)
        # as if one after the other, although renders may share the engine: better late than early
        rendering = sum(self._rest_of(live.request) or 0.0 for live in self._registry.active)
        return rendering + self._until.get(request.id, own)

    def _summed_up(self, order: tuple[Request, ...]) -> dict[str, float]:
        """Seconds from the start of the first request to the end of each; one without an estimate
        counts as 0."""
        total, until = 0.0, {}
        for request in order:
            total += self._seconds(request) or 0.0
            until[request.id] = total
        return until

    def _rest_of(self, request: Request) -> float | None:
        """What is left of a render's expected seconds; None once it takes longer than expected."""
        whole, began = self._seconds(request), request.started_at
        if whole is None or began is None:
            return None
        rest = whole - (self._clock.now() - began).total_seconds()
        return rest if rest > 0 else None

    def _seconds(self, request: Request) -> float | None:
        return None if request.input is None else self._durations.seconds_for(request.input)
