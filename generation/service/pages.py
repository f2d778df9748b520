"""What a page of a member's own shows, and what an admin sees beside it."""

from dataclasses import dataclass, replace
from typing import Final

from generation.domain.gallery import HistoryPage
from generation.domain.job import Job, JobId
from generation.domain.refs import ServerRef, UserRef
from generation.protocol.progress import Progress
from generation.rules.limits import month_start
from generation.rules.money.spending import SpendBy, Spending, SpendQuery
from generation.service.administration import Administration
from generation.service.finding import FindingActs

_MOST_READ: Final = 40
"""A member's newest jobs: more than are under way at a time."""
HOME_PAGE_SIZE: Final = 10
NO_CLIPS: Final = HistoryPage(())


@dataclass(frozen=True, slots=True)
class MemberClips:
    """A member's clips in one server: those under way, oldest first, each with how far it is, and a
    page of those that have ended, newest first."""

    under_way: tuple[tuple[Job, Progress], ...] = ()
    history: HistoryPage = NO_CLIPS


class Pages(FindingActs, Administration):
    """What pages show."""

    async def clips_of(
        self,
        member: UserRef,
        server: ServerRef,
        *,
        older_than: JobId | None = None,
        newer_than: JobId | None = None,
    ) -> MemberClips:
        """What a member has under way, and the newest page of their history, or the one beside a
        job as :meth:`history` has it."""
        jobs = await self.jobs_of(member, server, limit=_MOST_READ)
        under_way = [job for job in reversed(jobs) if not job.status.is_final]
        page = await self.history(
            member, server, size=HOME_PAGE_SIZE, older_than=older_than, newer_than=newer_than
        )
        ended = tuple(each for each in page.shown if each.job.status.is_final)
        return MemberClips(
            tuple((job, self.place_of(job)) for job in under_way), replace(page, shown=ended)
        )

    async def used_this_month(
        self, server: ServerRef, *, by: UserRef
    ) -> list[tuple[UserRef, Spending]]:
        """What each member has used since the server's month began, the most clips first. It reads
        every line of the ledger since then, so it is for an admin who asks for it."""
        today = (await self.quota(by, server)).usage.day
        query = SpendQuery((SpendBy.MEMBER,), first=month_start(today), last=today, server=server)
        rows = [row for row in await self._store.spending(query) if row.clips or row.spent]
        rows.sort(key=lambda row: (-row.clips, -row.spent, row.keys))
        return [(UserRef.parse(row.keys[0]), row) for row in rows]
