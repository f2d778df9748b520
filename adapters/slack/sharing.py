"""The rungs below the job's own message: its thread, the channel, the member, and at last only words."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from adapters.slack import render
from adapters.slack.api import SlackApi
from adapters.slack.bringing import Task, Way
from adapters.slack.clips import Clips
from adapters.slack.failures import SlackRefused
from adapters.slack.posts import Posts
from adapters.slack.values import Content, Mark, Place
from generation.errors import DeliveryError, RungFailed
from generation.places import MessageRef
from generation.ports import Clock

THREAD: Final = "thread"
CHANNEL: Final = "channel"
DIRECT: Final = "direct"
KEPT: Final = "kept"


class Sharing:
    """Brings outcomes as messages of their own."""

    def __init__(self, api: SlackApi, posts: Posts, clips: Clips, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._posts = posts
        self._clips = clips
        self.ways: Mapping[str, Way] = {
            THREAD: self._in_its_thread,
            CHANNEL: self._in_the_channel,
            DIRECT: self._directly,
            KEPT: self._only_words,
        }

    async def _in_its_thread(self, task: Task) -> MessageRef | None:
        message = task.delivery.message
        if message is None or task.memory.is_message_gone:
            raise RungFailed(task.delivery.told[-1] if task.delivery.told else "its message is gone")
        place = Place(message.channel.id, task.job.channel.thread or message.id)
        return await self._bring(task, place, THREAD, "in its thread")

    async def _in_the_channel(self, task: Task) -> MessageRef | None:
        return await self._bring(task, task.place, CHANNEL, "in a message of its own")

    async def _directly(self, task: Task) -> MessageRef | None:
        place = Place(await self._api.open_direct(task.recipient))
        brought = await self._bring(task, place, DIRECT, "in a direct message to the member who asked")
        return brought if task.delivery.answer is None else None

    async def _only_words(self, task: Task) -> MessageRef | None:
        """Where no file is taken: say so wherever something can be said."""
        if task.video is None:
            raise RungFailed(task.delivery.told[-1] if task.delivery.told else "there is no way left")
        content = render.kept_content(task.job, task.delivery.told, task.link)
        if task.delivery.answer is None:
            with contextlib.suppress(SlackRefused):
                return await self._say_in_public(task, content)
        direct = Place(await self._api.open_direct(task.recipient))
        brought = await self._say(task, direct, KEPT, content)
        return brought if task.delivery.answer is None else None

    async def _say_in_public(self, task: Task, content: Content) -> MessageRef:
        message = task.delivery.message
        if message is not None and not task.memory.is_message_gone:
            with contextlib.suppress(SlackRefused):
                await self._api.update(message.channel.id, message.id, content)
                return message
        return await self._say(task, task.place, KEPT, content)

    async def _bring(self, task: Task, place: Place, rung: str, where: str) -> MessageRef | None:
        """Share the clip there (or say how the job ended), then let the job's own message point to it."""
        if task.video is None:
            return await self._say(task, place, rung, render.outcome_content(task.job, has_clip=False))
        file_id = await self._shared(task, task.video, place, rung)
        ts = await self._clips.message_with(file_id, place.channel)
        await self._point_to_it(task, where)
        return None if ts is None else task.ref(place, ts)

    async def _shared(self, task: Task, video: Path, place: Place, rung: str) -> str:
        """A file that stands in that place: the one of an earlier try if it does already."""
        file_id = task.memory.shares(rung)
        if file_id is not None and await self._clips.is_complete(file_id):
            return file_id
        file_id = await self._clips.send(task.job, video)
        await task.remember(shared_file=file_id, shared_by=rung)
        comment = render.share_comment(task.job, task.delivery.told)
        await self._clips.complete(file_id, task.job, place=place, comment=comment)
        return file_id

    async def _say(self, task: Task, place: Place, rung: str, content: Content) -> MessageRef:
        tried_at = task.memory.tried_at if task.memory.shared_by == rung else ()
        await task.remember(shared_by=rung, tried_at=(self._clock.now().timestamp(),))
        return task.ref(place, await self._posts.post(place, content, Mark(task.job.id, rung), tried_at=tried_at))

    async def _point_to_it(self, task: Task, where: str) -> None:
        message = task.delivery.message
        if message is None or task.memory.is_message_gone or task.delivery.answer is not None:
            return
        with contextlib.suppress(DeliveryError):
            content = render.elsewhere_content(task.job, where)
            await self._api.update(message.channel.id, message.id, content)
