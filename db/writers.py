"""The writers of one process on their way into SQLite: who is waited for goes first, and several share one commit.

SQLite takes one writer at a time, and a commit lasts as long as the disk needs. So whoever comes while one is under way
waits in line here, and then all of them write one after the other into one transaction, each in a savepoint of its own:
what fails undoes its own writes only. Nobody has written anything before that transaction is on the disk.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final, cast

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.sqlite_thread import OneTripConnection
from generation.errors import StoreBusy
from generation.urgency import Urgency

MOST_TOGETHER: Final = 32
"""How many share a commit at most: the first of them waits for the last."""
HEAD_START: Final = 0.5
"""Seconds by which somebody waiting is ahead of background work; work that has waited for longer goes first."""

BEGIN_OPTION: Final = "flipbook_begin"
"""The execution option with the statements that begin a transaction."""
_WRITE: Final = ("BEGIN IMMEDIATE",)


class Writers:
    """One engine's line of writers."""

    def __init__(self, busy_seconds: float) -> None:
        self._busy_seconds = busy_seconds
        self._line: list[_Ticket] = []
        self._numbers = count()
        self._is_taken = False
        self._open: _Shared | None = None
        self._closing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def turn(self, engine: AsyncEngine, urgency: Urgency) -> AsyncIterator[AsyncConnection]:
        """Write; returns when it is on the disk. Raises StoreBusy when the turn does not come."""
        await self._wait_in_line(urgency)
        try:
            shared = self._open = self._open or await _Shared.begin(engine)
        except BaseException:
            self._release()
            raise
        try:
            with shared.part():
                yield shared.connection
        finally:
            self._leave(shared)
            await shared.finished.wait()
        if shared.error is not None:
            raise shared.error

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Nobody else writes meanwhile. Raises StoreBusy when the turn does not come."""
        await self._wait_in_line(Urgency.BACKGROUND)
        while self._open is not None:
            self._close(self._open)
            await self._wait_in_line(Urgency.BACKGROUND)
        try:
            yield
        finally:
            self._release()

    async def _wait_in_line(self, urgency: Urgency) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        loop = asyncio.get_running_loop()
        delay = HEAD_START if urgency is Urgency.BACKGROUND else 0.0
        ticket = _Ticket(loop.time() + delay, next(self._numbers), loop.create_future())
        heapq.heappush(self._line, ticket)
        try:
            async with asyncio.timeout(self._busy_seconds):
                await ticket.called
        except BaseException as error:
            if ticket.called.done() and not ticket.called.cancelled():
                self._release()
            ticket.called.cancel()
            if isinstance(error, TimeoutError):
                raise StoreBusy("other writers took too long") from error
            raise

    def _leave(self, shared: "_Shared") -> None:
        shared.size += 1
        if shared.is_broken or shared.size >= MOST_TOGETHER:
            self._close(shared)
        else:
            self._release()

    def _release(self) -> None:
        """Call the next one; when there is none, what was written together is to be committed."""
        while self._line:
            ticket = heapq.heappop(self._line)
            if not ticket.called.done():
                ticket.called.set_result(None)
                return
        if self._open is not None:
            self._close(self._open)
        else:
            self._is_taken = False

    def _close(self, shared: "_Shared") -> None:
        """Commit in a task of its own: whoever left it last may be cancelled, and the others are not to suffer."""
        self._open = None
        self._closing = asyncio.create_task(self._finish(shared), name="commit")

    async def _finish(self, shared: "_Shared") -> None:
        try:
            await shared.finish()
        finally:
            self._release()


@dataclass(frozen=True, slots=True, order=True)
class _Ticket:
    """A place in the line."""

    rank: float
    number: int
    called: asyncio.Future[None] = field(compare=False)


class _Shared:
    """A transaction that several writers share."""

    def __init__(self, connection: AsyncConnection, driver: OneTripConnection) -> None:
        self.connection = connection
        self.finished = asyncio.Event()
        self.error: Exception | None = None
        self.size = 0
        self._driver = driver

    @classmethod
    async def begin(cls, engine: AsyncEngine) -> "_Shared":
        """Wait for SQLite's own lock, which other processes may hold."""
        connection = await engine.connect().start()
        try:
            await connection.execution_options(**{BEGIN_OPTION: _WRITE})
            await connection.begin()
            driver = cast("OneTripConnection", (await connection.get_raw_connection()).driver_connection)
        except BaseException:
            await connection.close()
            raise
        driver.is_at_hand = True
        return cls(connection, driver)

    @property
    def is_broken(self) -> bool:
        """Whether SQLite has ended the transaction by itself, as it does when the disk is full."""
        return not self._driver.in_transaction

    @contextmanager
    def part(self) -> Iterator[None]:
        """One writer's part of it: all of what is written inside, or nothing."""
        self._driver.now("SAVEPOINT part")
        try:
            yield
        except BaseException as error:
            self._undo_part(error)
            raise
        self._driver.now("RELEASE part")

    def _undo_part(self, error: BaseException) -> None:
        if not self.is_broken:
            self._driver.now("ROLLBACK TO part")
            self._driver.now("RELEASE part")
        else:
            self.error = error if isinstance(error, Exception) else StoreBusy("the transaction was interrupted")

    async def finish(self) -> None:
        """Commit, and tell everybody who waits for it."""
        self._driver.is_at_hand = False
        try:
            if self.error is None:
                await self.connection.commit()
        except Exception as error:  # noqa: BLE001 - every writer raises it as its own
            self.error = error
            await self._driver.rollback()
        except BaseException:
            self.error = StoreBusy("the process is stopping")
            raise
        finally:
            try:
                await self.connection.close()
            finally:
                self.finished.set()
