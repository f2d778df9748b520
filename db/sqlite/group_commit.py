"""Group commit: the writers of one process share SQLite transactions, and members' writes go first.

SQLite takes one writer at a time, and a commit takes as long as the disk needs. Writers that arrive
during a commit queue here. Then all of them write, one after the other, into one transaction, each
in a savepoint of its own: a writer that fails rolls back only its own writes. No writer returns
before that transaction is on the disk.

There is a queue for each urgency, and commits alternate between them: a member waits for at most
one commit of background work, and background work is never starved.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from db.connection import DatabaseConnection
from db.sqlite.connections import WritingConnection
from db.sqlite.writer import Writer
from generation.ports import Urgency
from generation.protocol.errors import StoreBusy

MAX_WRITERS: Final = 256
"""How many writers share a commit at most."""
MAX_OPEN_SECONDS: Final = {Urgency.MEMBER: 0.1, Urgency.BACKGROUND: 0.025}
"""How long a transaction takes further writers: its first writer waits for the last one, and
members wait for background work."""
MAX_ACTIVE_WRITERS: Final = 16
"""How many writers are admitted at a time: they all run in one iteration of the event loop, which
delays everything else."""


class WriterQueue:
    """The queue of all who write through one connection."""

    def __init__(self, writer: Writer, busy_seconds: float) -> None:
        self._writer = writer
        self._busy_seconds = busy_seconds
        self._queues: dict[Urgency, deque[asyncio.Future[None]]] = {
            urgency: deque() for urgency in Urgency
        }
        self._is_locked = False
        self._open: _SharedTransaction | None = None
        self._next = Urgency.MEMBER
        """The urgency of the next commit, if that queue is not empty."""
        self._committing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def write(self, urgency: Urgency) -> AsyncIterator[DatabaseConnection]:
        """Write; returns when it is on the disk. Raises StoreBusy after ``busy_seconds`` of
        waiting."""
        await self._wait_for_admission(urgency)
        shared = self._open or await self._begin(urgency)
        try:
            # in a savepoint: an error of this writer must not undo the others' writes
            async with shared.one_at_a_time:
                shared.save()
                try:
                    yield shared.connection
                except BaseException as error:
                    shared.roll_back(error)
                    raise
                shared.release()
        finally:
            self._leave(shared)
            await shared.finished.wait()
        if shared.error is not None:
            raise shared.error

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Keep all other writers out. Raises StoreBusy after ``busy_seconds`` of waiting."""
        await self._wait_for_admission(Urgency.BACKGROUND)
        while self._open is not None:
            # admitted to a shared transaction: leave it and wait for its end
            shared = self._open
            self._leave(shared)
            await shared.finished.wait()
            await self._wait_for_admission(Urgency.BACKGROUND)
        try:
            yield
        finally:
            self._unlock()

    async def wait_for_commit(self) -> None:
        """Return when no commit is under way. Only for a queue without writers."""
        while self._committing is not None and not self._committing.done():
            await asyncio.wait({self._committing})

    async def _wait_for_admission(self, urgency: Urgency) -> None:
        if not self._is_locked:
            # no transaction is open: the caller begins one
            self._is_locked = True
            return
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues[urgency].append(admitted)
        try:
            async with asyncio.timeout(self._busy_seconds):
                await admitted
        except BaseException as error:
            if admitted.done() and not admitted.cancelled():
                # admitted and cancelled in the same iteration of the loop
                self._withdraw()
            admitted.cancel()
            if isinstance(error, TimeoutError):
                raise StoreBusy("other writers took too long") from error
            raise

    async def _begin(self, urgency: Urgency) -> "_SharedTransaction":
        """Begin a transaction as its first writer, and admit others from the same queue."""
        try:
            shared = self._open = await _SharedTransaction.begin(self._writer, urgency)
        except BaseException:
            self._unlock()
            raise
        # counts this writer; those behind it in the queue are guaranteed a place
        shared.active = shared.admitted = 1
        shared.guaranteed = 1 + len(self._queues[urgency])
        self._admit_more(shared)
        return shared

    def _leave(self, shared: "_SharedTransaction") -> None:
        shared.active -= 1
        self._admit_more(shared)
        if shared.active == 0:
            self._start_commit(shared)

    def _withdraw(self) -> None:
        """An admitted writer was cancelled before it began to write."""
        if self._open is not None:
            self._leave(self._open)
        else:
            self._unlock()

    def _admit_more(self, shared: "_SharedTransaction") -> None:
        """Admit the next few writers: those who were in the queue when the transaction began;
        later ones only while the other queue is empty."""
        while shared.active < MAX_ACTIVE_WRITERS and not (shared.is_broken or shared.is_full):
            is_guaranteed = shared.admitted < shared.guaranteed
            if not (is_guaranteed or self._is_empty(_other(shared.urgency))) or not self._admit(
                shared.urgency
            ):
                return
            shared.active += 1
            shared.admitted += 1

    def _is_empty(self, urgency: Urgency) -> bool:
        return all(admitted.done() for admitted in self._queues[urgency])

    async def _begin_next(self) -> None:
        """Begin the next transaction before its writers are admitted, so that they write at
        once."""
        urgency = next(
            (each for each in (self._next, _other(self._next)) if self._queues[each]), None
        )
        if urgency is None:
            self._unlock()
            return
        try:
            shared = self._open = await _SharedTransaction.begin(self._writer, urgency)
        except Exception:  # noqa: BLE001 - the next writer tries again, and raises if that fails too
            self._unlock()
            return
        except BaseException:
            self._unlock()
            raise
        shared.guaranteed = len(self._queues[urgency])
        self._admit_more(shared)
        if shared.active == 0:
            # all who were in the queue have given up meanwhile
            self._start_commit(shared)

    def _unlock(self) -> None:
        """Admit the next writer, which begins a transaction; without one, leave the queue open."""
        if not (self._admit(self._next) or self._admit(_other(self._next))):
            self._is_locked = False

    def _admit(self, urgency: Urgency) -> bool:
        """Whether there was a writer to admit."""
        queue = self._queues[urgency]
        while queue:
            admitted = queue.popleft()
            # done: its writer was cancelled or has waited too long
            if not admitted.done():
                admitted.set_result(None)
                return True
        return False

    def _start_commit(self, shared: "_SharedTransaction") -> None:
        """Commit in a task of its own: a cancellation of the last writer must not reach the
        others."""
        self._open = None
        self._next = _other(shared.urgency)  # commits alternate
        self._committing = asyncio.create_task(self._commit(shared), name="commit")

    async def _commit(self, shared: "_SharedTransaction") -> None:
        try:
            await shared.commit()
        except BaseException:
            self._unlock()
            raise
        # in this task, so that the next writers find an open transaction
        await self._begin_next()


