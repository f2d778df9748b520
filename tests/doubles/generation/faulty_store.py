"""A store on a real database whose commits fail where a test says so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.ports import Lease


@dataclass
class FaultyStore:
    """``troubles[step]`` are raised, in order, before the commits of the next transactions with that step.

    Steps are ``job queued``, ``job succeeded`` and so on for a saved status, ``delivery sent`` and so on for a saved
    delivery, ``claim``, ``claim delivery``, ``cancel``. ``always[step]`` is raised every time.
    """

    store: Any
    troubles: dict[str, list[Exception]] = field(default_factory=dict)
    always: dict[str, Exception] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    """The steps that were refused, in order."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @asynccontextmanager
    async def transaction(self, *urgency: Any) -> AsyncIterator[Any]:
        async with self.store.transaction(*urgency) as tx:
            recording = _RecordingTransaction(tx)
            yield recording
            for step in recording.steps:
                self._maybe_raise(step)

    def _maybe_raise(self, step: str) -> None:
        if step in self.always:
            self.refused.append(step)
            raise self.always[step]
        if self.troubles.get(step):
            self.refused.append(step)
            raise self.troubles[step].pop(0)


class _RecordingTransaction:
    """A transaction that records its steps."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self.steps: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def save_job(self, job: Job, *, was: Job) -> None:
        self.steps.append(f"job {job.status}")
        await self._tx.save_job(job, was=was)

    async def save_delivery(self, delivery: Delivery) -> None:
        self.steps.append(f"delivery {delivery.status}")
        await self._tx.save_delivery(delivery)

    async def show_open_delivery(self, *record: Any) -> bool:
        self.steps.append("delivery open")
        return bool(await self._tx.show_open_delivery(*record))

    async def claim(self, job_id: str, lease: Lease, now: Any) -> bool:
        self.steps.append("claim")
        return bool(await self._tx.claim(job_id, lease, now))

    async def claim_delivery(self, job_id: str, lease: Lease, now: Any) -> bool:
        self.steps.append("claim delivery")
        return bool(await self._tx.claim_delivery(job_id, lease, now))

    async def request_cancel(self, job_id: str) -> None:
        self.steps.append("cancel")
        await self._tx.request_cancel(job_id)
