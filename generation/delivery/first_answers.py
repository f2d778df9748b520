"""Records which message shows a job: its first answer, which a chat has just sent.

Under load a record in a transaction of its own is a quarter of what a command costs, and nobody
waits for it; so records that come within a twentieth of a second share one.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from generation.domain.delivery import Answer, DeliveryStatus
from generation.domain.job import JobId, asked_at
from generation.domain.refs import MessageRef
from generation.ports import Observer, Store, Wake
from generation.protocol.clock import Clock
from generation.protocol.errors import JobNotFound, StoreBusy

PAUSE_SECONDS: Final = 0.05
"""Between two transactions of records; the first record after a pause is written at once."""


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The message that shows a job, and how it can be edited by its answer."""

    job_id: JobId
    message: MessageRef
    answer: Answer | None


@dataclass(slots=True)
class _Batch:
    """Records that share a transaction; ``late`` are those that it left alone."""

    records: list[FirstAnswer] = field(default_factory=list)
    late: set[JobId] = field(default_factory=set)
    error: Exception | None = None
    written: asyncio.Event = field(default_factory=asyncio.Event)
    writing: asyncio.Task[None] | None = None


class FirstAnswers:
    """``ended`` is called when an outcome has waited for its message."""

    def __init__(self, store: Store, *, clock: Clock, observer: Observer, ended: Wake) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._ended = ended
        self._collecting: _Batch | None = None
        self._next_at = 0.0

    async def record(self, record: FirstAnswer) -> None:
        """The message becomes the job's, unless its outcome has one already; returns when that is
        stored. Raises JobNotFound or StoreError."""
        sent_at = self._clock.now()
        batch = self._collecting
        if batch is None:
            batch = self._collecting = _Batch()
            # not in this task: a caller that leaves must not take the others' records along
            batch.writing = asyncio.create_task(self._write(batch), name="recording first answers")
        batch.records.append(record)
        await batch.written.wait()
        if batch.error is not None:
            raise batch.error
        if record.job_id in batch.late:
            await self._record_late(record)
        self._tell(record, sent_at)

    def _tell(self, record: FirstAnswer, sent_at: datetime) -> None:
        asked = asked_at(record.job_id)
        if asked is not None:
            platform = record.message.channel.server.platform
            # a clock may have been set back between the two
            took = max(0.0, (sent_at - asked).total_seconds())
            self._observer.message_opened(platform, took)

    async def _write(self, batch: _Batch) -> None:
        """Wait until a batch may be written, then write it for all."""
        loop = asyncio.get_running_loop()
        try:
            # by the loop's time: this spaces work out, and is nothing that a member would see
            await asyncio.sleep(max(0.0, self._next_at - loop.time()))
            self._collecting = None
            self._next_at = loop.time() + PAUSE_SECONDS
            async with self._store.transaction() as tx:
                # in one order everywhere, as claims are
                for each in sorted(batch.records, key=lambda record: record.job_id):
                    if not await tx.show_open_delivery(each.job_id, each.message, each.answer):
                        batch.late.add(each.job_id)
        except Exception as error:  # noqa: BLE001 - everyone in the batch raises it
            batch.error = error
        except BaseException:
            batch.error = StoreBusy("the process is stopping")
            raise
        finally:
            if self._collecting is batch:
                self._collecting = None
            batch.written.set()

    async def _record_late(self, record: FirstAnswer) -> None:
        """The job's outcome is due, or over: what the record changes depends on how far it is."""
        async with self._store.transaction() as tx:
            delivery = await tx.delivery_of(record.job_id)
            if delivery is None:
                raise JobNotFound(record.job_id)
            opened = delivery.opened(record.message, record.answer, self._clock.now())
            await tx.save_delivery(opened)
        # the outcome has waited for this message
        if opened.status is DeliveryStatus.OWED:
            self._ended()
