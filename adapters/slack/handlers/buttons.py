"""The buttons under a job's message, handled by their ids alone, so they work after a restart."""

from adapters.slack.handlers.access import Access
from adapters.slack.handlers.animate import AnimateHandler
from adapters.slack.handlers.payloads import Click
from adapters.slack.ids import job_id_in
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import render
from generation.domain.job import JobId
from generation.protocol.errors import NotYourJob
from generation.service import Service


class SlackButtons:
    """Handles clicks; every method raises FlipbookError when the answer is no."""

    def __init__(self, service: Service, access: Access, animate: AnimateHandler) -> None:
        self._service = service
        self._access = access
        self._animate = animate

    async def reroll(self, click: Click) -> SlackContent | None:
        """🔁 under a finished clip."""
        return await self._animate.reroll(click.act, job_id_in(click.value))

    async def cancel(self, click: Click) -> SlackContent:
        """✖ under a job that is under way."""
        return await self.cancel_job(click.act, job_id_in(click.value))

    async def unknown(self, _: Click) -> SlackContent:
        """A button of another version, or a forged one."""
        return render.stale_button_content()

    async def cancel_job(self, act: Act, job_id: JobId) -> SlackContent:
        """Cancel a job: members may cancel their own, admins any."""
        server, user = server_ref(act), user_ref(act)
        try:
            job = await self._service.cancel(job_id, by=user, server=server)
        except NotYourJob:
            # only now, because Slack has to be asked who is an admin
            if not await self._access.is_admin(act.user):
                raise
            job = await self._service.cancel(job_id, by=user, server=server, is_admin=True)
        return render.cancelling_content(job)
