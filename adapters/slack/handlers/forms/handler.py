"""Forms: opened by ``/animate`` alone, by ✏️, by both shortcuts and after a refusal; sent off, by
what they carry alone, so that they work after a restart.

A view can be opened within three seconds of an act, once: so an empty one is opened at once, before
anything is asked of Slack or of the database, and then filled.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import structlog

from adapters.slack.errors import (
    AccessProblem,
    AccessRefused,
    AppRemoved,
    SlackDelayed,
    SlackRefused,
    TokenDead,
)
from adapters.slack.handlers.access import Access
from adapters.slack.handlers.animate import AnimateHandler
from adapters.slack.handlers.background import BackgroundTasks
from adapters.slack.handlers.forms.payloads import FormSubmission, MenuShortcut
from adapters.slack.handlers.payloads import Click, Command
from adapters.slack.ids import job_id_in
from adapters.slack.models import Act, OpenedView, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import form as layout
from adapters.slack.text import render
from adapters.slack.text.markup import SLACK, as_typed
from adapters.slack.web_api import SlackApi
from generation.domain.job import JobId
from generation.domain.refs import ChannelRef, MessageRef
from generation.protocol.errors import DeliveryError, FlipbookError
from generation.rules.forms.form import Form, FormField, FormValues, is_private_in
from generation.service import Service
from generation.service.clips import Actor
from generation.text.forms.fields import late_form_words, no_text_words

_ALREADY_OPENED: Final = "exchanged_trigger_id"
"""Slack has delivered the act again, and an earlier process has opened the form."""

Ask = Callable[[], Awaitable[Form]]


class SlackForms:
    """Opens forms and makes the clips that they ask for; raises FlipbookError when the answer is
    no."""

    def __init__(
        self,
        api: SlackApi,
        service: Service,
        access: Access,
        animate: AnimateHandler,
        *,
        background: BackgroundTasks,
    ) -> None:
        self._api = api
        self._service = service
        self._access = access
        self._animate = animate
        self._background = background
        self._log = structlog.get_logger("flipbook.slack")

    async def command(self, command: Command) -> SlackContent | None:
        """``/animate``: the form where nothing is typed after it."""
        if command.text.strip():
            return await self._animate.command(command)
        return await self._open(command.act, {})

    async def edit(self, click: Click) -> SlackContent | None:
        """✏️ under a clip."""
        return await self._open(click.act, {}, parent=job_id_in(click.value))

    async def again(self, click: Click) -> SlackContent | None:
        """The button that opens what was typed before."""
        ask = partial(self._service.form_again, click.value, _actor(click.act))
        return await self._open(click.act, {}, ask=ask)

    async def text(self, shortcut: MenuShortcut) -> SlackContent | None:
        """ "Animate this text" on a message: its words, or the clip that it shows."""
        channel = ChannelRef(server_ref(shortcut.act), shortcut.act.channel)
        shown = MessageRef(channel, shortcut.message_ts)
        words = as_typed(shortcut.text).strip()

        async def ask() -> Form:
            job = await self._service.job_of_message(shown) if shortcut.is_of_bot else None
            if job is not None:
                return await self._service.form(_actor(shortcut.act), parent=job.id)
            if not words:
                raise NoText
            return await self._service.form(_actor(shortcut.act), {FormField.PROMPT: words})

        return await self._open(shortcut.act, {FormField.PROMPT: words}, ask=ask)

    async def make(self, shortcut: MenuShortcut) -> SlackContent | None:
        """ "Make a clip" from anywhere: the form asks where it shall go."""
        return await self._open(shortcut.act, {})

    async def press(self, click: Click) -> SlackContent | None:
        """The same in the Home tab."""
        return await self._open(click.act, {})

    async def submitted(self, submission: FormSubmission) -> SlackContent | None:
        """The clip that a form asks for; a refusal names the fields, and keeps what was typed."""
        act, values = submission.act, layout.values_in(submission.state)
        parent = None if submission.parent is None else JobId(submission.parent)
        try:
            is_private = is_private_in(values) or await self._is_private(act, parent)
            channel = await self._animate.place_for(act, is_private=is_private)
            return await self._animate.submit(
                act,
                lambda context: self._service.submit_form(values, context, parent=parent),
                channel,
                # a corrected form asks for the same clip
                origin=f"{server_ref(act)}:view:{submission.view_id}",
                is_private=is_private,
            )
        except FlipbookError as error:
            return self._refusal(act, values, parent, error)
        except Exception:  # noqa: BLE001 - whatever went wrong, what was typed is not lost
            self._log.exception("a form could not be handled")
            return self._refusal(act, values, parent, FlipbookError())

    async def _is_private(self, act: Act, parent: JobId | None) -> bool:
        """Whether the clip that is edited is its asker's alone. Raises JobNotFound."""
        return parent is not None and (await self._service.job(parent, server_ref(act))).is_private

    async def _open(
        self,
        act: Act,
        values: FormValues,
        *,
        parent: JobId | None = None,
        ask: Ask | None = None,
    ) -> SlackContent | None:
        """Open an empty view, and begin to fill it. Returns what the member reads where Slack does
        not open it any more."""
        try:
            loading = layout.loading_view()
            view = await self._api.show_view("views.open", loading, trigger_id=act.trigger)
        except (TokenDead, AppRemoved) as error:
            raise AccessRefused(AccessProblem.REVOKED) from error
        except (SlackRefused, SlackDelayed) as error:
            if error.code == _ALREADY_OPENED:
                return None
            return await self._late(act, values, parent, ask)

        async def usual() -> Form:
            return await self._service.form(_actor(act), values, parent=parent)

        self._background.start(self._fill(act, view, ask or usual), "filling a form")
        return None

    async def _late(
        self, act: Act, values: FormValues, parent: JobId | None, ask: Ask | None
    ) -> SlackContent:
        form = await (ask() if ask else self._service.form(_actor(act), values, parent=parent))
        draft = self._keep(act, form.values, form.parent)
        return layout.again_content(late_form_words(SLACK), draft)

    async def _fill(self, act: Act, view: OpenedView, ask: Ask) -> None:
        try:
            # before the member has typed anything for nothing
            if act.channel:
                await self._access.channel_for(act)
            form = await ask()
            shown = layout.form_view(
                form, layout.FormPlace.of(act, form.parent), asks_where=not act.channel
            )
        except NoText:
            shown = layout.refused_view(no_text_words(SLACK))
        except FlipbookError as error:
            shown = layout.refused_view(render.error_sentence(error))
        except Exception:  # noqa: BLE001 - an empty form would stay open for ever
            self._log.exception("a form could not be filled")
            shown = layout.refused_view(render.error_sentence(FlipbookError()))
        try:
            await self._api.show_view("views.update", shown, view_id=view.id, hash=view.hash)
        except DeliveryError as error:
            # closed in the meantime, or a newer one stands
            self._log.info("a form could not be shown", reason=str(error)[:100])

    def _refusal(
        self, act: Act, values: FormValues, parent: JobId | None, error: FlipbookError
    ) -> SlackContent:
        return layout.form_refusal(error, values, self._keep(act, values, parent))

    def _keep(self, act: Act, values: FormValues, parent: JobId | None) -> str:
        return self._service.keep_draft(
            values, by=user_ref(act), server=server_ref(act), parent=parent
        )


class NoText(FlipbookError):
    """The message has no text to animate."""


def _actor(act: Act) -> Actor:
    return Actor(user_ref(act), server_ref(act))
