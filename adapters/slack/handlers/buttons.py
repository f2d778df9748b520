"""The buttons under a job's message, handled by their ids alone, so they work after a restart and
on last year's messages."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from adapters.slack.handlers.access import Access
from adapters.slack.handlers.animate import AnimateHandler, MakeAgain
from adapters.slack.handlers.clips.context import with_rights
from adapters.slack.handlers.clips.deleting import SlackDeleting
from adapters.slack.handlers.clips.payloads import Submission
from adapters.slack.handlers.clips.reporting import SlackReporting
from adapters.slack.handlers.clips.show import SlackShow
from adapters.slack.handlers.payloads import Click
from adapters.slack.ids import ACTION_PREFIX, job_id_in
from adapters.slack.models import Act, SlackContent
from adapters.slack.text import clips, render
from generation.domain.clip_actions import ClipAction
from generation.domain.job import Job, JobId
from generation.service import Service
from generation.service.clips import Actor

Press = Callable[[Click, JobId], Awaitable[SlackContent | None]]


class SlackButtons:
    """Handles clicks and forms; every method raises FlipbookError when the answer is no."""

    def __init__(
        self,
        service: Service,
        access: Access,
        animate: AnimateHandler,
        *,
        shown: SlackShow,
        deleting: SlackDeleting,
        reporting: SlackReporting,
        edit: Callable[[Click], Awaitable[SlackContent | None]],
    ) -> None:
        self._service = service
        self._access = access
        self._animate = animate
        self._shown = shown
        self._deleting = deleting
        self._reporting = reporting
        self._edit = edit
        self._presses: Mapping[ClipAction, Press] = {
            ClipAction.REROLL: self._make(service.reroll),
            ClipAction.OTHER_QUALITY: self._make(service.other_quality),
            ClipAction.RETRY: self._make(service.retry),
            ClipAction.CANCEL: self._cancel,
            ClipAction.SETTINGS: self._settings,
            ClipAction.SHOW: self._show,
            ClipAction.DELETE: deleting.clicked,
            ClipAction.REPORT: reporting.clicked,
            ClipAction.SPOILER: self._no_spoilers,
        }

    async def press(self, click: Click) -> SlackContent | None:
        """A button under a clip, or one of another version, or a forged one."""
        word = click.action_id.removeprefix(ACTION_PREFIX)
        press = self._presses.get(ClipAction(word)) if word in set(ClipAction) else None
        if press is None:
            return render.stale_button_content()
        return await press(click, job_id_in(click.value))

    async def choose(self, click: Click) -> SlackContent | None:
        """An entry of a menu ⋯: ``delete:<job>``, as the button of that action."""
        word, _, value = click.value.partition(":")
        if word == ClipAction.DELETE:
            # an entry has no question of its own
            return await self._deleting.ask(click, job_id_in(value))
        pressed = replace(click, action_id=f"{ACTION_PREFIX}{word}", value=value)
        return await (self._edit if word == ClipAction.EDIT else self.press)(pressed)

    async def submit_deletion(self, submission: Submission) -> SlackContent:
        """The question before a deletion was answered with yes."""
        return await self._deleting.submitted(submission, job_id_in(submission.job_id))

    async def submit_report(self, submission: Submission) -> SlackContent:
        """A report was filled in."""
        return await self._reporting.submitted(submission, job_id_in(submission.job_id))

    async def cancel_job(self, act: Act, job_id: JobId) -> SlackContent:
        """Cancel a job: members may cancel their own, admins any."""

        async def cancel(actor: Actor) -> Job:
            asked = await self._service.job(job_id, actor.server)
            return await self._service.cancel(
                job_id, by=actor.user, server=actor.server, is_admin=actor.moderates(asked)
            )

        job = await with_rights(self._access, act, cancel)
        return render.cancelling_content(job)

    def _make(self, make: MakeAgain) -> Press:
        async def press(click: Click, job_id: JobId) -> SlackContent | None:
            return await self._animate.make_again(click.act, job_id, make)

        return press

    async def _cancel(self, click: Click, job_id: JobId) -> SlackContent:
        return await self.cancel_job(click.act, job_id)

    async def _settings(self, click: Click, job_id: JobId) -> SlackContent:
        return await self._shown.settings(click.act, job_id)

    async def _show(self, click: Click, job_id: JobId) -> SlackContent:
        return await self._shown.direct_show(click.act, job_id)

    async def _no_spoilers(self, _click: Click, _job_id: JobId) -> SlackContent:
        return clips.no_spoilers_content()
