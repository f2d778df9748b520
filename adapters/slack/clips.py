"""Brings a clip's bytes to Slack: announced, uploaded, completed once, and found again where an answer was lost."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from adapters.slack import render
from adapters.slack.api import SlackApi
from adapters.slack.failures import SlackDelayed, SlackRefused
from adapters.slack.values import Place
from generation.errors import DeliveryError, RungFailed
from generation.job import Job
from generation.places import MessageRef
from generation.ports import Clock

LOOKS: Final = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each look for the message in which a shared file stands: Slack tells it later, or never."""


class Clips:
    """Uploads clips. Every method raises :class:`generation.errors.DeliveryError`."""

    def __init__(self, api: SlackApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    async def send(self, job: Job, video: Path) -> str:
        """Announce a file and send its bytes; returns its id. Nobody sees it before it is completed."""
        try:
            content = await asyncio.to_thread(video.read_bytes)
        except OSError as error:
            raise RungFailed("the clip cannot be read") from error
        file_id, url = await self._api.announce_file(f"flipbook-{job.id}.mp4", len(content), render.alt_text(job))
        await self._api.upload(url, content)
        return file_id

    async def complete(self, file_id: str, job: Job, *, place: Place | None = None, comment: str | None = None) -> None:
        """Make the file real, and share it where a place is named: once, for it cannot be done twice."""
        try:
            await self._api.complete_file(file_id, render.file_title(job), place=place, comment=comment)
        except SlackDelayed as error:
            if not error.may_be_done or not await self.is_complete(file_id):
                raise

    async def is_complete(self, file_id: str) -> bool:
        """Whether the file was completed before, by a call whose answer was lost or by a process that is gone."""
        try:
            await self._api.file(file_id)
        except SlackRefused:
            return False
        return True

    async def stands_in(self, file_id: str, message: MessageRef) -> bool:
        """Whether a file is known to stand in that message; no, where Slack does not say."""
        with contextlib.suppress(DeliveryError):
            return (await self._api.file(file_id)).shares.get(message.channel.id) == message.id
        return False

    async def message_with(self, file_id: str, channel: str) -> str | None:
        """The ``ts`` of the message in which a shared file stands; None when Slack does not say so in time."""
        for pause in LOOKS:
            if pause:
                await self._clock.sleep(pause)
            with contextlib.suppress(DeliveryError):
                shares = (await self._api.file(file_id)).shares
                if channel in shares:
                    return shares[channel]
        return None
