"""Forms for a clip: opened with the old values or the usual ones, sent off, and kept for a while
when they were refused."""

from dataclasses import replace
from typing import Final

from generation.domain.clip_actions import ClipAction
from generation.domain.job import Job, JobId
from generation.domain.refs import ServerRef, UserRef
from generation.protocol.request import GenerationRequest
from generation.rules.forms.form import (
    Form,
    FormValues,
    form_of,
    request_in,
    values_of,
    values_of_choices,
)
from generation.service.administration import Administration
from generation.service.choices import ChoiceActs
from generation.service.clips import Actor, ClipActs, as_private_as
from generation.service.forms.drafts import DRAFT_LIFETIME, Draft
from generation.service.submit_context import SubmitContext

NO_STYLE: Final = "none"
"""What members with a default style type for a clip without one."""
_NO_ROLES: frozenset[str] = frozenset()


class FormActs(ClipActs, Administration, ChoiceActs):
    """Forms of members, and what they ask for without one."""

    async def make(
        self, request: GenerationRequest, context: SubmitContext, *, style: str | None = None
    ) -> Job:
        """A new clip: what the member does not ask for is as they have chosen before. Raises as
        :meth:`submit`."""
        server = context.channel.server
        own = await self._store.choices_of(context.requested_by, server)
        if style is not None:
            own = own.model_copy(update={"style": None})
        if style == NO_STYLE or own.style is not None:
            found = (await self.styles_of(server)).find(style or own.style or "")
            # one that the server has no longer is nobody's fault
            style = None if found is None else found.name
        return await self.submit(request, context, style=style, own=own)

    async def form(
        self,
        actor: Actor,
        values: FormValues | None = None,
        *,
        parent: JobId | None = None,
        roles: frozenset[str] = _NO_ROLES,
    ) -> Form:
        """A form with these values, on top of those of the clip that is edited, else of the
        member's defaults. Raises as :meth:`clip_for`, and LimitExceeded where the server allows no
        clips."""
        if parent is None:
            own = await self.choices_of(actor.user, actor.server, roles=roles)
            old = dict(values_of_choices(own.in_force))
        else:
            old = dict(values_of(await self.clip_for(ClipAction.EDIT, parent, actor)))
        return await self._form({**old, **(values or {})}, actor.server, parent, roles)

    async def submit_form(
        self, values: FormValues, context: SubmitContext, *, parent: JobId | None = None
    ) -> Job:
        """The job that a form asks for. Raises InvalidRequest naming the fields that are wrong, as
        :meth:`clip_for` for the clip that is edited, and as :meth:`submit`."""
        request, style, is_private = request_in(values, self.draw_seed)
        context = replace(context, is_private=context.is_private or is_private)
        edited = None
        if parent is not None:
            # again: the form may be a day old
            actor = Actor(context.requested_by, context.channel.server)
            edited = await self.clip_for(ClipAction.EDIT, parent, actor)
            context = as_private_as(edited, context)
        return await self.submit(request, context, parent=edited, style=style)

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
        await self._offers.learn()
        offered = self._offers.everything()
        styles = await self.styles_of(server)
        return form_of(values, limits, styles, parent=parent, offered=offered)
