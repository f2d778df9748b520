"""The interface to the ledger as a whole: what was spent, and whether the books are right.

Everything is read in pieces, so that a long ledger neither holds the database up nor fills the
memory."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from generation.domain.pricing import Micros
from generation.rules.money.spending import Discrepancy, Misbooked, Spending, SpendQuery


class Accounting(Protocol):
    """Reads for the operator. Every method raises StoreError."""

    async def spending(self, query: SpendQuery) -> list[Spending]:
        """The ledger's lines, added up as asked; in no order."""

    def misbooked(self) -> AsyncIterator[Misbooked]:
        """The jobs whose lines do not add up to their state, oldest first."""

    async def lines_without_job(self) -> int:
        """How many lines are about jobs that are no longer kept; those cannot be compared."""

    async def reserved(self) -> Micros:
        """What the jobs under way have reserved."""

    async def ledger_discrepancies(self) -> Sequence[Discrepancy]:
        """The daily totals that are not the sum of their lines. Reads the whole ledger."""
