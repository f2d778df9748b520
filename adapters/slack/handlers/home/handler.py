"""What members and admins do in the Home tab. Clips' buttons there are those under their messages,
and are handled by the same handlers; here they get a place, and their answers one too."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from adapters.slack.errors import AdminProblem, AdminRefused
from adapters.slack.handlers.access import Access
from adapters.slack.handlers.clips.views import SlackViews
from adapters.slack.handlers.home.pages import SlackHomes
from adapters.slack.handlers.home.payloads import HomeOpened, HomeSubmission
from adapters.slack.handlers.payloads import Click
from adapters.slack.ids import NEWER_ACTION, OLDER_ACTION, action_id, home_action, job_id_in
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import admin, lists
from adapters.slack.text.home import defaults, limits, page
from adapters.slack.text.lists import of_lines
from adapters.slack.text.markup import SLACK
from adapters.slack.text.render import error_content, stale_button_content
from adapters.slack.web_api import SlackApi
from generation.domain.clip_actions import ClipAction
from generation.protocol.errors import FlipbookError, JobNotFound
from generation.rules.limits import LimitName
from generation.service import Service
from generation.text.controls.home import nothing_changed_words, who_used_lines
from generation.text.forms.choices import notify_value

_SIDES: Final = {OLDER_ACTION: "older_than", NEWER_ACTION: "newer_than"}
HandleClick = Callable[[Click], Awaitable[SlackContent | None]]
_MAKES: Final = frozenset(
    action_id(each) for each in (ClipAction.REROLL, ClipAction.OTHER_QUALITY, ClipAction.RETRY)
)


class SlackHome:
    """Handles acts in the Home tab; every method raises FlipbookError when the answer is no."""

    def __init__(
        self,
        api: SlackApi,
        service: Service,
        access: Access,
        *,
        homes: SlackHomes,
        opened: SlackViews,
    ) -> None:
        self._api = api
        self._service = service
        self._access = access
        self._homes = homes
        self._views = opened

    async def opened(self, opened: HomeOpened) -> SlackContent | None:
        """A member looks at the bot's page."""
        # Slack says so for the tab with the messages too
        if opened.is_home and opened.act.team == (await self._api.identity()).team:
            self._homes.turn(opened.act, {})
        return None

    def around(self, handle: HandleClick) -> HandleClick:
        """A handler of clicks that can also be made in the Home tab, which is then published."""

        async def handle_click(click: Click) -> SlackContent | None:
            if click.act.channel:
                return await handle(click)
            await self._access.check_reader(click.act)
            if (side := _SIDES.get(click.action_id)) is not None:
                self._homes.turn(click.act, {side: job_id_in(click.value)})
                return None
            if click.action_id == action_id(ClipAction.SETTINGS):
                return await self._in_a_view(click, lambda: handle(click))
            content = await handle(await self._placed(click))
            # an answer publishes the tab with it on top
            if content is None:
                self._homes.touch(click.act)
            return content

        return handle_click

    async def press(self, click: Click) -> SlackContent | None:
        """A button that is about no clip."""
        match click.action_id:
            case action if action == home_action("limits"):
                await self._check_admin(click.act)
                rules = await self._service.rules_of(server_ref(click.act))
                return await self._views.open(click.trigger, limits.limits_view(rules.limits))
            case action if action == home_action("defaults"):
                view = await self._defaults_view(click.act)
                return await self._views.open(click.trigger, view)
            case action if action == home_action("used"):
                await self._check_admin(click.act)
                return await self._in_a_view(click, lambda: self._who_used(click.act))
            case action if action == home_action("notify"):
                changes = {"notify": notify_value(click.value, SLACK)}
                await self._service.choose(user_ref(click.act), server_ref(click.act), changes)
                return None
            case action if action == home_action("refresh"):
                return None
            case _:
                return stale_button_content()

    async def limits_submitted(self, sent: HomeSubmission) -> SlackContent:
        """The form for limits: only what was changed in it is saved, as one change."""
        await self._access.check_workspace(sent.act)
        await self._check_admin(sent.act)
        try:
            changes = limits.changes_in(sent.state, limits.shown_before(sent.metadata))
        except limits.WrongFields as wrong:
            return limits.fields_refusal(wrong.errors)
        if not changes:
            return of_lines([nothing_changed_words(SLACK)])
        by = user_ref(sent.act)
        change = await self._service.change_rules(server_ref(sent.act), changes, by=by)
        return admin.changed_content(change, [LimitName(name) for name in changes])

    async def defaults_submitted(self, sent: HomeSubmission) -> SlackContent:
        """The form for one's own defaults: only what was changed in it is saved."""
        await self._access.check_reader(sent.act)
        try:
            changes = defaults.changes_in(sent.state, limits.shown_before(sent.metadata))
        except limits.WrongFields as wrong:
            return limits.fields_refusal(wrong.errors)
        own = await self._service.choose(user_ref(sent.act), server_ref(sent.act), changes)
        return lists.defaults_content(own)

    async def _defaults_view(self, act: Act) -> defaults.View:
        server = server_ref(act)
        own = await self._service.choices_of(user_ref(act), server)
        return defaults.defaults_view(own.chosen, await self._service.styles_of(server))

    async def _placed(self, click: Click) -> Click:
        """A clip that is made from here goes where the one goes that it is made from."""
        if click.action_id not in _MAKES:
            return click
        job = await self._service.job(job_id_in(click.value), server_ref(click.act))
        # the tab offers members their own clips only, and others may be in channels of others
        if job.requested_by != user_ref(click.act):
            raise JobNotFound(job.id)
        where = job.channel
        # it is some time since the bot was there
        act = replace(click.act, channel=where.id, thread=where.thread, is_inside=False)
        await self._access.check_member(act)
        return replace(click, act=act)

    async def _in_a_view(
        self, click: Click, work: Callable[[], Awaitable[SlackContent | None]]
    ) -> SlackContent | None:
        """Show the answer over the tab: an empty view first, because a trigger works for three
        seconds."""
        shown = await self._api.show_view(
            "views.open", page.answer_view(), trigger_id=click.trigger
        )
        try:
            content = await work()
        except FlipbookError as error:
            # else the view would go on saying that it is loaded
            content = error_content(error)
        if content is not None:
            view = page.answer_view(content.text)
            await self._api.show_view("views.update", view, view_id=shown.id, hash=shown.hash)
        return None

    async def _who_used(self, act: Act) -> SlackContent:
        used = await self._service.used_this_month(server_ref(act), by=user_ref(act))
        return of_lines(who_used_lines(used, SLACK))

    async def _check_admin(self, act: Act) -> None:
        if not await self._access.is_admin(act.user):
            raise AdminRefused(AdminProblem.NOT_ADMIN)
