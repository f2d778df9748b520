"""The interface to what the operator looks through: every list by pages, newest first."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Protocol

from generation.domain.delivery import OwedDeliveries
from generation.domain.gallery import GalleryQuery, KeptByServer
from generation.domain.job import Job, JobId
from generation.domain.refs import ServerRef
from generation.domain.report import Report
from generation.rules.audit import AuditEntry
from generation.rules.ledger import Totals


class Overview(Protocol):
    """Reads over all servers. Numbers are those of the rows: the next page is before the last one.
    Every method raises StoreError."""

    async def known_servers(self, *, limit: int) -> list[ServerRef]:
        """Servers that have asked for a clip, or whose admins have set something, by name."""

    async def gallery(self, query: GalleryQuery, *, limit: int) -> Sequence[tuple[int, Job]]:
        """Clips that are kept. Words are looked for in some thousands of them at a time:
        :meth:`searched_until` says where to go on."""

    async def searched_until(self, query: GalleryQuery) -> int | None:
        """The number of the last clip in which :meth:`gallery` has looked for the words; None where
        it has looked at all of them."""

    async def kept_by_server(self) -> Sequence[KeptByServer]:
        """What the clips of each server take, the most first. It reads a row of every clip that is
        kept: not for each look at a page."""

    async def deliveries_owed(self) -> Sequence[OwedDeliveries]:
        """What each chat is owed."""

    async def ancestors(self, job_id: JobId, *, limit: int) -> list[Job]:
        """What a job was made from, and that one from: the nearest first."""

    async def made_from(self, job_id: JobId, *, limit: int) -> list[Job]:
        """Re-rolls and refinements of a clip, oldest first."""

    async def audit_log(
        self, *, server: ServerRef | None, before: int | None, limit: int
    ) -> Sequence[tuple[int, AuditEntry]]:
        """Who changed what, in all servers or in one."""

    async def daily_totals(
        self, scopes: Collection[str], first: date, last: date
    ) -> Sequence[tuple[str, date, Totals]]:
        """What each scope has used on each of these days; without days of no use."""

    async def open_reports(self, *, limit: int) -> list[Report]:
        """What no admin has decided yet, oldest first."""
