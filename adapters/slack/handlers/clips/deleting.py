"""🗑️: a short question first, then the clip goes for everybody."""

from adapters.slack.handlers.access import Access
from adapters.slack.handlers.clips.context import with_rights
from adapters.slack.handlers.clips.payloads import Submission
from adapters.slack.handlers.clips.views import SlackViews
from adapters.slack.handlers.payloads import Click
from adapters.slack.models import Act, SlackContent
from adapters.slack.text import clips, views
from generation.domain.clip_actions import ClipAction
from generation.domain.job import JobId
from generation.service import Service


class SlackDeleting:
    """Deletes clips; raises FlipbookError when the answer is no."""

    def __init__(self, service: Service, access: Access, opened: SlackViews) -> None:
        self._service = service
        self._access = access
        self._views = opened

    async def ask(self, click: Click, job_id: JobId) -> SlackContent | None:
        """From the menu under a clip: open the question, for a member who may delete it."""
        act = click.act
        job = await with_rights(
            self._access,
            act,
            lambda actor: self._service.clip_for(ClipAction.DELETE, job_id, actor),
        )
        return await self._views.open(click.trigger, views.delete_view(job, act))

    async def clicked(self, click: Click, job_id: JobId) -> SlackContent:
        """By the button, under which Slack has asked already."""
        return await self.delete(click.act, job_id)

    async def submitted(self, submission: Submission, job_id: JobId) -> SlackContent:
        """The question was answered with yes."""
        return await self.delete(submission.act, job_id)

    async def delete(self, act: Act, job_id: JobId) -> SlackContent:
        """Delete the clip, and say how far that has come."""
        await with_rights(self._access, act, lambda actor: self._service.delete(job_id, actor))
        return clips.deleted_answer_content(await self._service.delivery_soon(job_id))
