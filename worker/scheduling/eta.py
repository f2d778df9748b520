"""When each open request is expected to be done: the queue's order played through on the engine's
slots, with what such clips took."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from generation.protocol.clock import Clock
from generation.protocol.fairness import seconds_until_done
from generation.protocol.wire import RequestState
from worker.records import Request
from worker.scheduling.durations import RenderDurations
from worker.scheduling.live_request import LiveRequest
from worker.scheduling.registry import RequestRegistry

FORECAST_LIFE: Final = timedelta(seconds=2)
"""How long a forecast is used while nothing starts or ends: renders may be slower than expected."""


@dataclass(frozen=True, slots=True)
class _Forecast:
    """When each waiting request is expected to be done, as seen at a moment; those are left out
    about which nothing is known."""

    at: datetime
    order: tuple[Request, ...] = ()
    active: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    def holds(self, now: datetime, order: tuple[Request, ...], active: tuple[str, ...]) -> bool:
        # the queue returns the same tuple until its order changes
        is_same = self.order is order and self.active == active
        return is_same and now - self.at < FORECAST_LIFE


class EtaEstimator:
    """Estimates for any number of pollers: the queue is played through once after each of its
    changes. ``slots`` is how many renders the engine has active at once."""

    def __init__(
        self,
        registry: RequestRegistry,
        durations: RenderDurations,
        clock: Clock,
        *,
        slots: Callable[[], int],
    ) -> None:
        self._registry = registry
        self._durations = durations
        self._clock = clock
        self._slots = slots
        self._forecast = _Forecast(clock.now())

    def seconds_left(self, live: LiveRequest) -> float | None:
        """Seconds until its clip is expected; None when it has ended, or is late, or nothing is
        known about it or about those before it."""
        match live.request.state:
            case RequestState.IN_PROGRESS:
                # a render that takes longer than expected has no number
                return self._rest_of(live) or None
            case RequestState.IN_QUEUE:
                return self._until_done(live.request)
        return None

    def _until_done(self, request: Request) -> float | None:
        now, order = self._clock.now(), self._registry.queue.in_order()
        active = tuple(live.request.id for live in self._registry.active)
        if not self._forecast.holds(now, order, active):
            self._forecast = _Forecast(now, order, active, self._played_through(order))
        until = self._forecast.seconds.get(request.id)
        return until and max(0.0, until - (now - self._forecast.at).total_seconds())

    def _played_through(self, order: tuple[Request, ...]) -> dict[str, float]:
        """Seconds until the end of each waiting request, up to the first about which nothing is
        known: what comes behind it is not known either."""
        rests = [self._rest_of(live) for live in self._registry.active]
        slots = max(self._slots(), len(rests), 1)
        # as busy as the engine will be: clips that share it take longer
        others = min(slots, len(rests) + len(order)) - 1
        waiting = (self._seconds(request, others) for request in order)
        ends = seconds_until_done(rests, waiting, slots)
        return {request.id: end for request, end in zip(order, ends, strict=False)}

    def _rest_of(self, live: LiveRequest) -> float | None:
        """What is left of a render: by its own steps, else by what such clips took; 0 once it takes
        longer than that, None where nothing is known."""
        now, began = self._clock.now(), live.request.started_at
        if live.pace is not None and (rest := live.pace.rest(now)) is not None:
            return rest
        whole = self._seconds(live.request, len(self._registry.active) - 1)
        if whole is None or began is None:
            return None
        return max(0.0, whole - (now - began).total_seconds())

    def _seconds(self, request: Request, others: int) -> float | None:
        known = None if request.input is None else self._durations.seconds_for(request.input)
        return known and known * self._durations.stretch(others)
