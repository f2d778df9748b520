"""Members report clips to the admins of their server, and admins decide, once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from generation.delivery import removals
from generation.domain.clip_actions import ClipAction
from generation.domain.job import Job, JobId
from generation.domain.notice import Audience, Notice, NoticeKind
from generation.domain.refs import ServerRef, UserRef
from generation.domain.report import MOST_WORDS, Decision, Report, ReportReason
from generation.ports import Transaction, Urgency
from generation.protocol.errors import (
    JobNotFound,
    ReportDecided,
    ReportedAlready,
    TooManyReports,
)
from generation.rules.audit import AuditEntry, difference
from generation.rules.policy import Policy
from generation.service.clips import Actor, ClipActs

REPORTS_PER_HOUR: Final = 5
"""By one member, in all servers."""
_HOUR: Final = timedelta(hours=1)
_PROMPT_ROOM: Final = 300
MOST_LISTED: Final = 20


class Reports(ClipActs):
    """Reports, and what is decided about them."""

    async def report(
        self, job_id: JobId, actor: Actor, reason: ReportReason, words: str = ""
    ) -> Job:
        """Report a clip to the admins; after as many reports as the server's rules say it is hidden
        until one of them decides. Who reported is told to admins only.

        Raises ReportedAlready, TooManyReports, or as :meth:`clip_for`.
        """
        now = self._clock.now()
        async with self._store.transaction(Urgency.MEMBER) as tx:
            job = await self._to_change(tx, ClipAction.REPORT, job_id, actor)
            if await tx.reports_by(actor.user, since=now - _HOUR) >= REPORTS_PER_HOUR:
                raise TooManyReports(REPORTS_PER_HOUR)
            words = " ".join(words.split())[:MOST_WORDS]
            report = Report(job.id, actor.server, actor.user, reason, words, now)
            if not await tx.add_report(report):
                raise ReportedAlready(job.id)
            count = await _open_reports(tx, job.id)
            policy = await tx.policy_of(actor.server) or Policy()
            if job.hidden_at is None and 0 < policy.reports_until_hidden <= count:
                job = await _hide(tx, job, now)
            await tx.add_notice(await _notice(tx, job, report, count))
        self._noticed()
        self._ended()
        return job

    async def decide(self, job_id: JobId, decision: Decision, admin: Actor) -> Job:
        """An admin's decision about a reported clip; the first one counts. Raises JobNotFound, or
        ReportDecided with the decision that was made before."""
        now = self._clock.now()
        async with self._store.transaction(Urgency.MEMBER) as tx:
            job = await tx.job(job_id)
            if job is None or job.channel.server != admin.server:
                raise JobNotFound(job_id)
            if not await tx.decide_reports(job.id, decision, by=admin.user, at=now):
                raise await _decided_before(tx, job)
            job = await self._carry_out(tx, job, decision, admin, now)
            await tx.add_audit(self._clip_entry(job, admin, decision.value))
        self._ended()
        return job

    def names_of(self, server: ServerRef, *user_ids: str) -> frozenset[str]:
        """All that members of that server may be blocked by: their ids, and their pseudonyms, by
        which a report blocks those who were forgotten meanwhile."""
        users = [UserRef(server.platform, user_id) for user_id in user_ids]
        known = {self._store.pseudonyms.of(server, user).id for user in users}
        return frozenset(known.union(user_ids))

    async def open_reports(self, server: ServerRef) -> list[Report]:
        """What no admin of a server has decided yet, oldest first."""
        return await self._store.open_reports_in(server, limit=MOST_LISTED)

    async def _carry_out(
        self, tx: Transaction, job: Job, decision: Decision, admin: Actor, now: datetime
    ) -> Job:
        match decision:
            # it may have been deleted since it was reported
            case _ if job.deleted_at is not None and decision is not Decision.BLOCK:
                return job
            case Decision.DELETE:
                return await removals.delete(tx, job, now)
            case Decision.HIDE:
                return await _hide(tx, job, now)
            case Decision.BLOCK:
                await self._block(tx, job, admin, now)
                return job if job.deleted_at is not None else await _hide(tx, job, now)
            case Decision.DISMISS:
                shown = job.hidden(None)
                await removals.show_anew(tx, shown, was=job, at=now)
                return shown

    async def _block(self, tx: Transaction, job: Job, admin: Actor, now: datetime) -> None:
        before = await tx.policy_of(admin.server) or Policy()
        blocked = before.blocked_users | {job.requested_by.id}
        after = before.model_copy(update={"blocked_users": blocked})
        entry = AuditEntry(admin.server, admin.user, now, "policy", *difference(before, after))
        await tx.set_policy(admin.server, after, entry)


async def _hide(tx: Transaction, job: Job, now: datetime) -> Job:
    hidden = job.hidden(now)
    await removals.show_anew(tx, hidden, was=job, at=now)
    return hidden


async def _open_reports(tx: Transaction, job_id: JobId) -> int:
    return sum(each.decided_at is None for each in await tx.reports_of(job_id))


async def _decided_before(tx: Transaction, job: Job) -> ReportDecided | JobNotFound:
    for report in reversed(await tx.reports_of(job.id)):
        if report.decision is not None and report.decided_by is not None:
            return ReportDecided(str(report.decided_by), report.decision)
    # nobody has reported it: the button was forged
    return JobNotFound(job.id)


async def _notice(tx: Transaction, job: Job, report: Report, count: int) -> Notice:
    delivery = await tx.delivery_of(job.id)
    message = delivery.message if delivery is not None else None
    where = (
        {}
        if message is None
        else {
            "channel": message.channel.id,
            "thread": message.channel.thread or "",
            "message": message.id,
        }
    )
    details: Mapping[str, str] = {
        "clip": job.id,
        "name": job.name,
        "asker": job.requested_by.id,
        "reporter": report.by.id,
        "reason": report.reason.value,
        "words": report.words,
        "prompt": "" if job.prompt_removed_at else job.request.prompt[:_PROMPT_ROOM],
        "reports": str(count),
        "hidden": "yes" if job.hidden_at is not None else "",
        **where,
    }
    return Notice(
        key=f"report:{job.id}:{report.by}:{report.at.timestamp():.6f}",
        server=report.server,
        audience=Audience.LOG_CHANNEL,
        kind=NoticeKind.REPORT,
        details=details,
        created_at=report.at,
    )
