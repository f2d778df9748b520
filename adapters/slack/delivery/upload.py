"""Uploads a clip to Slack: announces it, sends its bytes, completes it once, and finds it again
after a lost answer."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from adapters.slack.errors import SlackDelayed, SlackRefused
from adapters.slack.models import PostTarget
from adapters.slack.text import render
from adapters.slack.web_api import SlackApi
from generation.domain.job import Job
from generation.domain.refs import MessageRef
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryError, DeliveryStepFailed

SEARCH_PAUSES: Final = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each search for the message of a shared file: Slack lists it late, or never."""


class SlackClipUpload:
    """Uploads clips. Every method raises :class:`generation.protocol.errors.DeliveryError`."""

    def __init__(self, api: SlackApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    async def send(self, job: Job, video: Path) -> str:
        """Announce a file and send its bytes; returns its id. It is invisible until completed."""
        try:
            content = await asyncio.to_thread(video.read_bytes)
        except OSError as error:
            raise DeliveryStepFailed("the clip cannot be read") from error
        file_id, url = await self._api.announce_file(
            f"flipbook-{job.id}.mp4", len(content), render.alt_text(job)
        )
        await self._api.upload(url, content)
        return file_id

    async def complete(
        self,
        file_id: str,
        job: Job,
        *,
        target: PostTarget | None = None,
        comment: str | None = None,
    ) -> None:
        """Complete the file, and share it where a target is named. Slack allows this once."""
        try:
            await self._api.complete_file(
                file_id, render.file_title(job), target=target, comment=comment
            )
        except SlackDelayed as error:
            # a lost answer: a second call would fail, so the file itself is asked
            if not error.may_be_done or not await self.is_complete(file_id):
                raise

    async def is_complete(self, file_id: str) -> bool:
        """Whether the file was completed by an earlier call, whose answer may be lost."""
        try:
            await self._api.file(file_id)
        except SlackRefused:
            return False
        return True

    async def is_in(self, file_id: str, message: MessageRef) -> bool:
        """Whether Slack lists the file in that message."""
        with contextlib.suppress(DeliveryError):
            return (await self._api.file(file_id)).shares.get(message.channel.id) == message.id
        return False

    async def message_with(self, file_id: str, channel: str) -> str | None:
        """The ``ts`` of the message that shows a shared file; None when Slack does not list it in
        time."""
        for pause in SEARCH_PAUSES:
            if pause:
                await self._clock.sleep(pause)
            with contextlib.suppress(DeliveryError):
                # an error counts as one search; the clip is delivered in any case
                shares = (await self._api.file(file_id)).shares
                if channel in shares:
                    return shares[channel]
        return None
