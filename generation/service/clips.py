"""What members do with clips that were asked for before: make them again, cover them, delete them.
Who may do what, and when, is in :mod:`generation.domain.clip_actions`."""

from dataclasses import dataclass, replace
from typing import Final

from generation.delivery import removals
from generation.domain.clip_actions import (
    ClipAction,
    ClipState,
    Who,
    other_endpoint,
    rule_of,
    state_of,
)
from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.job import FailureKind, Job, JobId
from generation.domain.refs import ChannelRef, ServerRef, UserRef
from generation.ports import Transaction, Urgency
from generation.protocol.errors import (
    ClipDeleted,
    ClipHidden,
    JobAlreadyFinished,
    JobError,
    JobNotFound,
    JobNotRerollable,
    JobUnfinished,
    NotYourJob,
    PromptNotKept,
)
from generation.protocol.request import DEFAULTS, GenerationRequest
from generation.rules.audit import AuditEntry, clip_entry
from generation.service.members import MemberActs
from generation.service.submit_context import SubmitContext

_LOOKS: Final = (0.2, 0.3, 0.5)
"""Seconds before each look whether a message has followed."""
_MAKES_A_CLIP: Final = frozenset(
    {ClipAction.REROLL, ClipAction.OTHER_QUALITY, ClipAction.RETRY, ClipAction.EDIT}
)


@dataclass(frozen=True, slots=True)
class Actor:
    """A member who does something with a clip, in their server. ``only_in`` is the channel that a
    moderator's rights end with; without one they hold in the whole server. ``is_operator``: who
    runs the bot acts on every clip, private ones too."""

    user: UserRef
    server: ServerRef
    is_moderator: bool = False
    only_in: ChannelRef | None = None
    is_operator: bool = False

    def moderates(self, job: Job) -> bool:
        """Whether the member is a moderator where that clip is; of others' private clips none
        is."""
        if job.is_private:
            return self.is_operator
        is_there = self.only_in is None or self.only_in.id == job.channel.id
        return self.is_moderator and is_there


class ClipActs(MemberActs):
    """What members do with clips that were asked for before."""

    async def clip_for(self, action: ClipAction, job_id: JobId, actor: Actor) -> Job:
        """The job, where that member may do that with it now. Raises JobNotFound, NotYourJob, or
        the refusal of the state that the clip is in."""
        job = await self.job(job_id, actor.server)
        check_action(action, job, actor)
        return job

    async def seen_job(self, job_id: JobId, actor: Actor, channel: ChannelRef) -> Job:
        """A job whose prompt the member may read: their own, one that members of that place see,
        any for a moderator. Raises JobNotFound."""
        job = await self.job(job_id, actor.server)
        is_own = job.requested_by == actor.user or actor.moderates(job)
        if not is_own and (job.is_private or not job.channel.is_seen_from(channel)):
            raise JobNotFound(job_id)
        return job

    async def seen_clip(
        self, action: ClipAction, job_id: JobId, actor: Actor, channel: ChannelRef
    ) -> Job:
        """As :meth:`clip_for`, for what shows the prompt."""
        job = await self.seen_job(job_id, actor, channel)
        check_action(action, job, actor)
        return job

    async def reroll(self, job_id: JobId, context: SubmitContext) -> Job:
        """The same request with a new seed, charged to the member who re-rolls. Raises as
        :meth:`submit`, and JobNotRerollable for a job without a clip."""
        parent = await self.clip_for(ClipAction.REROLL, job_id, _actor(context))
        request = parent.request.with_seed(self._seeds.draw())
        context = as_private_as(parent, context)
        return await self.submit(request, context, parent=parent, style=parent.style)

    async def other_quality(self, job_id: JobId, context: SubmitContext) -> Job:
        """The same prompt, seed and size in the other quality. Raises as :meth:`submit`."""
        parent = await self.clip_for(ClipAction.OTHER_QUALITY, job_id, _actor(context))
        request = in_other_quality(parent.request)
        context = as_private_as(parent, context)
        return await self.submit(request, context, parent=parent, style=parent.style)

    async def retry(self, job_id: JobId, context: SubmitContext) -> Job:
        """A failed or cancelled request again. Raises as :meth:`submit`."""
        earlier = await self.clip_for(ClipAction.RETRY, job_id, _actor(context))
        request = earlier.request
        # the same seed would give the very clip that was withheld
        if earlier.failure is not None and earlier.failure.kind is FailureKind.WITHHELD:
            request = request.with_seed(self._seeds.draw())
        context = as_private_as(earlier, context)
        return await self.submit(request, context, style=earlier.style)

    async def delete(self, job_id: JobId, actor: Actor) -> Job:
        """Delete a clip: its file, its messages and the platform's files go as soon as they can;
        the row stays for the ledger and its re-rolls. Raises as :meth:`clip_for`."""
        async with self._store.transaction(Urgency.MEMBER) as tx:
            job = await self._to_change(tx, ClipAction.DELETE, job_id, actor)
            job = await removals.delete(tx, job, self._clock.now())
            await self._audit(tx, job, actor, "delete")
        self._ended()
        return job

    async def delivery_soon(self, job_id: JobId) -> Delivery | None:
        """How far a change of a clip's message has come within a second: SENT, it is done; OWED,
        the chat does not take it now; ABANDONED, the chat keeps the message as it is."""
        delivery = None
        for pause in _LOOKS:
            await self._clock.sleep(pause)
            delivery = await self._store.delivery_of(job_id)
            if delivery is None or delivery.status is not DeliveryStatus.OWED:
                break
        return delivery

    async def set_spoiler(self, job_id: JobId, actor: Actor) -> Job:
        """Cover a clip, or uncover a covered one. Raises as :meth:`clip_for`."""
        async with self._store.transaction(Urgency.MEMBER) as tx:
            job = await self._to_change(tx, ClipAction.SPOILER, job_id, actor)
            changed = job.as_spoiler(is_spoiler=not job.is_spoiler)
            await removals.show_anew(tx, changed, was=job, at=self._clock.now())
            await self._audit(tx, job, actor, "cover" if changed.is_spoiler else "uncover")
        self._ended()
        return changed

    async def _to_change(
        self, tx: Transaction, action: ClipAction, job_id: JobId, actor: Actor
    ) -> Job:
        """The job as it is in this transaction, where the member may do that with it."""
        job = await tx.job(job_id)
        if job is None or job.channel.server != actor.server:
            raise JobNotFound(job_id)
        check_action(action, job, actor)
        return job

    async def _audit(self, tx: Transaction, job: Job, actor: Actor, did: str) -> None:
        """What a moderator does with another member's clip is written down."""
        if job.requested_by != actor.user:
            await tx.add_audit(self._clip_entry(job, actor, did))

    def _clip_entry(self, job: Job, actor: Actor, did: str) -> AuditEntry:
        return clip_entry(actor.server, actor.user, self._clock.now(), clip=job.id, did=did)


