"""What the buttons under a job's message and the 🔁 on a finished clip do."""

import re
from dataclasses import replace
from typing import Final

from adapters.slack import render
from adapters.slack.api import SlackApi
from adapters.slack.payloads import Act, Click, Reaction
from adapters.slack.places import Places
from adapters.slack.values import Content
from adapters.slack.wishes import Wishes, channel_of, server_of, user_of
from generation.errors import FlipbookError, JobNotFound, NotYourJob
from generation.job import JobId
from generation.places import MessageRef
from generation.service import Service

_JOB_ID: Final = re.compile(r"[0-9a-f]{24}")


def job_id_in(text: str) -> JobId:
    """A job's id as a button or a member wrote it. Raises JobNotFound for what cannot be one."""
    wanted = text.strip().strip("`").lower()
    if not _JOB_ID.fullmatch(wanted):
        raise JobNotFound(text.strip()[:24])
    return JobId(wanted)


class Actions:
    """Buttons and reactions; each raises FlipbookError when the answer is no."""

    def __init__(self, api: SlackApi, service: Service, places: Places, wishes: Wishes) -> None:
        self._api = api
        self._service = service
        self._places = places
        self._wishes = wishes

    async def clicked(self, click: Click) -> Content | None:
        """A button. One whose name is not known (any more) is answered with a sentence."""
        match click.action_id:
            case render.REROLL_ACTION:
                await self._wishes.again(click.act, job_id_in(click.value))
                return None
            case render.CANCEL_ACTION:
                return await self.cancel(click.act, job_id_in(click.value))
            case _:
                return render.stale_button_content()

    async def cancel(self, act: Act, job_id: JobId) -> Content:
        """Stop a job that is one's own; admins stop anybody's."""
        server, user = server_of(act), user_of(act)
        try:
            job = await self._service.cancel(job_id, by=user, server=server)
        except NotYourJob:
            if not await self._places.is_admin(act.user):
                raise
            job = await self._service.cancel(job_id, by=user, server=server, is_admin=True)
        return render.cancelling_content(job)

    async def reacted(self, reaction: Reaction) -> Content | None:
        """🔁 on a clip of ours, by a person; every other reaction is none of our business."""
        if not _is_reroll(reaction.name):
            return None
        if reaction.message_by not in (None, (await self._api.identity()).bot_user):
            return None
        act = reaction.act
        job = await self._service.job_of_message(MessageRef(channel_of(act), reaction.message_ts))
        if job is None or await self._places.is_bot(act.user):
            return None
        try:
            await self._wishes.again(act, job.id)
        except FlipbookError as error:  # the event does not say in which thread the message stands
            return replace(render.error_content(error), thread=job.channel.thread)
        return None


def _is_reroll(name: str) -> bool:
    """Slack adds skin tones to names as in ``wave::skin-tone-2``."""
    return name.partition("::")[0] == render.REROLL_REACTION
