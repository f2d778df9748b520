"""The core's Messenger port on Slack: progress and clips go into the job's own message, or through
the fallback steps."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from adapters.slack.delivery.attempt import DeliverStep, DeliveryAttempt
from adapters.slack.delivery.fallbacks import CHANNEL, DIRECT, KEPT, THREAD, FileFallbacks
from adapters.slack.delivery.notices import SlackNotices
from adapters.slack.delivery.posts import SlackPosts
from adapters.slack.delivery.rate_limits import EditBudget
from adapters.slack.delivery.retraction import SlackRetraction
from adapters.slack.delivery.upload import EditedFiles, SlackClipUpload, unready
from adapters.slack.errors import (
    FILE_NOT_SHOWN,
    FILE_UNREADY,
    MESSAGE_DELETED,
    MESSAGE_GONE,
    SlackDelayed,
    SlackRefused,
)
from adapters.slack.models import MessageMetadata, SlackContent
from adapters.slack.text import render
from adapters.slack.web_api import SlackApi
from generation.domain.delivery import Delivery
from generation.domain.job import Job, JobId
from generation.domain.refs import MessageRef, Platform, ServerRef
from generation.ports import DeliveryPayload, NoticePayload, SaveNote
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryDelayed
from generation.protocol.progress import Progress

EDIT: Final = "edit"
"""The step that puts the outcome into the job's own message."""
STEPS: Final = (EDIT, THREAD, CHANNEL, DIRECT, KEPT)


