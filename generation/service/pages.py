"""What a page of a member's own shows, and what an admin sees beside it."""

from dataclasses import dataclass
from typing import Final

from generation.domain.job import Job
from generation.domain.refs import ServerRef, UserRef
from generation.protocol.progress import Progress
from generation.rules.limits import month_start
from generation.rules.money.spending import SpendBy, Spending, SpendQuery
from generation.service.administration import Administration
from generation.service.members import MemberActs

_MOST_READ: Final = 40
"""A member's newest jobs: more than a page shows."""


@dataclass(frozen=True, slots=True)
class MemberClips:
    """A member's clips in one server: those under way, oldest first, each with how far it is, and
    those that have ended, newest first."""

    under_way: tuple[tuple[Job, Progress], ...] = ()
    ended: tuple[Job, ...] = ()


class Pages(MemberActs, Administration):
    """What pages show."""

    async def clips_of(self, member: UserRef, server: ServerRef) -> MemberClips:
        """The newest clips of a member."""
        jobs = await self.jobs_of(member, server, limit=_MOST_READ)
        under_way = [job for job in reversed(jobs) if not job.status.is_final]
        return MemberClips(
            tuple((job, self.place_of(job)) for job in under_way),
            tuple(job for job in jobs if job.status.is_final),
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
