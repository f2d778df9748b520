"""Report to admins: a form for members, and the admins' decision in their log channel."""

from contextlib import suppress
from dataclasses import replace

from adapters.slack.errors import AdminProblem, AdminRefused
from adapters.slack.handlers.access import Access
from adapters.slack.handlers.clips.context import actor_of
from adapters.slack.handlers.clips.payloads import Submission
from adapters.slack.handlers.clips.views import SlackViews
from adapters.slack.handlers.payloads import Click
from adapters.slack.ids import job_id_in
from adapters.slack.models import Act, SlackContent
from adapters.slack.text import clips, views
from adapters.slack.web_api import SlackApi
from generation.domain.clip_actions import ClipAction
from generation.domain.job import JobId
from generation.domain.report import Decision, ReportReason
from generation.protocol.errors import DeliveryError
from generation.service import Service


class SlackReporting:
    """Takes reports and decisions; raises FlipbookError when the answer is no."""

    def __init__(self, api: SlackApi, service: Service, access: Access, opened: SlackViews) -> None:
        self._api = api
        self._service = service
        self._access = access
        self._views = opened

    async def ask(self, act: Act, trigger: str, job_id: JobId) -> SlackContent | None:
        """Open the form."""
        job = await self._service.clip_for(ClipAction.REPORT, job_id, actor_of(act))
        return await self._views.open(trigger, views.report_view(job, act))

    async def clicked(self, click: Click, job_id: JobId) -> SlackContent | None:
        """From the menu under a clip, or behind ⚙️."""
        return await self.ask(click.act, click.trigger, job_id)

    async def submitted(self, submission: Submission, job_id: JobId) -> SlackContent:
        """Take the report. What is no reason of ours counts as another one."""
        given = submission.values.get("reason", "")
        reason = ReportReason(given) if given in set(ReportReason) else ReportReason.OTHER
        words = submission.values.get("words", "")
        job = await self._service.report(job_id, actor_of(submission.act), reason, words)
        return clips.thanks_content(job)

    async def decide(self, click: Click) -> SlackContent:
        """An admin's decision; the case then says who has made it."""
        act = click.act
        if not await self._access.is_admin(act.user):
            raise AdminRefused(AdminProblem.NOT_ADMIN)
        decision = Decision(click.action_id.rpartition(":")[2])
        admin = replace(actor_of(act), is_moderator=True)
        job = await self._service.decide(job_id_in(click.value), decision, admin)
        decided = clips.decided_content(job, decision, admin.user)
        if click.message_ts:
            case = clips.closed_case_content(click.message_text, decided.text)
            # the decision stands, whether its message can be changed or not
            with suppress(DeliveryError):
                await self._api.update(act.channel, click.message_ts, case)
        return decided
