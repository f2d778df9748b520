"""The writers of one process on their way into SQLite: who is waited for goes first, and several share one commit.

SQLite takes one writer at a time, and a commit lasts as long as the disk needs. So whoever comes while one is under way
waits in line here, and then all of them write one after the other into one transaction, each in a savepoint of its own:
what fails undoes its own writes only. Nobody has written anything before that transaction is on the disk.

There is a line for each urgency, and commits alternate between them: nobody who is waited for waits for more than one
commit of background work, however much of it there is, and background work always gets its turn.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from sqlalchemy import Connection, CursorResult, ScalarResult
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.sqlite_thread import OneTripConnection
from generation.errors import StoreBusy
from generation.urgency import Urgency

MOST_TOGETHER: Final = 256
LONGEST_TOGETHER: Final = {Urgency.MEMBER: 0.1, Urgency.BACKGROUND: 0.025}
"""How many share a commit at most, and for how many seconds one is kept open: the first of them waits for the last, and
members wait for what goes on in the background."""
AT_ONCE: Final = 16
"""How many are called at a time: all of them write in one turn of the event loop, which others wait for too."""

BEGIN_OPTION: Final = "flipbook_begin"
"""The execution option with the statements that begin a transaction."""
_WRITE: Final = ("BEGIN IMMEDIATE",)


class Writers:
    """One engine's line of writers."""

    def __init__(self, busy_seconds: float) -> None:
        self._busy_seconds = busy_seconds
        self._lines: dict[Urgency, deque[asyncio.Future[None]]] = {urgency: deque() for urgency in Urgency}
        self._is_taken = False
        self._open: _Shared | None = None
        self._next = Urgency.MEMBER
        """Whose commit the next one is, if there is anybody."""
        self._closing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def turn(self, engine: AsyncEngine, urgency: Urgency) -> AsyncIterator[AsyncConnection]:
        """Write; returns when it is on the disk. Raises StoreBusy when the turn does not come."""
        await self._wait_in_line(urgency)
        shared = self._open or await self._begin(engine, urgency)
        try:
            async with shared.part():
                yield shared.at_hand
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
            shared = self._open
            self._leave(shared)
            await shared.finished.wait()
            await self._wait_in_line(Urgency.BACKGROUND)
        try:
            yield
        finally:
            self._pass_on()

    async def settled(self) -> None:
        """Return once no commit is under way: nobody may be left who waits for it."""
        while self._closing is not None and not self._closing.done():
            await asyncio.wait({self._closing})

    async def _wait_in_line(self, urgency: Urgency) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines[urgency].append(called)
        try:
            async with asyncio.timeout(self._busy_seconds):
                await called
        except BaseException as error:
            if called.done() and not called.cancelled():
                self._decline()
            called.cancel()
            if isinstance(error, TimeoutError):
                raise StoreBusy("other writers took too long") from error
            raise

    async def _begin(self, engine: AsyncEngine, urgency: Urgency) -> "_Shared":
        """Open a transaction, and call those in the same line to it: each of them writes in one step."""
        try:
            shared = self._open = await _Shared.begin(engine, urgency)
        except BaseException:
            self._pass_on()
            raise
        shared.expected = shared.joined = 1
        shared.promised = 1 + len(self._lines[urgency])
        self._invite(shared)
        return shared

    def _leave(self, shared: "_Shared") -> None:
        shared.expected -= 1
        self._invite(shared)
        if shared.expected == 0:
            self._close(shared)

    def _decline(self) -> None:
        """Somebody was called who does not want to write any more."""
        if self._open is not None:
            self._leave(self._open)
        else:
            self._pass_on()

    def _invite(self, shared: "_Shared") -> None:
        """Call the next few: all who were in line at the opening; who came since, if nobody waits in the other line."""
        while shared.expected < AT_ONCE and not (shared.is_broken or shared.is_full):
            is_promised = shared.joined < shared.promised
            if not (is_promised or self._is_empty(_other(shared.urgency))) or not self._call(shared.urgency):
                return
            shared.expected += 1
            shared.joined += 1

    def _is_empty(self, urgency: Urgency) -> bool:
        return all(called.done() for called in self._lines[urgency])

    async def _begin_next(self, engine: AsyncEngine) -> None:
        """Open a transaction for those in line before any of them is called, so that they write at once."""
        urgency = next((each for each in (self._next, _other(self._next)) if self._lines[each]), None)
        if urgency is None:
            self._pass_on()
            return
        try:
            shared = self._open = await _Shared.begin(engine, urgency)
        except Exception:  # noqa: BLE001 - whoever is called tries again, and is told if that fails too
            self._pass_on()
            return
        except BaseException:
            self._pass_on()
            raise
        shared.promised = len(self._lines[urgency])
        self._invite(shared)
        if shared.expected == 0:
            self._close(shared)

    def _pass_on(self) -> None:
        """Call the next one, who will open a transaction."""
        if not (self._call(self._next) or self._call(_other(self._next))):
            self._is_taken = False

    def _call(self, urgency: Urgency) -> bool:
        """Whether there was somebody to call."""
        line = self._lines[urgency]
        while line:
            called = line.popleft()
            if not called.done():
                called.set_result(None)
                return True
        return False

    def _close(self, shared: "_Shared") -> None:
        """Commit in a task of its own: whoever left it last may be cancelled, and the others are not to suffer."""
        self._open = None
        self._next = _other(shared.urgency)
        self._closing = asyncio.create_task(self._finish(shared), name="commit")

    async def _finish(self, shared: "_Shared") -> None:
        try:
            await shared.finish()
        except BaseException:
            self._pass_on()
            raise
        await self._begin_next(shared.connection.engine)


