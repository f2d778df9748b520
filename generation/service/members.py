"""What members do: submit, re-roll, cancel, look up, have delivered again."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from generation.delivery.first_answers import FirstAnswer
from generation.delivery.leases import retry_now
from generation.domain.delivery import Answer, Delivery, DeliveryStatus
from generation.domain.job import Job, JobId, JobStatus, job_named, new_job_id
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef, UserRef
from generation.domain.style import PromptStyle, styled
from generation.lifecycle import completion
from generation.lifecycle.reservations import tell_of_budgets
from generation.ports import Transaction, Urgency
from generation.protocol.errors import (
    ClipDeleted,
    ClipHidden,
    DatabaseUnusable,
    JobNotFound,
    LedgerUnavailable,
    LimitExceeded,
    NotYourJob,
    Paused,
    PromptBlocked,
    StoreError,
)
from generation.protocol.extensions.capabilities import needed_by
from generation.protocol.extensions.checks import check_extensions
from generation.protocol.progress import Phase, Progress
from generation.protocol.request import GenerationRequest
from generation.rules import ledger
from generation.rules.choices import NO_CHOICES, MemberChoices, UsedDefaults
from generation.rules.forms.styles import with_shape
from generation.rules.limits import LimitName, hour_resets_at
from generation.rules.policy import Asker, check_server
from generation.rules.standing import Standing
from generation.service.forms.styles import style_in
from generation.service.parts import ServicePart
from generation.service.submit_context import SubmitContext
from generation.service.words import tell_admins
from generation.text.backends import queue_lines

Result = TypeVar("Result")


class MemberActs(ServicePart):
    """What members do with clips."""

    def draw_seed(self) -> int:
        """A seed for a request that came without one."""
        return self._seeds.draw()

    async def submit(
        self,
        request: GenerationRequest,
        context: SubmitContext,
        *,
        parent: Job | None = None,
        style: str | PromptStyle | None = None,
        own: MemberChoices = NO_CHOICES,
    ) -> Job:
        """A new job: check every rule, reserve its price, store it, in one transaction. What nobody
        asked for is the member's ``own`` default, else the server's, fitted into its limits.
        ``style`` is the name of one of the server's styles, or an older job's.

        The same origin again returns the job that it has made before. Raises Refused, StoreError or
        StorageFull; then nothing is stored and nothing is spent.
        """
        if request.is_extended:
            # before the transaction, which others wait for
            await self._offers.learn()
        try:
            async with self._store.transaction(Urgency.MEMBER) as tx:
                # platforms send an event twice when our first answer was slow
                known = await tx.job_of_origin(context.origin)
                if known is not None:
                    return known
                worn = await style_in(tx, context.channel.server, style)
                job = await self._admit(tx, request, context, parent, style=worn, own=own)
        except PromptBlocked as error:
            if await tell_admins(self._store, self._clock, context, error.term):
                self._noticed()
            raise
        # after the commit: what observers hear of is stored
        self._observer.job_moved(job)
        self._submitted()
        return job

    async def cancel(
        self, job_id: JobId, *, by: UserRef, server: ServerRef, is_admin: bool = False
    ) -> Job:
        """Cancel a job: at once when it still waits, else as soon as its backend agrees.

        Raises JobNotFound, NotYourJob or JobAlreadyFinished.
        """
        found = await self.job(job_id, server)
        if found.requested_by != by and not is_admin:
            raise JobNotFound(job_id) if found.is_private else NotYourJob(job_id)
        async with self._store.transaction(Urgency.MEMBER) as tx:
            # read again in the transaction: it may have been submitted since
            job = (await tx.job(job_id) or found).cancel()
            if job.status is JobStatus.PENDING:
                job = await completion.cancel(tx, job, self._clock.now())
            else:
                # the dispatcher tells the backend; the job ends when that has answered
                await tx.request_cancel(job_id)
        if job.status.is_final:
            self._observer.job_moved(job)
            self._ended()
        # wakes the dispatcher, which passes the cancellation on to the backend
        self._submitted()
        return job

    async def opened(
        self, job_id: JobId, message: MessageRef, answer: Answer | None = None
    ) -> None:
        """The first answer has been sent: it becomes the job's message, unless the outcome has one
        of its own already. Raises JobNotFound."""
        await self._first_answers.record(FirstAnswer(job_id, message, answer))

    async def deliver_again(
        self,
        job_id: JobId,
        answer: Answer,
        *,
        by: UserRef,
        channel: ChannelRef,
        is_admin: bool = False,
    ) -> Job:
        """Deliver an ended job's outcome again, as that answer: to its owner, to an admin, or to
        anyone in its own channel.

        A job that has not ended, or whose outcome is under way, stays as it is. Raises JobNotFound
        or NotYourJob.
        """
        job = await self.job(job_id, channel.server)
        is_own = job.requested_by == by
        if job.is_private and not is_own:
            raise JobNotFound(job_id)
        if not is_own and job.channel != channel and not is_admin:
            raise NotYourJob(job_id)
        if job.deleted_at is not None:
            raise ClipDeleted(job_id)
        if job.hidden_at is not None:
            raise ClipHidden(job_id)
        async with self._store.transaction() as tx:
            delivery = await tx.delivery_of(job_id)
            # an outcome that is due arrives anyway
            if delivery is not None and delivery.status in {
                DeliveryStatus.SENT,
                DeliveryStatus.ABANDONED,
            }:
                await tx.save_delivery(delivery.again(answer, self._clock.now()))
        self._ended()
        return job

    async def retry_deliveries(self, platform: Platform) -> None:
        """What could not be delivered there is tried again now: the platform was just reached."""
        await retry_now(self._store, platform, self._clock.now())
        self._ended()

    async def job(self, job_id: JobId, server: ServerRef) -> Job:
        """A job of this server. Raises JobNotFound, also for another server's job."""
        job = await self._store.job(job_id)
        if job is None or job.channel.server != server:
            raise JobNotFound(job_id)
        return job

    async def named_job(self, name: str, server: ServerRef) -> JobId:
        """The id of the clip that a member names: ``#1042``, ``1042`` or an id, which is not looked
        up. Raises JobNotFound."""
        named = job_named(name)
        if isinstance(named, str):
            return named
        job = await self._store.job_numbered(server, named)
        if job is None:
            raise JobNotFound(f"#{named}", typed=f"#{named}")
        return job.id

    async def with_named(
        self, name: str, server: ServerRef, act: Callable[[JobId], Awaitable[Result]]
    ) -> Result:
        """Do something with the clip of that name. Where it is not for the member to know, it is
        not found by the name that they typed: its id would tell them that it exists."""
        job_id = await self.named_job(name, server)
        try:
            return await act(job_id)
        except JobNotFound:
            named = job_named(name)
            typed = named if isinstance(named, str) else f"#{named}"
            raise JobNotFound(job_id, typed=typed) from None

    async def job_of_message(self, message: MessageRef) -> Job | None:
        """The job that a message shows; None for other messages."""
        return await self._store.job_of_message(message)

    async def delivery_of(self, job_id: JobId) -> Delivery | None:
        """The job's message, and whether its outcome is still due; None for an unknown job."""
        return await self._store.delivery_of(job_id)

    async def jobs_of(self, user: UserRef, server: ServerRef, *, limit: int = 10) -> list[Job]:
        """A member's jobs in a server, newest first."""
        return await self._store.jobs_of(user, server, limit=limit)

    async def queue_of(self, server: ServerRef, *, limit: int = 25) -> list[Job]:
        """A server's jobs under way, oldest first."""
        return await self._store.unfinished_in(server, limit=limit)

    def trouble_lines(self) -> tuple[str, ...]:
        """A plain sentence for each backend and chat in trouble; none when all is well."""
        return (*queue_lines(self._breakers.all, self._clock.now()), *self._chat_troubles())

    def progress_of(self, job: Job) -> Progress:
        """How many start to render before a job that waits, and when its clip is expected, as far
        as that is known."""
        return self._schedule.progress_of(job) if self._schedule else Progress(Phase.QUEUED)

    def place_of(self, job: Job) -> Progress:
        """As :meth:`progress_of`, for a list of clips: the job's own message is told all the
        same."""
        return self._schedule.place_of(job) if self._schedule else Progress(Phase.QUEUED)

    def _able(self, request: GenerationRequest) -> tuple[str, ...]:
        """The backends that can make it. Raises NotOffered, or BackendUnavailable."""
        needs = needed_by(request)
        return self._offers.able(needs) if needs else self._rules.backends

    async def _admit(
        self,
        tx: Transaction,
        request: GenerationRequest,
        context: SubmitContext,
        parent: Job | None,
        *,
        style: PromptStyle | None,
        own: MemberChoices,
    ) -> Job:
        now = self._clock.now()
        user, channel = context.requested_by, context.channel
        server = channel.server
        # locks the server's row, so that two submits cannot both take the last of a quota
        standing = await _standing(tx, server, user, now)
        usage = standing.usage
        rules = self._rules.for_server(server, standing.rules)
        if rules.pause is not None:
            raise Paused(rules.pause.reason, rules.pause.until)
        check_server(server, self._rules.allowed_servers)
        pseudonym = self._store.pseudonyms.of(server, user).id
        asker = Asker(user, context.place, context.roles, context.is_age_restricted, pseudonym)
        # the style's words are judged too
        rules.policy.check(styled(request, style), asker)
        limits = rules.limits_for(context.roles)
        # what the member asked for, else the style's, else a default
        shaped = with_shape(request, style, limits)
        own = own.within(limits)
        used = UsedDefaults.of(
            shaped, own, rules.policy, styled=own.style is not None and style is not None
        )
        request = rules.policy.completed(
            shaped, beside=style.negative_prompt if style else "", own=own.defaults
        )
        request = limits.fitted(request if parent is None else request.as_chosen())
        check_extensions(request)
        able = self._able(request)
        # a dearer backend reserves the rest when the job goes there
        backend, price = self._rules.prices.cheapest(request, able)
        try:
            budgets = self._rules.check(limits, request, usage, price)
        except LimitExceeded as refused:
            raise await _dated(tx, refused, server, user, now) from None
        job = Job(
            id=new_job_id(now),
            request=request,
            requested_by=user,
            channel=channel,
            origin=context.origin,
            created_at=now,
            parent=None if parent is None else parent.id,
            parent_number=None if parent is None else parent.number,
            # an answer that one member sees is no place to go to
            parent_message=None if _is_answer(context) else await _message_of(tx, parent),
            own_defaults=used.own,
            servers_defaults=used.servers,
            reserved=price,
            style=style,
            reserved_for=backend,
            day=usage.day,
            number=await tx.next_number(server),
            is_private=context.is_private,
        )
        await tx.append(ledger.reserve(job, now))
        delivery = Delivery(job.id, channel, opened_at=now, answer=context.answer)
        await tx.add_job(job, delivery, context.lease)
        await tell_of_budgets(tx, server, (b.with_more(price) for b in budgets), price, now)
        return job


async def _standing(tx: Transaction, server: ServerRef, user: UserRef, now: datetime) -> Standing:
    """What is used, and the rules. Raises LedgerUnavailable or DatabaseUnusable: nothing more is
    allowed then."""
    try:
        return await tx.standing(server, user, now)
    except DatabaseUnusable:
        raise  # trying again would not help
    except StoreError as error:
        raise LedgerUnavailable from error


async def _dated(
    tx: Transaction, refused: LimitExceeded, server: ServerRef, user: UserRef, now: datetime
) -> LimitExceeded:
    """The refusal with when the hourly limit has room again; of others that is known."""
    if refused.limit == LimitName.USER_CLIPS_PER_HOUR:
        asked_at = await tx.asked_lately(server, user, now)
        refused.resets_at = hour_resets_at(asked_at, int(refused.allowed))
    return refused


def _is_answer(context: SubmitContext) -> bool:
    return context.answer is not None and context.answer.private


async def _message_of(tx: Transaction, parent: Job | None) -> MessageRef | None:
    """Where members can see the job that this one was made from."""
    delivery = None if parent is None else await tx.delivery_of(parent.id)
    return None if delivery is None else delivery.message
