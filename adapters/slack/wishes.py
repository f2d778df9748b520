"""From a person's words or re-roll to a job: let in, submitted, and its message opened."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from adapters.slack import render
from adapters.slack.errands import Errands
from adapters.slack.failures import PLACE_CLOSED, SlackRefused
from adapters.slack.opener import Opener
from adapters.slack.parsing import request_from
from adapters.slack.payloads import Act
from adapters.slack.places import Places
from adapters.slack.telling import Teller
from generation.job import Job, JobId
from generation.places import ChannelRef, Platform, ServerRef, UserRef
from generation.ports import Clock
from generation.service import Ask, Service

REROLL_EVERY: Final = timedelta(seconds=3)
"""A member's second re-roll of the same clip within this time is a slip of the hand."""


def server_of(act: Act) -> ServerRef:
    """The workspace, as limits know it."""
    return ServerRef(Platform.SLACK, act.team)


def user_of(act: Act) -> UserRef:
    """The person, as limits know them."""
    return UserRef(Platform.SLACK, act.user)


def channel_of(act: Act) -> ChannelRef:
    """Where they acted."""
    return ChannelRef(server_of(act), act.channel, act.thread)


class Wishes:
    """What ends in a new job."""

    def __init__(
        self, service: Service, places: Places, opener: Opener, teller: Teller, *, errands: Errands, clock: Clock
    ) -> None:
        self._service = service
        self._places = places
        self._opener = opener
        self._teller = teller
        self._errands = errands
        self._clock = clock
        self._rerolls: dict[tuple[JobId, str], datetime] = {}

    async def make(self, act: Act, text: str) -> None:
        """A clip from what somebody wrote. Raises FlipbookError when there will be none; then nothing is spent."""
        request = request_from(text, self._service.draw_seed())
        await self._places.admit(act)
        await self._take(act, lambda ask: self._service.submit(request, ask), channel_of(act))

    async def again(self, act: Act, job_id: JobId) -> None:
        """The same wish with a new seed, charged to whoever acted. Raises FlipbookError."""
        await self._places.admit(act)
        job = await self._service.job(job_id, server_of(act))
        if self._is_slip(job.id, act.user):
            return
        here = job.channel if job.channel.id == act.channel else replace(job.channel, id=act.channel, thread=None)
        await self._take(act, lambda ask: self._service.reroll(job.id, ask), here)

    async def _take(self, act: Act, submit: Callable[[Ask], Awaitable[Job]], channel: ChannelRef) -> None:
        ask = Ask(origin=f"{server_of(act)}:{act.key}", requested_by=user_of(act), channel=channel)
        asked_at = self._clock.now()
        job = await submit(ask)
        self._errands.start(self._open(job, act, is_new=job.created_at >= asked_at), f"opening {job.id}")

    async def _open(self, job: Job, act: Act, *, is_new: bool) -> None:
        try:
            await self._opener.open(job, is_new=is_new)
        except SlackRefused as error:
            if error.code not in PLACE_CLOSED:
                raise
            self._places.closed(job.channel.id)
            await self._teller.tell(act, render.brought_directly_content(error))

    def _is_slip(self, job_id: JobId, user: str) -> bool:
        now = self._clock.now()
        self._rerolls = {key: at for key, at in self._rerolls.items() if now - at < REROLL_EVERY}
        if (job_id, user) in self._rerolls:
            return True
        self._rerolls[job_id, user] = now
        return False
