"""What members ask of ``/flipbook``: what is under way, what they made, what they may still make."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from adapters.slack import render_help, render_lists
from adapters.slack.actions import Actions, job_id_in
from adapters.slack.admin import Admin
from adapters.slack.api import SlackApi
from adapters.slack.payloads import Act, Command
from adapters.slack.places import Places
from adapters.slack.sharing import KEPT
from adapters.slack.values import Content
from adapters.slack.wishes import server_of, user_of
from generation.delivery import Answer, Delivery, DeliveryStatus
from generation.errors import DeliveryError, JobNotFound
from generation.job import Job, JobStatus
from generation.ports import Clock
from generation.service import Service

Serve = Callable[[Act, str], Awaitable[Content]]
_ASKED_AGAIN_LIVES = timedelta(hours=1)


class Members:
    """Serves the words after ``/flipbook``; raises FlipbookError when the answer is no."""

    def __init__(
        self, api: SlackApi, service: Service, places: Places, actions: Actions, *, admin: Admin, clock: Clock
    ) -> None:
        self._api = api
        self._service = service
        self._places = places
        self._actions = actions
        self._clock = clock
        self._serve: Mapping[str, Serve] = {
            "queue": self._queue,
            "history": self._history,
            "show": self._show,
            "cancel": self._cancel,
            "quota": self._quota,
            "help": self._help,
            "admin": admin.serve,
        }

    async def serve(self, command: Command) -> Content:
        """The first word says what is wanted."""
        await self._places.check_workspace(command.act)
        first, _, rest = command.text.strip().partition(" ")
        serve = self._serve.get(first.lower() or "help")
        if serve is None:
            return render_help.unknown_word_content(first, tuple(self._serve))
        return await serve(command.act, rest.strip())

    async def _queue(self, act: Act, _: str) -> Content:
        jobs = await self._service.queue_of(server_of(act), limit=render_lists.MOST_LISTED + 1)
        return render_lists.queue_content(jobs, user_of(act), self._service.backend_lines())

    async def _history(self, act: Act, _: str) -> Content:
        jobs = await self._service.jobs_of(user_of(act), server_of(act), limit=render_lists.MOST_LISTED)
        return render_lists.history_content(jobs)

    async def _cancel(self, act: Act, words: str) -> Content:
        return await self._actions.cancel(act, job_id_in(words))

    async def _quota(self, act: Act, _: str) -> Content:
        return render_lists.quota_content(await self._service.quota(user_of(act), server_of(act)))

    async def _help(self, _act: Act, _words: str) -> Content:
        return render_help.flipbook_content()

    async def _show(self, act: Act, words: str) -> Content:
        job = await self._service.job(job_id_in(words), server_of(act))
        if not await self._may_see(act, job):
            raise JobNotFound(job.id)
        delivery = await self._service.delivery_of(job.id)
        link = await self._link(delivery)
        comes_again = link is None and job.status is JobStatus.SUCCEEDED and _is_over(delivery)
        if comes_again:
            answer = Answer(act.user, self._clock.now() + _ASKED_AGAIN_LIVES, private=True)
            await self._service.deliver_again(job.id, answer, by=user_of(act), channel=job.channel)
        return render_lists.job_content(job, link=link, comes_again=comes_again)

    async def _may_see(self, act: Act, job: Job) -> bool:
        """Prompts stay where they were written: with their author, in their channel, and with admins."""
        return (
            job.requested_by == user_of(act) or job.channel.id == act.channel or await self._places.is_admin(act.user)
        )

    async def _link(self, delivery: Delivery | None) -> str | None:
        """Where the outcome stands; None when it stands nowhere."""
        if delivery is None or delivery.message is None or delivery.rung == KEPT:
            return None
        if delivery.status is DeliveryStatus.ABANDONED:
            return None
        with contextlib.suppress(DeliveryError):
            return await self._api.permalink(delivery.message.channel.id, delivery.message.id)
        return None


def _is_over(delivery: Delivery | None) -> bool:
    """Whether nothing more comes by itself."""
    return delivery is not None and delivery.status in {DeliveryStatus.SENT, DeliveryStatus.ABANDONED}
