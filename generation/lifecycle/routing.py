"""Which backend a waiting job goes to: the first in the operator's order that can take it now.

A backend is passed over once it has been in trouble for long enough; and at once where it has no
memory for the job, where the budgets do not allow its price, or where it would only draw a preview.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from generation.backends.circuit_breaker import Breakers, CircuitBreaker, Trouble
from generation.domain.job import Job
from generation.lifecycle import reservations
from generation.lifecycle.timing import LifecycleTiming
from generation.ports import Backend, Store
from generation.protocol.clock import Clock
from generation.protocol.errors import BackendError
from generation.protocol.extensions.capabilities import needed_by
from generation.rules.operator_rules import OperatorRules
from generation.text.backends import PREVIEWS_ONLY, budget_words, waiting_words

PREVIEW: Final = "preview"
"""The engine that never replaces a real one."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a job goes; without a ``backend`` what it waits for, and when to try again."""

    backend: Backend | None
    waiting_for: str
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class _Unavailable:
    """Why a backend does not take a job now, when it may again, and from when on the next backend
    may take the job instead."""

    reason: str
    retry_at: datetime
    failover_at: datetime


class BackendRouter:
    """Routes one job at a time. It reads only: money is reserved where the job is claimed."""

    def __init__(
        self,
        store: Store,
        backends: Mapping[str, Backend],
        *,
        breakers: Breakers,
        rules: OperatorRules,
        clock: Clock,
        timing: LifecycleTiming,
    ) -> None:
        self._store = store
        self._backends = backends
        self._breakers = breakers
        self._rules = rules
        self._clock = clock
        self._timing = timing

    async def route(self, job: Job) -> Route:
        """To the first backend in order that can take the job now, else why none can."""
        candidates = self._in_order(job)
        unavailable: list[_Unavailable] = []
        for backend in candidates:
            if (reason := await self._unavailable(job, backend)) is None:
                return Route(backend, backend.name, self._clock.now())
            unavailable.append(reason)
            # the operator's order holds until the trouble has lasted: a restart must not cost money
            if reason.failover_at > self._clock.now():
                break
        moments = [each.retry_at for each in unavailable]
        if len(unavailable) < len(candidates):
            # the backends behind it are asked when they may take over
            moments.append(unavailable[-1].failover_at)
        # counted from now: asking the backends may have taken a minute
        soon = self._clock.now() + timedelta(seconds=self._timing.retry.first)
        reasons = ", or for ".join(each.reason for each in unavailable)
        # never at once: a moment that has passed would make a loop without a pause
        return Route(None, reasons, max(soon, min(moments, default=soon)))

    async def alternative(self, job: Job, backend: Backend) -> Backend | None:
        """Another backend than that one which can take the job now."""
        for other in self._in_order(job):
            if other.name != backend.name and await self._unavailable(job, other) is None:
                return other
        return None

    def _in_order(self, job: Job) -> list[Backend]:
        """As the operator prefers them; one without memory for this job comes last. Only our own
        worker makes what fal's endpoints do not have."""
        backends = list(self._backends.values())
        if needed_by(job.request):
            # where there is none of ours any more the client says so, and the job ends
            backends = [each for each in backends if each.resubmits_safely] or backends
        return sorted(backends, key=lambda backend: backend.name == job.avoided)

    async def _unavailable(self, job: Job, backend: Backend) -> _Unavailable | None:
        breaker = self._breakers[backend.name]
        # a half-open circuit admits one job, which finds out whether the trouble is over
        if breaker.trouble is not None and not breaker.admits(self._clock.now()):
            return self._in_trouble(backend, breaker, breaker.trouble)
        # neither passes soon, so the next backend may take the job at once
        reason = await self._previews_only(backend) or await self._over_budget(job, backend)
        if reason is None:
            return None
        now = self._clock.now()
        return _Unavailable(reason, now + timedelta(seconds=self._timing.retry.longest), now)

    def _in_trouble(
        self, backend: Backend, breaker: CircuitBreaker, trouble: Trouble
    ) -> _Unavailable:
        now = self._clock.now()
        soon = now + timedelta(seconds=self._timing.retry.first)
        since = breaker.since or now
        return _Unavailable(
            waiting_words(backend.name, trouble),
            retry_at=max(breaker.until or now, soon),
            failover_at=since + timedelta(seconds=self._timing.failover_waiting),
        )

    async def _previews_only(self, backend: Backend) -> str | None:
        """Why a worker of ours may not replace another backend: only a real engine may."""
        is_first = backend.name == next(iter(self._backends))
        if not backend.resubmits_safely or is_first:
            return None
        try:
            # asked each time: a worker that has restarted may have another engine
            engine = await backend.engine()
        except BackendError as error:
            trouble = self._breakers.failed(backend.name, error) or Trouble.AWAY
            return waiting_words(backend.name, trouble)
        # an engine that is not known yet may turn out to draw previews
        return f"{backend.name}, {PREVIEWS_ONLY}" if engine in {None, PREVIEW} else None

    async def _over_budget(self, job: Job, backend: Backend) -> str | None:
        refused = await reservations.refusal(self._store, job, backend.name, self._rules)
        return None if refused is None else budget_words(backend.name, refused)