def _other(urgency: Urgency) -> Urgency:
    return Urgency.BACKGROUND if urgency is Urgency.MEMBER else Urgency.MEMBER


class _AtHand(AsyncConnection):
    """Executes its statements here and now: on a connection at hand there is nothing to wait for."""

    __slots__ = ()

    @property
    def _here(self) -> Connection:
        assert self.sync_connection is not None  # noqa: S101 - made of one
        return self.sync_connection

    async def execute(self, statement: Any, parameters: Any = None, **options: Any) -> CursorResult[Any]:
        """As :meth:`AsyncConnection.execute`."""
        return self._here.execute(statement, parameters, **options)

    async def exec_driver_sql(self, statement: str, *parameters: Any, **options: Any) -> CursorResult[Any]:
        """As :meth:`AsyncConnection.exec_driver_sql`."""
        return self._here.exec_driver_sql(statement, *parameters, **options)

    async def scalar(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        """As :meth:`AsyncConnection.scalar`."""
        return self._here.scalar(statement, parameters, **options)

    async def scalars(self, statement: Any, parameters: Any = None, **options: Any) -> ScalarResult[Any]:
        """As :meth:`AsyncConnection.scalars`."""
        return self._here.scalars(statement, parameters, **options)


class _Shared:
    """A transaction that several writers share."""

    def __init__(self, connection: AsyncConnection, driver: OneTripConnection, urgency: Urgency) -> None:
        self.connection = connection
        self.at_hand = _AtHand(connection.engine, connection.sync_connection)
        """What the writers are handed."""
        self.urgency = urgency
        self.finished = asyncio.Event()
        self.error: Exception | None = None
        self.expected = 0
        """How many were called and have not left yet."""
        self.joined = 0
        """How many were called at all."""
        self.promised = 0
        """How many waited when it was opened: they may join in any case."""
        self._driver = driver
        self._inside = asyncio.Lock()
        self._until = asyncio.get_running_loop().time() + LONGEST_TOGETHER[urgency]

    @classmethod
    async def begin(cls, engine: AsyncEngine, urgency: Urgency) -> "_Shared":
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
        return cls(connection, driver, urgency)

    @property
    def is_full(self) -> bool:
        """Whether it is time to commit."""
        return self.joined >= MOST_TOGETHER or asyncio.get_running_loop().time() > self._until

    @property
    def is_broken(self) -> bool:
        """Whether SQLite has ended the transaction by itself, as it does when the disk is full."""
        return not self._driver.in_transaction

    @asynccontextmanager
    async def part(self) -> AsyncIterator[None]:
        """One writer's part of it: all of what is written inside, or nothing."""
        async with self._inside:
            if self.is_broken:
                raise self.error or StoreBusy("the transaction was interrupted")
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
