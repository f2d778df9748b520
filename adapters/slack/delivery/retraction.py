"""Deletes what shows a job: its files, which outlive a deleted message, and its messages."""

from collections.abc import Awaitable
from typing import Final

from adapters.slack.delivery.attempt import AttemptNote
from adapters.slack.errors import MESSAGE_GONE, SlackRefused
from adapters.slack.text import render
from adapters.slack.web_api import SlackApi
from generation.domain.delivery import Delivery
from generation.domain.job import Job

FILES_GONE: Final = frozenset({"file_not_found", "file_deleted", "file_is_deleted"})
_MESSAGES_GONE: Final = MESSAGE_GONE | {"channel_not_found"}
_KEPT: Final = frozenset({"cant_delete_message", "compliance_exports_prevent_deletion"})
"""Another installation's message, or a workspace that keeps everything: it can say that its clip is
gone."""


class SlackRetraction:
    """Deletes files and messages. Raises DeliveryError."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    async def remove_files(self, note: AttemptNote) -> None:
        """Delete every file that the note knows; those that are gone already are fine."""
        for file_id in note.files:
            await _unless(FILES_GONE, self._api.delete_file(file_id))

    async def retract(self, job: Job, delivery: Delivery) -> None:
        """Delete the job's files, then its messages."""
        note = AttemptNote.read(delivery.note)
        await self.remove_files(note)
        shown = delivery.message
        messages = [note.pointer, None if shown is None else (shown.channel.id, shown.id)]
        for channel, ts in dict.fromkeys(filter(None, messages)):
            await self._remove_message(job, channel, ts)

    async def _remove_message(self, job: Job, channel: str, ts: str) -> None:
        try:
            await _unless(_MESSAGES_GONE, self._api.delete(channel, ts))
        except SlackRefused as error:
            if error.code not in _KEPT:
                raise
            await self._api.update(channel, ts, render.deleted_content(job))


async def _unless(gone: frozenset[str], deleting: Awaitable[None]) -> None:
    try:
        await deleting
    except SlackRefused as error:
        if error.code not in gone:
            raise
