"""The delivery steps after the job's own message: its thread, the channel, a direct message, and at
last words without the file."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from adapters.slack.delivery.attempt import DeliverStep, DeliveryAttempt
from adapters.slack.delivery.posts import SlackPosts
from adapters.slack.delivery.upload import SlackClipUpload
from adapters.slack.errors import SlackRefused
from adapters.slack.models import MessageMetadata, PostTarget, SlackContent
from adapters.slack.text import render
from adapters.slack.web_api import SlackApi
from generation.domain.refs import MessageRef
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryError, DeliveryStepFailed

THREAD: Final = "thread"
CHANNEL: Final = "channel"
DIRECT: Final = "direct"
KEPT: Final = "kept"


class FileFallbacks:
    """Delivers outcomes in messages of their own; ``steps`` by their stored names."""

    def __init__(
        self, api: SlackApi, posts: SlackPosts, clips: SlackClipUpload, clock: Clock
    ) -> None:
        self._api = api
        self._clock = clock
        self._posts = posts
        self._clips = clips
        self.steps: Mapping[str, DeliverStep] = {
            THREAD: self._in_its_thread,
            CHANNEL: self._in_the_channel,
            DIRECT: self._in_a_direct_message,
            KEPT: self._in_words,
        }

    async def _in_its_thread(self, attempt: DeliveryAttempt) -> MessageRef | None:
        message = attempt.message
        if message is None:
            raise _failed_before(attempt, "its message is gone")
        target = PostTarget(message.channel.id, attempt.job.channel.thread or message.id)
        return await self._share(attempt, target, THREAD, render.IN_ITS_THREAD)

    async def _in_the_channel(self, attempt: DeliveryAttempt) -> MessageRef | None:
        return await self._share(attempt, attempt.target, CHANNEL, render.IN_ANOTHER_MESSAGE)

    async def _in_a_direct_message(self, attempt: DeliveryAttempt) -> MessageRef | None:
        target = PostTarget(await self._api.open_direct(attempt.recipient))
        shared = await self._share(attempt, target, DIRECT, render.IN_A_DIRECT_MESSAGE)
        # a copy for one member does not become the job's message
        return shared if attempt.delivery.answer is None else None

    async def _in_words(self, attempt: DeliveryAttempt) -> MessageRef | None:
        """No file was accepted anywhere: say so where the bot can still post."""
        if attempt.video is None:
            raise _failed_before(attempt, "there is no other way to deliver it")
        await self._remove_unseen(attempt)
        content = render.kept_content(attempt.job, attempt.delivery.told, attempt.link)
        if attempt.delivery.answer is None:
            with contextlib.suppress(SlackRefused):
                # refused there, the direct message is left
                return await self._say_in_channel(attempt, content)
        direct = PostTarget(await self._api.open_direct(attempt.recipient))
        said = await self._say(attempt, direct, KEPT, content)
        return said if attempt.delivery.answer is None else None

    async def _say_in_channel(self, attempt: DeliveryAttempt, content: SlackContent) -> MessageRef:
        message = attempt.message
        if message is not None:
            with contextlib.suppress(SlackRefused):
                await self._api.update(message.channel.id, message.id, content)
                return message
        return await self._say(attempt, attempt.target, KEPT, content)

    async def _share(
        self, attempt: DeliveryAttempt, target: PostTarget, step: str, where: str
    ) -> MessageRef | None:
        """Share the clip there (or say how the job ended), then let the job's own message point to
        it."""
        if attempt.video is None:
            content = render.outcome_content(attempt.job, has_clip=False)
            return await self._say(attempt, target, step, content)
        file_id = await self._shared_file(attempt, attempt.video, target, step)
        # that Slack has said "ok" proves nothing
        ts = await self._clips.until_shown(file_id, target.channel)
        await self._point_to_it(attempt, where)
        return None if ts is None else attempt.ref(target, ts)

    async def _shared_file(
        self, attempt: DeliveryAttempt, video: Path, target: PostTarget, step: str
    ) -> str:
        """A file that is shared there: the one of an earlier attempt where that was completed."""
        file_id = attempt.note.file_shared_by(step)
        if file_id is not None and await self._clips.is_complete(file_id):
            return file_id
        await self._remove_unseen(attempt)
        file_id = await self._clips.send(attempt.job, video)
        # saved before the share, which Slack would do a second time for another file
        await attempt.save(shared_file=file_id, shared_by=step)
        content = render.share_content(attempt.job, attempt.delivery.told)
        await self._clips.share(file_id, attempt.job, target=target, content=content)
        return file_id

    async def _remove_unseen(self, attempt: DeliveryAttempt) -> None:
        """Files of steps that failed: shown late, they would be a second clip."""
        for name in ("private_file", "shared_file"):
            file_id = getattr(attempt.note, name)
            if file_id is not None:
                await self._clips.remove(file_id)
                await attempt.save(**{name: None})

    async def _say(
        self, attempt: DeliveryAttempt, target: PostTarget, step: str, content: SlackContent
    ) -> MessageRef:
        # only a post of the same step may be the message that this one would repeat
        tried_at = attempt.note.tried_at if attempt.note.shared_by == step else ()
        await attempt.save(shared_by=step, tried_at=(self._clock.now().timestamp(),))
        metadata = MessageMetadata(attempt.job.id, step)
        ts = await self._posts.post(target, content, metadata, tried_at=tried_at)
        return attempt.ref(target, ts)

    async def _point_to_it(self, attempt: DeliveryAttempt, where: str) -> None:
        message = attempt.message
        if message is None or attempt.delivery.answer is not None:
            return
        await attempt.save(pointer=(message.channel.id, message.id))
        # the clip is delivered; that its message says where is a courtesy
        with contextlib.suppress(DeliveryError):
            content = render.elsewhere_content(attempt.job, where)
            await self._api.update(message.channel.id, message.id, content)


def _failed_before(attempt: DeliveryAttempt, reason: str) -> DeliveryStepFailed:
    """The step cannot be tried; its reason is that of the last one that was."""
    told = attempt.delivery.told
    return DeliveryStepFailed(told[-1] if told else reason)
