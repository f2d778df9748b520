"""The database, by meaning: the core's :class:`generation.ports.Store` on SQLite or PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Self

from db.encryption import Cipher
from db.engine import begin_write, check, close, open_engine, pending, upgrade
from db.queries.accounting import AccountingStore
from db.queries.corrupt_rows import OnUnreadable, log_unreadable
from db.queries.deliveries import DeliveryStore
from db.queries.jobs import JobStore
from db.queries.ledger import LedgerStore
from db.queries.ledger_members import MembersKey, hide_members
from db.queries.logins import LoginStore
from db.queries.notices import NoticeStore
from db.queries.overview import OverviewStore
from db.queries.pauses import PauseStore
from db.queries.privacy.choices import ChoiceStore
from db.queries.privacy.members import MemberDataStore
from db.queries.privacy.reports import ReportsOfMember
from db.queries.privacy.retention import RetentionStore
from db.queries.privacy.traces import remove_traces
from db.queries.reports import ReportReads
from db.queries.servers import ServerStore
from db.queries.standing import StandingReads
from db.schema import VERSION_TABLE
from db.transaction import SqlTransaction
from generation.ports import Urgency

MIGRATIONS: Final = Path(__file__).with_name("migrations")


async def pending_migrations(url: str) -> list[str]:
    """The migrations that :meth:`SqlStore.open` would run on the database, a line for each; it is
    not changed. Raises as that does."""
    engine = open_engine(url)
    try:
        return await pending(engine, MIGRATIONS, VERSION_TABLE)
    finally:
        await close(engine)


class SqlStore(
    JobStore,
    DeliveryStore,
    LedgerStore,
    AccountingStore,
    ServerStore,
    ChoiceStore,
    NoticeStore,
    LoginStore,
    OverviewStore,
    ReportReads,
    PauseStore,
    StandingReads,
    MemberDataStore,
    RetentionStore,
    ReportsOfMember,
):
    """Put together from one class per table, which hold the statements.

    Every method is one short transaction. Close the store in the loop that opened it.
    """

    @classmethod
    async def open(
        cls, url: str, cipher: Cipher, *, on_unreadable: OnUnreadable = log_unreadable
    ) -> Self:
        """Connect to ``sqlite:///file`` or ``postgresql://…`` and bring its tables up to date.

        Raises DatabaseTooNew for a database of a newer Flipbook, StoreBusy when it cannot be
        reached.
        """
        engine = open_engine(url)
        try:
            await upgrade(engine, MIGRATIONS, VERSION_TABLE)
        except BaseException:
            # also when cancelled: the connections would stay open
            await close(engine)
            raise
        return cls(engine, cipher, on_unreadable=on_unreadable)

    async def hide_members(self) -> MembersKey:
        """Give the members in the ledger's lines of earlier versions their pseudonyms, once."""
        return await hide_members(self._engine, self._cipher.pseudonyms)

    async def check(self) -> None:
        """As the port has it."""
        await check(self._engine)

    async def remove_traces(self) -> bool:
        """As the port has it."""
        return await remove_traces(self._engine)

    async def close(self) -> None:
        """Close every connection, after the commits under way."""
        await close(self._engine)

    @asynccontextmanager
    async def transaction(
        self, urgency: Urgency = Urgency.BACKGROUND
    ) -> AsyncIterator[SqlTransaction]:
        """As the port has it. Keep it short, do not nest it, and do nothing slow inside: on SQLite
        all other writers wait."""
        async with begin_write(self._engine, urgency) as connection:
            yield SqlTransaction(connection, self._cipher, self._calendars)
