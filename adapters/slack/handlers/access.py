"""Checks with Slack, before anything is spent, whether the bot can post in a channel and whether a
person may ask it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar
from weakref import WeakValueDictionary

from adapters.slack.delivery.rate_limits import MinuteWindow
from adapters.slack.errors import (
    CHANNEL_CLOSED,
    AccessProblem,
    AccessRefused,
    AppRemoved,
    SlackRefused,
    TokenDead,
)
from adapters.slack.models import Act, ChannelFacts, Identity, UserFacts
from adapters.slack.refs import channel_ref, server_ref
from adapters.slack.web_api import SlackApi
from generation.domain.refs import ChannelRef
from generation.protocol.cache import BoundedCache
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryError

LOOKUPS_PER_MINUTE: Final = 45
"""Of the 50 that Slack's tier 3 allows for ``conversations.info``."""
TOKEN_FRESH: Final = timedelta(seconds=5)
"""For how long a good call shows that the token works: one that dies then lets a command in, whose
job is cancelled when its message fails."""
FRESH: Final = timedelta(seconds=60)
"""How long a cached fact counts."""
_MOST_PAGES: Final = 10
"""Of a thousand members each, in which one is looked for."""
MOST_FACTS: Final = 10_000

Fact = TypeVar("Fact")


