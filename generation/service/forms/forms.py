"""Forms for a clip: opened with the old values or the usual ones, sent off, and kept for a while
when they were refused."""

from generation.domain.clip_actions import ClipAction
from generation.domain.job import Job, JobId
from generation.domain.refs import ServerRef, UserRef
from generation.rules.forms.form import Form, FormValues, form_of, request_in, values_of
from generation.service.administration import Administration
from generation.service.clips import Actor, ClipActs
from generation.service.forms.drafts import DRAFT_LIFETIME, Draft
from generation.service.forms.styles import StyleActs
from generation.service.submit_context import SubmitContext

_NO_ROLES: frozenset[str] = frozenset()


class FormActs(ClipActs, Administration, StyleActs):
    """Forms of members."""

    async def form(
        self,
        actor: Actor,
        values: FormValues | None = None,
        *,
        parent: JobId | None = None,
        roles: frozenset[str] = _NO_ROLES,
    ) -> Form:
        """A form with these values, on top of those of the clip that is edited. Raises as
        :meth:`clip_for`, and LimitExceeded where the server allows no clips."""
        old = {}
        if parent is not None:
            old = dict(values_of(await self.clip_for(ClipAction.EDIT, parent, actor)))
        return await self._form({**old, **(values or {})}, actor.server, parent, roles)

    async def submit_form(
        self, values: FormValues, context: SubmitContext, *, parent: JobId | None = None
    ) -> Job:
        """The job that a form asks for. Raises InvalidRequest naming the fields that are wrong, as
        :meth:`clip_for` for the clip that is edited, and as :meth:`submit`."""
        request, style = request_in(values, self.draw_seed)
        if parent is not None:
            # again: the form may be a day old
            actor = Actor(context.requested_by, context.channel.server)
            await self.clip_for(ClipAction.EDIT, parent, actor)
        return await self.submit(request, context, parent=parent, style=style)

    def keep_draft(
        self, values: FormValues, *, by: UserRef, server: ServerRef, parent: JobId | None = None
    ) -> str:
        """Keep what was filled in for :data:`DRAFT_LIFETIME`; returns the draft's id."""
        until = self._clock.now() + DRAFT_LIFETIME
        return self._drafts.keep(Draft(by, server, values, parent, until))

    async def form_again(
        self, draft_id: str, actor: Actor, *, roles: frozenset[str] = _NO_ROLES
    ) -> Form:
        """The form with what was filled in. Raises DraftGone."""
        draft = self._drafts.get(draft_id, actor.user, actor.server, self._clock.now())
        # the clip that it edits may be gone by now; what was typed is not
        return await self._form(draft.values, actor.server, draft.parent, roles)

    async def _form(
        self, values: FormValues, server: ServerRef, parent: JobId | None, roles: frozenset[str]
    ) -> Form:
        limits = (await self.rules_of(server)).limits_for(roles)
        return form_of(values, limits, await self.styles_of(server), parent=parent)
