"""Slack behind the core's port: progress and clips go into the job's own message, or down a ladder of other ways."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from adapters.slack import render
from adapters.slack.api import SlackApi
from adapters.slack.bringing import Task, Way
from adapters.slack.clips import Clips
from adapters.slack.failures import FILE_UNREADY, MESSAGE_GONE, SlackDelayed, SlackRefused
from adapters.slack.pace import EditBudget
from adapters.slack.posts import Posts
from adapters.slack.sharing import CHANNEL, DIRECT, KEPT, THREAD, Sharing
from adapters.slack.values import Content, Mark
from generation.delivery import Delivery
from generation.errors import DeliveryDelayed
from generation.job import Job, JobId
from generation.places import MessageRef, Platform
from generation.ports import Clock, Noter, Parcel
from generation.progress import Progress

EDIT: Final = "edit"
"""The rung that puts the outcome into the job's own message."""
LADDER: Final = (EDIT, THREAD, CHANNEL, DIRECT, KEPT)
UNREADY_SECONDS: Final = 2.0
"""Until an edit is tried again that Slack refused because it was still looking at the clip."""


class SlackMessenger:
    """Shows jobs in their messages, and brings their outcomes."""

    platform = Platform.SLACK
    seconds_between_edits = 3.0

    def __init__(self, api: SlackApi, posts: Posts, clock: Clock) -> None:
        self._api = api
        self._posts = posts
        self._clock = clock
        self._clips = Clips(api, clock)
        self._budget = EditBudget(clock)
        self._editing: WeakValueDictionary[JobId, asyncio.Lock] = WeakValueDictionary()
        sharing = Sharing(api, posts, self._clips, clock)
        self._ways: Mapping[str, Way] = {EDIT: self._into_its_message, **sharing.ways}

    def rungs(self, delivery: Delivery, now: datetime) -> Sequence[str]:  # noqa: ARG002 - the port's words
        """All of the ladder; what was asked to be shown again goes to the one who asked."""
        return LADDER if delivery.answer is None else (DIRECT, KEPT)

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        """Edit the message, within the workspace's budget for that. Raises DeliveryDelayed when it is used up, or
        when there is no message yet."""
        if delivery.message is None:
            raise DeliveryDelayed("its first message is not out yet", retry_after=1.0)
        await self._check_workspace(delivery)
        self._budget.for_progress(job.id)
        async with self._lock(job.id):
            await self._edit(delivery.message, render.progress_content(job, progress))

    async def deliver(self, parcel: Parcel, rung: str, note: Noter) -> MessageRef | None:
        """Bring the outcome by that rung: twice the same rung still gives one message with one clip."""
        await self._check_workspace(parcel.delivery)
        if parcel.job.id in self._posts.opening:
            raise DeliveryDelayed("its first message is still being posted", retry_after=1.0)
        async with self._lock(parcel.job.id):
            return await self._ways[rung](Task(parcel, note))

    async def _into_its_message(self, task: Task) -> MessageRef:
        message = await self._message_of(task)
        content = render.outcome_content(task.job, has_clip=task.video is not None)
        file_id = None if task.video is None else await self._file_for(task, task.video, message)
        self._budget.for_result(task.job.id)
        await self._edit_or_notice(task, message, content, file_id)
        return message

    async def _file_for(self, task: Task, video: Path, message: MessageRef) -> str | None:
        """The file that the edit has to bring; None when an edit whose answer was lost has brought it already."""
        file_id = task.memory.private_file
        if file_id is None:
            file_id = await self._clips.send(task.job, video)
            await self._clips.complete(file_id, task.job)
            await task.remember(private_file=file_id)
            return file_id
        return None if await self._clips.stands_in(file_id, message) else file_id

    async def _message_of(self, task: Task) -> MessageRef:
        """The job's message: as recorded, else as it can be found, else a new one. A process may have died between
        posting it and recording it."""
        if task.delivery.message is not None:
            return task.delivery.message
        return task.ref(task.place, task.memory.posted or await self._found_or_posted(task))

    async def _found_or_posted(self, task: Task) -> str:
        tried_at = (task.delivery.opened_at.timestamp(), *task.memory.tried_at)
        await task.remember(tried_at=(self._clock.now().timestamp(),))
        content = render.outcome_content(task.job, has_clip=False)
        ts = await self._posts.post(task.place, content, Mark(task.job.id), tried_at=tried_at)
        await task.remember(posted=ts)
        return ts

    async def _edit_or_notice(
        self, task: Task, message: MessageRef, content: Content, file_id: str | None = None
    ) -> None:
        try:
            await self._edit(message, content, file_id)
        except SlackRefused as error:
            if error.code in MESSAGE_GONE:
                await task.remember(is_message_gone=True)
            if file_id is not None and error.code in FILE_UNREADY:
                raise SlackDelayed(
                    error.code, "Slack is still looking at the clip", retry_after=UNREADY_SECONDS
                ) from error
            raise

    async def _edit(self, message: MessageRef, content: Content, file_id: str | None = None) -> None:
        try:
            await self._api.update(message.channel.id, message.id, content, file_id=file_id)
        except SlackDelayed as error:
            if error.code == "ratelimited":
                self._budget.exhausted(error.retry_after or 1.0)
            raise

    async def _check_workspace(self, delivery: Delivery) -> None:
        """The same channel id may exist elsewhere: nothing goes to a workspace that the token is not for."""
        if delivery.channel.server.id != (await self._api.identity()).team:
            raise SlackRefused("other_workspace", "the bot is no longer set up for that workspace")

    def _lock(self, job_id: JobId) -> asyncio.Lock:
        """An outcome is never overtaken by a progress edit that was on its way."""
        return self._editing.setdefault(job_id, asyncio.Lock())
