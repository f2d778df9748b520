"""The bases of the classes in :mod:`db.queries`: where a statement's connection comes from.

A part of the store opens a connection for each call; a part of a transaction has the
transaction's connection.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from db.connection import DatabaseConnection
from db.encryption import Cipher
from db.engine import DatabaseEngine, begin_read, begin_write
from db.locks import Locks
from db.queries.corrupt_rows import OnUnreadable, UnreadableRows, log_unreadable
from db.schema import deliveries, jobs, notices
from db.statements import Change, Values, change
from generation.domain.refs import ServerRef
from generation.protocol.cache import BoundedCache
from generation.rules.limits import Calendar

_CALENDARS: Final = 10_000


class QueryPart(ABC):
    """A part of the store or of a transaction. Reads that both offer are in subclasses of this."""

    _cipher: Cipher
    _calendars: BoundedCache[ServerRef, Calendar]
    """Of servers that were read before, so that their day is known before it is asked for."""

    @abstractmethod
    def _read(self, *locked: str) -> AbstractAsyncContextManager[DatabaseConnection]:
        """A connection to read on. A transaction first locks ``locked``, as
        :meth:`db.locks.Locks.lock` has it; the store locks nothing."""


class StorePart(QueryPart):
    """A part of the store: each call is a transaction of its own."""

    def __init__(
        self,
        engine: DatabaseEngine,
        cipher: Cipher,
        *,
        on_unreadable: OnUnreadable = log_unreadable,
    ) -> None:
        """For an engine whose database is up to date.

        Lists leave out the rows that cannot be read; ``on_unreadable`` is called once for each.
        """
        self._engine = engine
        self._cipher = cipher
        self._calendars = BoundedCache(_CALENDARS)
        self._unreadable_jobs = UnreadableRows(jobs.c.id, on_unreadable)
        self._unreadable_deliveries = UnreadableRows(deliveries.c.job_id, on_unreadable)
        self._unreadable_notices = UnreadableRows(notices.c.key, on_unreadable)

    def _read(self, *locked: str) -> AbstractAsyncContextManager[DatabaseConnection]:  # noqa: ARG002
        return begin_read(self._engine)

    def _write(self) -> AbstractAsyncContextManager[DatabaseConnection]:
        return begin_write(self._engine)


class TransactionPart(QueryPart):
    """A part of a transaction. A job or delivery that is read here cannot change until the end."""

    def __init__(
        self,
        connection: DatabaseConnection,
        cipher: Cipher,
        calendars: BoundedCache[ServerRef, Calendar],
    ) -> None:
        self._connection = connection
        self._cipher = cipher
        self._calendars = calendars
        self._locks = Locks(connection)

    @asynccontextmanager
    async def _read(self, *locked: str) -> AsyncIterator[DatabaseConnection]:
        # held until the transaction ends, not until the end of this block
        await self._locks.lock(*locked)
        yield self._connection

    async def _change(self, statement: Change, values: Values | Sequence[Values]) -> int:
        """As :func:`db.statements.change`."""
        return await change(self._connection, statement, values)
