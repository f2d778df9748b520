"""What the operator does with any server's clips, besides what its moderators do."""

from generation.delivery import removals
from generation.domain.clip_actions import ClipAction, ClipState, state_of
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job, JobId, JobStatus
from generation.domain.refs import Platform
from generation.ports import Transaction, Urgency
from generation.protocol.errors import (
    ArtifactMissing,
    ClipDeleted,
    JobError,
    JobNotFound,
    JobUnfinished,
)
from generation.service.clips import Actor
from generation.service.reports import Reports


class OperatorActs(Reports):
    """Hiding without a report, and putting a clip's message right. All of it is audited."""

    async def hide(self, job_id: JobId, actor: Actor) -> Job:
        """Hide a clip: its message no longer has it. Raises JobNotFound, ClipDeleted or
        JobUnfinished."""
        async with self._store.transaction(Urgency.MEMBER) as tx:
            job = await _kept(tx, job_id, actor)
            hidden = job.hidden(job.hidden_at or self._clock.now())
            await removals.show_anew(tx, hidden, was=job, at=self._clock.now())
            await tx.add_audit(self._clip_entry(job, actor, "hide"))
        self._ended()
        return hidden

    async def unhide(self, job_id: JobId, actor: Actor) -> Job:
        """Put a hidden clip back into its message. Raises as :meth:`hide`."""
        async with self._store.transaction(Urgency.MEMBER) as tx:
            job = await _kept(tx, job_id, actor)
            shown = job.hidden(None)
            await removals.show_anew(tx, shown, was=job, at=self._clock.now())
            await tx.add_audit(self._clip_entry(job, actor, "unhide"))
        self._ended()
        return shown

    async def deliver_anew(self, job_id: JobId, actor: Actor) -> bool:
        """Deliver an ended job's outcome to where it belongs: into its own message, which is edited
        once more, or as a new one where none has ever had it. A second one is never posted.

        False where it is on its way already. Raises JobNotFound, JobUnfinished, ClipHidden,
        ClipDeleted, JobError for a job of a terminal, or ArtifactMissing for a clip that is no
        longer kept.
        """
        now = self._clock.now()
        async with self._store.transaction(Urgency.MEMBER) as tx:
            job = await self._to_change(tx, ClipAction.SHOW, job_id, actor)
            # nobody is there any more to take it: it would be owed for ever, and kept for that
            if job.channel.server.platform is Platform.TERMINAL:
                raise JobError(job_id)
            # its message may still have the clip, and would lose it
            if job.status is JobStatus.SUCCEEDED and job.artifact is None:
                raise ArtifactMissing
            delivery = await tx.delivery_of(job_id)
            if delivery is None or delivery.status not in {
                DeliveryStatus.SENT,
                DeliveryStatus.ABANDONED,
            }:
                return False
            await tx.save_delivery(delivery.changed(now, is_private=job.is_private))
            await tx.add_audit(self._clip_entry(job, actor, "deliver"))
        self._ended()
        return True


async def _kept(tx: Transaction, job_id: JobId, actor: Actor) -> Job:
    job = await tx.job(job_id)
    if job is None or job.channel.server != actor.server:
        raise JobNotFound(job_id)
    match state_of(job):
        case ClipState.DELETED:
            raise ClipDeleted(job_id)
        case ClipState.MADE | ClipState.HIDDEN:
            return job
        case _:
            raise JobUnfinished(job_id)
