"""One transaction that may write: the core's :class:`generation.ports.Transaction` on a
connection."""

from db.queries.deliveries import DeliveryTransaction
from db.queries.jobs import JobTransaction
from db.queries.ledger import LedgerTransaction
from db.queries.notices import NoticeTransaction
from db.queries.pauses import PauseTransaction
from db.queries.privacy.choices import ChoiceTransaction
from db.queries.privacy.members import MemberDataTransaction
from db.queries.privacy.reports import ForgettingReports
from db.queries.privacy.retention import RetentionTransaction
from db.queries.reports import ReportTransaction
from db.queries.servers import ServerTransaction
from db.queries.standing import StandingReads
from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.ports import Lease


class SqlTransaction(
    JobTransaction,
    DeliveryTransaction,
    LedgerTransaction,
    ServerTransaction,
    ChoiceTransaction,
    NoticeTransaction,
    ReportTransaction,
    PauseTransaction,
    StandingReads,
    MemberDataTransaction,
    RetentionTransaction,
    ForgettingReports,
):
    """Put together from one class per table, which hold the statements."""

    async def add_job(self, job: Job, delivery: Delivery, lease: Lease | None) -> None:
        """As the port has it: the one write to two tables."""
        await self._insert_job(job, lease)
        await self._insert_delivery(delivery)