def _other(urgency: Urgency) -> Urgency:
    return Urgency.BACKGROUND if urgency is Urgency.MEMBER else Urgency.MEMBER


class _SharedTransaction:
    """One SQLite transaction of several writers."""

    def __init__(self, writer: Writer, connection: WritingConnection, urgency: Urgency) -> None:
        self.connection = connection
        """The connection that all of them use."""
        self.urgency = urgency
        self.finished = asyncio.Event()
        self.one_at_a_time = asyncio.Lock()
        self.error: Exception | None = None
        self.active = 0
        """How many writers were admitted and have not left."""
        self.admitted = 0
        """How many writers were admitted in all."""
        self.guaranteed = 0
        """How many writers were in the queue at the beginning: these are admitted in any case."""
        self._writer = writer
        self._open_until = asyncio.get_running_loop().time() + MAX_OPEN_SECONDS[urgency]

    @classmethod
    async def begin(cls, writer: Writer, urgency: Urgency) -> "_SharedTransaction":
        """Begin, once no other process holds SQLite's lock."""
        return cls(writer, await writer.begin(), urgency)

    @property
    def is_full(self) -> bool:
        """Whether no further writers may join."""
        return self.admitted >= MAX_WRITERS or asyncio.get_running_loop().time() > self._open_until

    @property
    def is_broken(self) -> bool:
        """Whether SQLite has rolled the transaction back, as it does when the disk is full."""
        return not self._writer.in_transaction

    def save(self) -> None:
        """One writer's statements begin: all of them take effect, or none."""
        if self.is_broken:
            raise self.error or StoreBusy("the transaction was interrupted")
        self._writer.execute("SAVEPOINT writer")

    def release(self) -> None:
        """They have taken effect."""
        self._writer.execute("RELEASE writer")

    def roll_back(self, error: BaseException) -> None:
        """None of them takes effect, because of an error."""
        if not self.is_broken:
            self._writer.execute("ROLLBACK TO writer")
            self._writer.execute("RELEASE writer")
        else:
            # the writes of the others are lost too: all of them raise this error
            self.error = (
                error
                if isinstance(error, Exception)
                else StoreBusy("the transaction was interrupted")
            )

    async def commit(self) -> None:
        """Commit, and let every writer return."""
        try:
            if self.error is None:
                await self._writer.commit()
        except Exception as error:  # noqa: BLE001 - every writer raises it as its own
            self.error = error
        except BaseException:
            self.error = StoreBusy("the process is stopping")
            raise
        finally:
            if self.error is not None:
                self._writer.abandon()
            self.finished.set()