class CachedFacts(Generic[Fact]):
    """Facts by key, each asked for once in :data:`FRESH`, also when many need it at the same
    time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: BoundedCache[str, tuple[datetime, Fact]] = BoundedCache(MOST_FACTS)
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def get(
        self, key: str, ask: Callable[[str], Awaitable[Fact]], *, keep: Callable[[Fact], bool]
    ) -> Fact:
        """The cached fact, or a new one; only one for which ``keep`` holds is cached."""
        # a dictionary of weak values: a lock lives as long as it is used
        lock = self._asking.setdefault(key, asyncio.Lock())
        async with lock:
            known = self._known.get(key)
            if known is not None and self._clock.now() - known[0] < FRESH:
                return known[1]
            fact = await ask(key)
            if keep(fact):
                self._known.put(key, (self._clock.now(), fact))
            return fact

    def forget(self, key: str) -> None:
        """The fact is no longer true."""
        self._known.pop(key)


@dataclass(frozen=True, slots=True)
class AccessRules:
    """What the operator has set: admins besides the workspace's own, and whether members of other
    organisations may ask for clips in shared channels."""

    admins: frozenset[str] = frozenset()
    are_externals_welcome: bool = False


class Access:
    """What the bot may do in the channels of its workspace, and what people may do with it."""

    def __init__(self, api: SlackApi, rules: AccessRules, clock: Clock) -> None:
        self._api = api
        self._rules = rules
        self._lookups = MinuteWindow(clock)
        self._channels: CachedFacts[ChannelFacts] = CachedFacts(clock)
        self._people: CachedFacts[UserFacts] = CachedFacts(clock)

    async def check(self, act: Act) -> None:
        """Raises AccessRefused when the bot cannot post where the person acted, or the person may
        not ask it."""
        identity = await self.check_workspace(act)
        await self._check_token()
        is_shared = act.is_shared
        # a command may come from any channel, clicks and events only from the bot's own
        if not act.is_inside:
            channel = await self._channel(act.channel, identity.bot_user)
            is_shared = channel is not None and channel.is_shared
        # people of other organisations can only act in shared channels
        if act.user_team not in (None, identity.team) or is_shared:
            await self._check_person(act.user, identity)

    async def channel_for(self, act: Act) -> ChannelRef:
        """Where a clip is shown that is asked for there: where two people talk to each other the
        bot cannot be, so in the member's own conversation with it. Raises as :meth:`check`."""
        try:
            await self.check(act)
        except AccessRefused as error:
            if not (act.is_direct and error.problem is AccessProblem.NOT_INSIDE):
                raise
            await self._check_person(act.user, await self._api.identity())
            try:
                return ChannelRef(server_ref(act), await self._api.open_direct(act.user))
            except DeliveryError:
                raise error from None
        return channel_ref(act)

    async def private_channel_for(self, act: Act) -> ChannelRef:
        """Where a clip is shown that the member alone is to see: in their own conversation with the
        bot, which need not be where they asked. Raises as :meth:`check`."""
        identity = await self.check_workspace(act)
        await self._check_token()
        await self._check_person(act.user, identity)
        try:
            return ChannelRef(server_ref(act), await self._api.open_direct(act.user))
        except DeliveryError as error:
            self._check_alive()
            raise AccessRefused(AccessProblem.NOT_DIRECT) from error

    async def check_member(self, act: Act) -> None:
        """Raises AccessRefused for a member who has left the closed channel that they act on from
        elsewhere: they would not see what comes of it. Every other channel they see."""
        identity = await self.check_workspace(act)
        channel = await self._channel(act.channel, identity.bot_user)
        if channel is not None and not channel.is_closed:
            return
        try:
            is_there = await self._is_member(act.channel, act.user)
        except DeliveryError as error:
            self._check_alive()
            raise AccessRefused(AccessProblem.UNKNOWN_PERSON) from error
        if not is_there:
            raise AccessRefused(AccessProblem.LEFT)

    async def _is_member(self, channel: str, user: str) -> bool:
        found, following = await self._api.members(channel)
        for _ in range(_MOST_PAGES):
            if user in found or not following:
                break
            found, following = await self._api.members(channel, following)
        return user in found

    async def check_reader(self, act: Act) -> None:
        """Raises AccessRefused for an act in another workspace, and for a member of another
        organisation: what the workspace makes and may make is not for them."""
        # a command does not say where its member belongs, so Slack is asked
        await self._check_person(act.user, await self.check_workspace(act))

    async def _check_token(self) -> None:
        try:
            await self._api.check_token(TOKEN_FRESH)
        except (TokenDead, AppRemoved) as error:
            raise AccessRefused(AccessProblem.REVOKED) from error

    def _check_alive(self) -> None:
        if self._api.token.dead is not None:
            raise AccessRefused(AccessProblem.REVOKED)

    async def check_workspace(self, act: Act) -> Identity:
        """Raises AccessRefused for an act in a workspace that the bot's token is not for."""
        identity = await self._api.identity()
        if act.team != identity.team:
            raise AccessRefused(AccessProblem.OTHER_WORKSPACE)
        return identity

    async def is_admin(self, user: str) -> bool:
        """Whether a person may set limits: an admin or owner of the workspace, or named by the
        operator. When Slack cannot be asked, the answer is no."""
        if user in self._rules.admins:
            return True
        try:
            person = await self._person(user)
        except DeliveryError:
            return False
        # an admin of another organisation is none here
        return person.is_admin and person.team == (await self._api.identity()).team

    async def is_bot(self, user: str) -> bool:
        """Whether a user is a bot; when Slack cannot be asked, the answer is no."""
        try:
            return (await self._person(user)).is_bot
        except DeliveryError:
            return False

    def forget_channel(self, channel: str) -> None:
        """A refused post has shown that the bot is no longer in the channel."""
        self._channels.forget(channel)

    async def _channel(self, channel: str, bot_user: str) -> ChannelFacts | None:
        """The channel's facts; None when Slack could not be asked: then the post will show."""
        try:
            facts = await self._channels.get(channel, self._look_up, keep=_is_open)
        except SlackRefused as error:
            self._check_alive()
            if error.code in CHANNEL_CLOSED:
                raise AccessRefused(AccessProblem.NOT_INSIDE, bot_user) from error
            return None
        except DeliveryError:
            # this very question may have shown that the token is dead: nothing could be delivered
            self._check_alive()
            return None
        if facts.is_archived:
            raise AccessRefused(AccessProblem.ARCHIVED)
        if not facts.is_inside:
            raise AccessRefused(AccessProblem.NOT_INSIDE, bot_user)
        return facts

    async def _look_up(self, channel: str) -> ChannelFacts:
        # over the limit Slack would refuse all lookups for a while
        if self._lookups.take(LOOKUPS_PER_MINUTE):
            raise SlackRefused("budget", "too many channels were looked up in this minute")
        return await self._api.channel(channel)

    async def _check_person(self, user: str, identity: Identity) -> None:
        if self._rules.are_externals_welcome:
            return
        try:
            person = await self._person(user)
        except SlackRefused as error:
            # Slack knows no such person in this workspace
            raise AccessRefused(AccessProblem.EXTERNAL) from error
        except DeliveryError as error:
            self._check_alive()
            raise AccessRefused(AccessProblem.UNKNOWN_PERSON) from error
        if person.is_outside(identity):
            raise AccessRefused(AccessProblem.EXTERNAL)

    async def _person(self, user: str) -> UserFacts:
        return await self._people.get(user, self._api.user, keep=lambda _: True)


def _is_open(channel: ChannelFacts) -> bool:
    """A closed channel is not cached: after an invitation the bot works there at once."""
    return channel.is_inside and not channel.is_archived
