"""Shortcuts in the menu of a message: what the buttons do, on every message of the bot."""

from adapters.slack.handlers.clips.payloads import Shortcut
from adapters.slack.handlers.clips.reporting import SlackReporting
from adapters.slack.models import SlackContent
from adapters.slack.refs import channel_ref
from adapters.slack.text import clips
from generation.domain.refs import MessageRef
from generation.service import Service


class SlackClipMenus:
    """Handles message shortcuts; raises FlipbookError when the answer is no."""

    def __init__(self, service: Service, reporting: SlackReporting) -> None:
        self._service = service
        self._reporting = reporting

    async def report(self, shortcut: Shortcut) -> SlackContent | None:
        """``Report to admins``."""
        message = MessageRef(channel_ref(shortcut.act), shortcut.message_ts)
        job = await self._service.job_of_message(message)
        if job is None:
            return clips.no_clip_content()
        return await self._reporting.ask(shortcut.act, shortcut.trigger, job.id)
