"""Asks Slack, before anything is spent, whether the bot may post where somebody asks and whether they may ask."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Generic, TypeVar
from weakref import WeakValueDictionary

from adapters.slack.api import SlackApi
from adapters.slack.failures import PLACE_CLOSED, SlackRefused
from adapters.slack.pace import MinuteWindow
from adapters.slack.payloads import Act
from adapters.slack.values import ChannelFacts, Identity, UserFacts
from generation.errors import DeliveryError, FlipbookError
from generation.ports import Clock

LOOKUPS_PER_MINUTE: Final = 45
"""Of the 50 that Slack's tier 3 allows for ``conversations.info``."""
_REMEMBERED: Final = timedelta(seconds=60)
_MOST_REMEMBERED: Final = 10_000


class Closed(StrEnum):
    """Why nobody can be served here."""

    NOT_INSIDE = "not inside"
    ARCHIVED = "archived"
    OTHER_WORKSPACE = "other workspace"
    EXTERNAL = "external"
    UNKNOWN_PERSON = "unknown person"


class PlaceRefused(FlipbookError):
    """Slack's side of things says no, before anything was stored or spent."""

    def __init__(self, why: Closed, bot_user: str = "") -> None:
        super().__init__(why.value)
        self.why = why
        self.bot_user = bot_user


Fact = TypeVar("Fact")


class Remembered(Generic[Fact]):
    """Facts that are asked for once a minute at most, however many want to know at the same time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, tuple[datetime, Fact]] = {}
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def get(self, key: str, ask: Callable[[str], Awaitable[Fact]], *, keep: Callable[[Fact], bool]) -> Fact:
        """The fact, fresh enough; only those that are worth it are kept."""
        lock = self._asking.setdefault(key, asyncio.Lock())
        async with lock:
            known = self._known.get(key)
            if known is not None and self._clock.now() - known[0] < _REMEMBERED:
                return known[1]
            fact = await ask(key)
            if keep(fact):
                self._keep(key, fact)
            return fact

    def forget(self, key: str) -> None:
        """It is no longer so."""
        self._known.pop(key, None)

    def _keep(self, key: str, fact: Fact) -> None:
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = (self._clock.now(), fact)


@dataclass(frozen=True, slots=True)
class Doorkeeping:
    """Whom the operator lets in: members of other organisations in shared channels or not, and who is an admin beside
    the workspace's own."""

    admins: frozenset[str] = frozenset()
    are_externals_welcome: bool = False


class Places:
    """What the bot knows of channels and people of its workspace."""

    def __init__(self, api: SlackApi, rules: Doorkeeping, clock: Clock) -> None:
        self._api = api
        self._rules = rules
        self._lookups = MinuteWindow(clock)
        self._channels: Remembered[ChannelFacts] = Remembered(clock)
        self._people: Remembered[UserFacts] = Remembered(clock)

    async def admit(self, act: Act) -> None:
        """Let somebody's wish in. Raises PlaceRefused when it could not be served, or is not to be."""
        identity = await self.check_workspace(act)
        is_shared = act.is_shared
        if not act.is_inside:
            channel = await self._channel(act.channel, identity.bot_user)
            is_shared = channel is not None and channel.is_shared
        if act.user_team not in (None, identity.team) or is_shared:
            await self._check_person(act.user, identity.team)

    async def check_workspace(self, act: Act) -> Identity:
        """Raises PlaceRefused for an act in a workspace that the bot's token is not for."""
        identity = await self._api.identity()
        if act.team != identity.team:
            raise PlaceRefused(Closed.OTHER_WORKSPACE)
        return identity

    async def is_admin(self, user: str) -> bool:
        """Whether somebody may set limits: an admin or owner of the workspace, or named by the operator. When Slack
        cannot be asked, the answer is no."""
        if user in self._rules.admins:
            return True
        try:
            person = await self._person(user)
        except DeliveryError:
            return False
        return person.is_admin and person.team == (await self._api.identity()).team

    async def is_bot(self, user: str) -> bool:
        """Whether it is no person; when Slack cannot be asked, it counts as one."""
        try:
            return (await self._person(user)).is_bot
        except DeliveryError:
            return False

    def closed(self, channel: str) -> None:
        """A post has shown that the bot is not in that channel (any more)."""
        self._channels.forget(channel)

    async def _channel(self, channel: str, bot_user: str) -> ChannelFacts | None:
        """What is known of the channel; None when Slack could not be asked: then the post will show."""
        try:
            facts = await self._channels.get(channel, self._look, keep=lambda f: f.is_inside and not f.is_archived)
        except SlackRefused as error:
            if error.code in PLACE_CLOSED:
                raise PlaceRefused(Closed.NOT_INSIDE, bot_user) from error
            return None
        except DeliveryError:
            return None
        if facts.is_archived:
            raise PlaceRefused(Closed.ARCHIVED)
        if not facts.is_inside:
            raise PlaceRefused(Closed.NOT_INSIDE, bot_user)
        return facts

    async def _look(self, channel: str) -> ChannelFacts:
        if self._lookups.take(LOOKUPS_PER_MINUTE):
            raise SlackRefused("budget", "too many channels were looked up in this minute")
        return await self._api.channel(channel)

    async def _check_person(self, user: str, team: str) -> None:
        if self._rules.are_externals_welcome:
            return
        try:
            person = await self._person(user)
        except SlackRefused as error:
            raise PlaceRefused(Closed.EXTERNAL) from error
        except DeliveryError as error:
            raise PlaceRefused(Closed.UNKNOWN_PERSON) from error
        if person.team != team:
            raise PlaceRefused(Closed.EXTERNAL)

    async def _person(self, user: str) -> UserFacts:
        return await self._people.get(user, self._api.user, keep=lambda _: True)