class SlackMessenger:
    """Edits jobs' messages and delivers their outcomes."""

    platform = Platform.SLACK
    seconds_between_edits = 3.0

    def __init__(
        self,
        api: SlackApi,
        posts: SlackPosts,
        clock: Clock,
        *,
        admins: frozenset[str] = frozenset(),
    ) -> None:
        """``admins`` are the members that the operator has named."""
        self._api = api
        self._notices = SlackNotices(api, posts, clock, admins)
        self._posts = posts
        self._clock = clock
        self._clips = SlackClipUpload(api, clock, posts.slots)
        self._edited_files = EditedFiles(clock)
        self._budget = EditBudget(clock)
        self._locks: WeakValueDictionary[JobId, asyncio.Lock] = WeakValueDictionary()
        self._retraction = SlackRetraction(api)
        fallbacks = FileFallbacks(api, posts, self._clips, clock)
        self._steps: Mapping[str, DeliverStep] = {EDIT: self._into_its_message, **fallbacks.steps}

    def delivery_steps(self, delivery: Delivery, now: datetime) -> Sequence[str]:  # noqa: ARG002 - the port's words
        """All steps; a clip that one member asked to see again goes to that member only, and so
        does the outcome of a job whose message was deleted: it is not posted again."""
        # a clip that was hidden after it had arrived is changed where it stands
        if delivery.was_shown and delivery.message is not None:
            return (EDIT, THREAD)
        if MESSAGE_DELETED in delivery.told:
            return (DIRECT,)
        return STEPS if delivery.answer is None else (DIRECT, KEPT)

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        """Edit the message, within the workspace's budget. Raises DeliveryDelayed when the budget
        is used up or there is no message yet."""
        if delivery.message is None:
            raise DeliveryDelayed("its first message is not out yet", retry_after=1.0)
        await self._check_workspace(delivery.channel.server)
        self._budget.for_progress(job.id)
        async with self._lock(job.id):
            await self._edit(delivery.message, render.progress_content(job, progress))

    async def deliver(
        self, payload: DeliveryPayload, step: str, note: SaveNote
    ) -> MessageRef | None:
        """Deliver the outcome by that step; doing it again still gives one message with one
        clip."""
        await self._check_workspace(payload.delivery.channel.server)
        # its outcome would become a second message
        if payload.job.id in self._posts.opening:
            raise DeliveryDelayed("its first message is still being posted", retry_after=1.0)
        async with self._lock(payload.job.id):
            return await self._steps[step](DeliveryAttempt(payload, note))

    async def post_notice(self, payload: NoticePayload, note: SaveNote) -> None:
        """Post a notice once."""
        await self._check_workspace(payload.notice.server)
        await self._notices.post(payload, note)

    async def retract(self, job: Job, delivery: Delivery) -> None:
        """Delete the job's files and messages."""
        await self._check_workspace(delivery.channel.server)
        async with self._lock(job.id):
            await self._retraction.retract(job, delivery)

    async def _into_its_message(self, attempt: DeliveryAttempt) -> MessageRef:
        if attempt.video is not None:
            return await self._with_clip(attempt, attempt.video)
        message = await self._message_of(attempt)
        self._budget.for_result(attempt.job.id)
        content = render.outcome_content(attempt.job, has_clip=False)
        await self._edit_with_file(attempt, message, content)
        if attempt.job.hidden_at is not None:
            # an edit without a file may leave it in the message
            await self._retraction.remove_files(attempt.note)
            await attempt.save(shown=(), private_file=None, shared_file=None)
        return message

    async def _with_clip(self, attempt: DeliveryAttempt, video: Path) -> MessageRef:
        """Put the clip into the job's message, and look whether it is there."""
        self._edited_files.check()
        message = await self._message_of(attempt)
        known = attempt.note.private_file
        # an earlier edit, whose answer was lost, may have added it; another could take it away
        if known is None or not await self._clips.is_in(known, message):
            await self._add_clip(attempt, message, known or await self._completed(attempt, video))
        return message

    async def _add_clip(self, attempt: DeliveryAttempt, message: MessageRef, file_id: str) -> None:
        self._budget.for_result(attempt.job.id)
        parent = (await self._api.identity()).link_to(attempt.job.parent_message)
        content = render.outcome_content(attempt.job, has_clip=True, parent=parent)
        try:
            await self._edit_with_file(attempt, message, content, file_id)
            await self._clips.until_shown(file_id, message.channel.id, message.id)
        except SlackRefused as error:
            if error.code == FILE_NOT_SHOWN:
                self._edited_files.missed()
            raise
        self._edited_files.shown()

    async def _completed(self, attempt: DeliveryAttempt, video: Path) -> str:
        """A file for the edit, in no message yet."""
        file_id = await self._clips.send(attempt.job, video)
        await self._clips.complete(file_id, attempt.job)
        # before the edit, so that another attempt uses the same file
        await attempt.save(private_file=file_id)
        return file_id

    async def _message_of(self, attempt: DeliveryAttempt) -> MessageRef:
        """The job's message: the recorded one, else the one that an earlier process posted without
        recording it, else a new one."""
        if attempt.delivery.message is not None:
            return attempt.delivery.message
        ts = attempt.note.posted or await self._found_or_posted(attempt)
        return attempt.ref(attempt.target, ts)

    async def _found_or_posted(self, attempt: DeliveryAttempt) -> str:
        # an earlier process may have posted it when the job began, or at the last attempt
        tried_at = (attempt.delivery.opened_at.timestamp(), *attempt.note.tried_at)
        await attempt.save(tried_at=(self._clock.now().timestamp(),))
        content = (
            render.outcome_content(attempt.job, has_clip=False)
            if attempt.video is None
            else render.arriving_content(attempt.job)
        )
        metadata = MessageMetadata(attempt.job.id)
        ts = await self._posts.post(attempt.target, content, metadata, tried_at=tried_at)
        await attempt.save(posted=ts)
        return ts

    async def _edit_with_file(
        self,
        attempt: DeliveryAttempt,
        message: MessageRef,
        content: SlackContent,
        file_id: str | None = None,
    ) -> None:
        try:
            await self._edit(message, content, file_id)
        except SlackRefused as error:
            if error.code in MESSAGE_GONE:
                # the fallback steps must not reply to it
                await attempt.save(is_message_gone=True)
            if file_id is not None and error.code in FILE_UNREADY:
                raise unready() from error
            raise

    async def _edit(
        self, message: MessageRef, content: SlackContent, file_id: str | None = None
    ) -> None:
        try:
            await self._api.update(message.channel.id, message.id, content, file_id=file_id)
        except SlackDelayed as error:
            if error.is_rate_limit:
                # Slack counts differently; ours follows
                self._budget.exhausted(error.retry_after or 1.0)
            raise

    async def _check_workspace(self, server: ServerRef) -> None:
        """Channel ids may repeat in another workspace: send nothing to one that the token is not
        for."""
        if server.id != (await self._api.identity()).team:
            raise SlackRefused("other_workspace", "the bot is no longer set up for that workspace")

    def _lock(self, job_id: JobId) -> asyncio.Lock:
        """Keeps a progress edit that is under way from overwriting the outcome."""
        return self._locks.setdefault(job_id, asyncio.Lock())