def check_action(action: ClipAction, job: Job, actor: Actor) -> None:
    """Raise the refusal where that member may not do that with the job as it is."""
    rule, state = rule_of(action), state_of(job)
    is_asker = job.requested_by == actor.user
    if job.is_private and not (is_asker or actor.is_operator):
        raise JobNotFound(job.id)
    if job.is_private and not rule.in_private:
        raise JobError(job.id)
    if state not in rule.works or (state in rule.asker_only and not is_asker):
        raise _refusal(action, job, state)
    is_for_others = rule.who is Who.ANYBODY or actor.moderates(job)
    if not is_asker and not is_for_others:
        raise NotYourJob(job.id)
    if action in _MAKES_A_CLIP and job.prompt_removed_at is not None:
        raise PromptNotKept(job.id)


def as_private_as(parent: Job, context: SubmitContext) -> SubmitContext:
    """What is made from a private clip is private too."""
    return replace(context, is_private=True) if parent.is_private else context


def is_allowed(action: ClipAction, job: Job, actor: Actor) -> bool:
    """Whether that member may do that with the job as it is."""
    try:
        check_action(action, job, actor)
    except JobError:
        return False
    return True


def in_other_quality(request: GenerationRequest) -> GenerationRequest:
    """The same clip in the other quality: steps and guidance are that quality's own, unless they
    were asked for."""
    endpoint = other_endpoint(request.endpoint)
    own, others = DEFAULTS[request.endpoint], DEFAULTS[endpoint]
    taken = {
        name: getattr(others, name)
        for name in type(own).model_fields
        if getattr(request, name) == getattr(own, name)
    }
    return GenerationRequest.model_validate(request.model_dump() | taken | {"endpoint": endpoint})


def _refusal(action: ClipAction, job: Job, state: ClipState) -> JobError:
    match state:
        case ClipState.DELETED:
            return ClipDeleted(job.id)
        case ClipState.HIDDEN:
            return ClipHidden(job.id)
        case _ if action is ClipAction.CANCEL:
            return JobAlreadyFinished(job.id)
        case _ if action is ClipAction.REROLL:
            return JobNotRerollable(job.id)
        case ClipState.UNDER_WAY:
            return JobUnfinished(job.id)
        case _:
            return JobError(job.id)


def _actor(context: SubmitContext) -> Actor:
    return Actor(context.requested_by, context.channel.server)
