"""Uploads a clip to Slack: announces it, sends its bytes, completes it once, and looks whether a
message shows it."""

import asyncio
import contextlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from adapters.slack.delivery.rate_limits import PostSlots
from adapters.slack.errors import (
    FILE_NOT_SHOWN,
    FILE_UNREADY,
    SlackDelayed,
    SlackRefused,
    refusal,
)
from adapters.slack.models import FileFacts, PostTarget, SlackContent
from adapters.slack.text import render
from adapters.slack.web_api import SlackApi
from generation.domain.job import Job
from generation.domain.refs import MessageRef
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryError, DeliveryStepFailed

LOOK_PAUSES: Final = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each look for the message that shows a file: Slack lists it late, or never."""
UNREADY_SECONDS: Final = 2.0
"""The pause before another try with a clip that Slack still processes."""
MISSES: Final = 2
"""So many edits in a row that showed no file, and none is tried for :data:`DISTRUST`."""
DISTRUST: Final = timedelta(days=1)
_GONE: Final = FILE_UNREADY | {"file_deleted", "file_is_deleted"}


class EditedFiles:
    """Whether edits show files in this workspace: Slack documents it in one sentence, and answers
    "ok" where it does not."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._misses = 0
        self._distrusted_until: datetime | None = None

    def check(self) -> None:
        """Raises SlackRefused while no edit is worth trying."""
        until = self._distrusted_until
        if until is not None and self._clock.now() < until:
            raise refusal(FILE_NOT_SHOWN)

    def shown(self) -> None:
        """An edit has shown its file."""
        self._misses = 0
        self._distrusted_until = None

    def missed(self) -> None:
        """An edit has shown no file."""
        self._misses += 1
        if self._misses >= MISSES:
            self._distrusted_until = self._clock.now() + DISTRUST


class SlackClipUpload:
    """Uploads clips. Every method raises :class:`generation.protocol.errors.DeliveryError`."""

    def __init__(self, api: SlackApi, clock: Clock, slots: PostSlots) -> None:
        self._api = api
        self._clock = clock
        self._slots = slots

    async def send(self, job: Job, video: Path) -> str:
        """Announce a file and send its bytes; returns its id. It is invisible until completed."""
        try:
            content = await asyncio.to_thread(video.read_bytes)
        except OSError as error:
            raise DeliveryStepFailed("the clip cannot be read") from error
        try:
            file_id, url = await self._api.announce_file(f"flipbook-{job.id}.mp4", len(content))
            await self._api.upload(url, content)
        except SlackDelayed as error:
            # whatever became of these bytes, no message shows them
            error.nothing_sent = True
            raise
        return file_id

    async def complete(self, file_id: str, job: Job) -> None:
        """Complete the file without sharing it. Slack allows this once."""
        await self._complete(file_id, job)

    async def share(
        self, file_id: str, job: Job, *, target: PostTarget, content: SlackContent
    ) -> None:
        """Complete the file and share it in a new message. Slack allows this once."""
        # a share is a message like any other
        async with self._slots.slot(target.channel):
            await self._complete(file_id, job, target, content)

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
            shares = (await self._api.file(file_id)).shares
            return message.id in shares.get(message.channel.id, ())
        return False

    async def until_shown(self, file_id: str, channel: str, ts: str | None = None) -> str | None:
        """Look until a message of the channel (or that one) shows the file; returns its ``ts``,
        None where the app may not look.

        Raises SlackRefused with :data:`FILE_NOT_SHOWN` when Slack has processed the file and shows
        it nowhere, SlackDelayed while it still processes it or cannot be asked.
        """
        problem: DeliveryError = refusal(FILE_NOT_SHOWN)
        for pause in LOOK_PAUSES:
            if pause:
                await self._clock.sleep(pause)
            try:
                facts = await self._api.file(file_id)
            except SlackDelayed as error:
                problem = error
                continue
            except SlackRefused as error:
                if error.code not in _GONE:
                    # without files:read nothing more can be known than that Slack said "ok"
                    return ts
                problem = refusal(FILE_NOT_SHOWN)
                continue
            found = _shown_in(facts, channel, ts)
            if found is not None:
                return found
            problem = refusal(FILE_NOT_SHOWN) if facts.is_processed else unready()
        raise problem

    async def remove(self, file_id: str) -> None:
        """Delete a file that no message shows, so that it cannot turn up later."""
        # gone already, or another installation's
        with contextlib.suppress(SlackRefused):
            await self._api.delete_file(file_id)

    async def _complete(
        self,
        file_id: str,
        job: Job,
        target: PostTarget | None = None,
        content: SlackContent | None = None,
    ) -> None:
        try:
            await self._api.complete_file(
                file_id, render.file_title(job), target=target, content=content
            )
        except SlackDelayed as error:
            # a lost answer: a second call would fail, so the file itself is asked
            if not error.may_be_done or not await self.is_complete(file_id):
                raise


def unready() -> SlackDelayed:
    """Slack still processes the clip."""
    return SlackDelayed(
        "file_unready", "Slack is still looking at the clip", retry_after=UNREADY_SECONDS
    )


def _shown_in(facts: FileFacts, channel: str, ts: str | None) -> str | None:
    """The ``ts`` of the message that shows the file: that one, or any of the channel."""
    shown = facts.shares.get(channel, ())
    if ts is None:
        return shown[0] if shown else None
    return ts if ts in shown else None
