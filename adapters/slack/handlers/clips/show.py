"""⚙️ and show: how a clip was made, and the clip again, to one member alone."""

import contextlib
from datetime import timedelta
from typing import Final

from adapters.slack.delivery.fallbacks import KEPT
from adapters.slack.handlers.access import Access
from adapters.slack.handlers.clips.context import actor_of, with_rights
from adapters.slack.handlers.parsing import command_line
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import channel_ref, user_ref
from adapters.slack.text import clips, lists
from adapters.slack.web_api import SlackApi
from generation.domain.clip_actions import ClipAction, ClipState, state_of
from generation.domain.delivery import Answer, Delivery, DeliveryStatus
from generation.domain.job import Job, JobId, JobStatus
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryError
from generation.service import Service
from generation.service.clips import is_allowed

REDELIVERY_LIFETIME: Final = timedelta(hours=1)
"""How long a clip that is delivered again may be sent to the member who asked."""


class SlackShow:
    """Shows clips to one member; raises FlipbookError when the answer is no."""

    def __init__(self, api: SlackApi, service: Service, access: Access, clock: Clock) -> None:
        self._api = api
        self._service = service
        self._access = access
        self._clock = clock

    async def settings(self, act: Act, job_id: JobId) -> SlackContent:
        """How a clip was made, what else can be done with it, and a command that makes it again."""
        channel = channel_ref(act)
        job = await with_rights(
            self._access,
            act,
            lambda actor: self._service.seen_clip(ClipAction.SETTINGS, job_id, actor, channel),
        )
        return clips.settings_content(job, command_line(job))

    async def show(self, act: Act, job_id: JobId) -> SlackContent:
        """Where a clip is, or the clip again as a direct message; or that it is gone."""
        await self._access.check_reader(act)
        channel = channel_ref(act)
        job = await with_rights(
            self._access, act, lambda actor: self._service.seen_job(job_id, actor, channel)
        )
        if state_of(job) in {ClipState.DELETED, ClipState.HIDDEN}:
            may_make_again = is_allowed(ClipAction.REROLL, job, actor_of(act))
            return clips.gone_content(job, may_make_again=may_make_again)
        return await self._shown_again(act, job)

    async def _shown_again(self, act: Act, job: Job) -> SlackContent:
        delivery = await self._service.delivery_of(job.id)
        link = await self._link(delivery)
        # an unfinished delivery will post the clip without this
        comes_again = link is None and job.status is JobStatus.SUCCEEDED and _is_over(delivery)
        if comes_again:
            answer = Answer(act.user, self._clock.now() + REDELIVERY_LIFETIME, private=True)
            await self._service.deliver_again(job.id, answer, by=user_ref(act), channel=job.channel)
        return lists.job_content(job, link=link, comes_again=comes_again, again=command_line(job))

    async def _link(self, delivery: Delivery | None) -> str | None:
        """The address of the message that shows the outcome; None when there is none."""
        # the last delivery step posts words without the clip
        if delivery is None or delivery.message is None or delivery.step == KEPT:
            return None
        if delivery.status is DeliveryStatus.ABANDONED:
            return None
        # a deleted message has no permalink
        with contextlib.suppress(DeliveryError):
            return await self._api.permalink(delivery.message.channel.id, delivery.message.id)
        return None

    async def direct_show(self, act: Act, job_id: JobId) -> SlackContent:
        """``show`` behind ⚙️: the clip as a direct message, though its message may be near."""
        job = await self._service.seen_clip(
            ClipAction.SHOW, job_id, actor_of(act), channel_ref(act)
        )
        answer = Answer(act.user, self._clock.now() + REDELIVERY_LIFETIME, private=True)
        await self._service.deliver_again(job.id, answer, by=user_ref(act), channel=job.channel)
        return clips.comes_directly_content()


def _is_over(delivery: Delivery | None) -> bool:
    """Whether the delivery has ended, with or without success."""
    return delivery is not None and delivery.status in {
        DeliveryStatus.SENT,
        DeliveryStatus.ABANDONED,
    }
