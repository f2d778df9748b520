"""Publishes Home tabs: at once when a member opens theirs or clicks in it, and for some minutes
after that whenever something happens to their clips.

Slack tells when a tab is opened, not when it is left. What is under way when the bot is stopped is
shown again as soon as a member opens the tab or clicks in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from adapters.slack.delivery.rate_limits import MinuteWindow
from adapters.slack.errors import SlackRefused
from adapters.slack.handlers.access import Access
from adapters.slack.handlers.background import BackgroundTasks
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import render
from adapters.slack.text.home import page as layout
from adapters.slack.text.home.page import HomePage, View
from adapters.slack.web_api import SlackApi
from generation.domain.job import JobId
from generation.protocol.cache import BoundedCache
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryError, FlipbookError, StoreError
from generation.service import Service
from generation.service.pages import MemberClips

LOOK_EVERY: Final = 5.0
"""Seconds between two looks at the clips of members who have their tab open."""
WATCH_FOR: Final = timedelta(minutes=5)
"""How long after its member's last act a tab is kept up to date."""
MOVES_EVERY: Final = timedelta(seconds=15)
"""A tab in which clips have only moved on is published no more often."""
BETWEEN_CLICKS: Final = timedelta(seconds=1)
CLICKS_PER_MINUTE, LOOKS_PER_MINUTE = 90, 60
"""Of the 100 that Slack takes in one workspace; what members wait for goes first."""
MOST_WATCHED: Final = 300


@dataclass(frozen=True, slots=True)
class _Tab:
    """A member's open tab: when they have acted last, what it shows, and since when; ``place`` is
    the page of the history, by the job beside which it begins."""

    act: Act
    acted_at: datetime
    place: Mapping[str, JobId] = field(default_factory=dict)
    notice: SlackContent | None = None
    clips: MemberClips | None = None
    published_at: datetime | None = None


class SlackHomes:
    """Keeps the Home tabs of members up to date who look at them."""

    def __init__(
        self,
        api: SlackApi,
        service: Service,
        access: Access,
        *,
        background: BackgroundTasks,
        clock: Clock,
    ) -> None:
        self._api = api
        self._service = service
        self._access = access
        self._background = background
        self._clock = clock
        self._tabs: BoundedCache[str, _Tab] = BoundedCache(MOST_WATCHED)
        self._due: set[str] = set()
        self._publishing: set[str] = set()
        self._is_watching = False
        self._published = MinuteWindow(clock)
        self._log = structlog.get_logger("flipbook.slack")

    def touch(self, act: Act, notice: SlackContent | None = None) -> None:
        """A member has opened their tab, or clicked in it: publish it, with the answer on top."""
        now, known = self._clock.now(), self._tabs.get(act.user)
        tab = _Tab(act, now) if known is None else replace(known, act=act, acted_at=now)
        self._tabs.put(act.user, replace(tab, notice=notice))
        self._publish_soon(act.user)
        if not self._is_watching:
            self._is_watching = True
            self._background.start_unawaited(self._watch(), "watching Home tabs")

    def turn(self, act: Act, place: Mapping[str, JobId]) -> None:
        """A member turns the page of their history; ``place`` is an argument of
        :meth:`Service.history`, and none is the newest page."""
        now, known = self._clock.now(), self._tabs.get(act.user)
        tab = _Tab(act, now) if known is None else known
        self._tabs.put(act.user, replace(tab, place=place))
        self.touch(act)

    async def answer(self, act: Act, content: SlackContent) -> None:
        """Tell a member who has acted in no channel: on top of their tab."""
        self.touch(act, content)

    async def _watch(self) -> None:
        """Look after the open tabs as long as there are some."""
        try:
            while len(self._tabs):
                await self._clock.sleep(LOOK_EVERY)
                for user in list(self._tabs):
                    await self._look(user)
        finally:
            self._is_watching = False

    async def _look(self, user: str) -> None:
        """Publish a tab in which something else would stand now."""
        tab, now = self._tabs.get(user), self._clock.now()
        if tab is None or now - tab.acted_at > WATCH_FOR:
            self._tabs.pop(user)
            return
        if tab.clips is None or tab.published_at is None:
            return
        try:
            clips = await self._clips_of(tab)
        except StoreError:
            return
        happened = layout.shown_states(clips) != layout.shown_states(tab.clips)
        moved = layout.shown_moves(clips) != layout.shown_moves(tab.clips)
        is_time = now - tab.published_at >= MOVES_EVERY
        # over the limit, the next look tries again
        if (happened or (moved and is_time)) and not self._published.take(LOOKS_PER_MINUTE):
            self._publish_soon(user)

    def _publish_soon(self, user: str) -> None:
        """Publish a tab, once for all that has been asked for until it is built."""
        self._due.add(user)
        if user not in self._publishing:
            self._publishing.add(user)
            self._background.start_unawaited(self._publish_due(user), "publishing a Home tab")

    async def _publish_due(self, user: str) -> None:
        try:
            while user in self._due:
                await self._wait_for_turn(user)
                self._due.discard(user)
                await self._publish(user)
        finally:
            self._publishing.discard(user)

    async def _wait_for_turn(self, user: str) -> None:
        tab = self._tabs.get(user)
        if tab is not None and tab.published_at is not None:
            left = tab.published_at + BETWEEN_CLICKS - self._clock.now()
            await self._clock.sleep(max(0.0, left.total_seconds()))
        while wait := self._published.take(CLICKS_PER_MINUTE):
            await self._clock.sleep(wait)

    async def _publish(self, user: str) -> None:
        tab = self._tabs.get(user)
        if tab is None:
            return
        view, clips = await self._view_of(tab)
        try:
            await self._api.show_view("views.publish", view, user_id=user)
        except DeliveryError as error:
            # the tab stays as it is until its member acts again, or has just done so
            if self._tabs.get(user) is tab:
                self._tabs.pop(user)
            is_off = isinstance(error, SlackRefused) and error.code == "not_enabled"
            self._log.warning(
                "a Home tab could not be published",
                reason=str(error)[:100],
                next="switch the Home Tab on under “App Home” of the app" if is_off else "none",
            )
            return
        newest = self._tabs.get(user) or tab
        self._tabs.put(user, replace(newest, clips=clips, published_at=self._clock.now()))

    async def _view_of(self, tab: _Tab) -> tuple[View, MemberClips | None]:
        """The tab as it is now; for a person whom the bot may not serve, a sentence."""
        try:
            await self._access.check_reader(tab.act)
            page = await self._page_of(tab)
        except FlipbookError as error:
            return layout.refused_home(render.error_sentence(error)), None
        return layout.home_view(page, self._clock.now(), tab.notice), page.clips

    async def _clips_of(self, tab: _Tab) -> MemberClips:
        return await self._service.clips_of(
            user_ref(tab.act),
            server_ref(tab.act),
            older_than=tab.place.get("older_than"),
            newer_than=tab.place.get("newer_than"),
        )

    async def _page_of(self, tab: _Tab) -> HomePage:
        member, server = user_ref(tab.act), server_ref(tab.act)
        clips = await self._clips_of(tab)
        is_admin = await self._access.is_admin(tab.act.user)
        return HomePage(
            clips,
            await self._service.quota(member, server),
            await self._api.identity(),
            await self._service.choices_of(member, server),
            await self._service.rules_of(server) if is_admin else None,
            self._service.trouble_lines(),
        )
