"""🔁 on a finished clip: a re-roll for whoever reacted, once, however often Discord says so."""

import logging
from collections import OrderedDict
from contextlib import suppress
from datetime import datetime
from typing import Final

import discord

from adapters.discord import render
from adapters.discord.errors import NETWORK
from adapters.discord.layout import REROLL_EMOJI
from adapters.discord.permissions import missing_permissions, missing_sentence
from adapters.discord.reception import Reception
from adapters.discord.refs import channel_of, message_ref, place_of, user_ref
from generation.errors import DeliveryError, FlipbookError
from generation.job import Job
from generation.places import ChannelRef, MessageRef
from generation.service import Ask

_log = logging.getLogger(__name__)

WINDOW_SECONDS: Final = 10
_REMEMBERED: Final = 10_000
_EXPLANATION_SECONDS: Final = 60.0

Reacted = tuple[int, int]
"""A message and who reacted to it."""


class Reactions:
    """Turns reactions into re-rolls.

    A reaction that stands is one wish: it counts again only after it was taken back, and not within some seconds.
    """

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._standing: OrderedDict[Reacted, datetime] = OrderedDict()
        self._taken_back: set[Reacted] = set()
        self._told: OrderedDict[int, datetime] = OrderedDict()

    def forget(self) -> None:
        """A new session has begun: reactions may have been taken back unheard."""
        self._taken_back.update(self._standing)

    def removed(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody took a reaction back."""
        if str(event.emoji) == REROLL_EMOJI and (event.message_id, event.user_id) in self._standing:
            self._taken_back.add((event.message_id, event.user_id))

    async def added(self, event: discord.RawReactionActionEvent, client: discord.Client) -> None:
        """Somebody reacted to something."""
        if event.guild_id is None or not _concerns_us(event, client) or not self._is_new(event):
            return
        async with self._reception.inside():
            message = message_ref(event.guild_id, event.channel_id, event.message_id)
            try:
                parent = await self._reception.service.job_of_message(message)
                if parent is not None:
                    await self._reroll(event, client, parent, message)
            except FlipbookError as error:
                await self._explain(event, render.refusal(error))
            except Exception:  # noqa: BLE001 - one reaction's failure is never another's
                _log.exception("a mistake of ours in handling a reaction")

    async def _reroll(
        self, event: discord.RawReactionActionEvent, client: discord.Client, parent: Job, message: MessageRef
    ) -> None:
        missing = _missing(event, client)
        if missing:
            await self._explain(event, missing_sentence(missing))
            return
        ask = Ask(self._origin(event), requested_by=user_ref(event.user_id), channel=_channel(event, client, parent))
        job = await self._reception.service.reroll(parent.id, ask)
        answers = self._reception.answers
        with suppress(DeliveryError):  # then the outcome finds its own way
            opened = await self._reception.messenger.open(job, await answers.place_in_line(job), reply_to=message)
            await answers.record(job, opened)

    def _is_new(self, event: discord.RawReactionActionEvent) -> bool:
        reacted, now = (event.message_id, event.user_id), self._reception.clock.now()
        since = self._standing.get(reacted)
        if since is not None:
            quick = (now - since).total_seconds() < WINDOW_SECONDS
            if quick or reacted not in self._taken_back:
                return False
        self._taken_back.discard(reacted)
        self._standing[reacted] = now
        self._standing.move_to_end(reacted)
        if len(self._standing) > _REMEMBERED:
            self._taken_back.discard(self._standing.popitem(last=False)[0])
        return True

    def _origin(self, event: discord.RawReactionActionEvent) -> str:
        window = int(self._reception.clock.now().timestamp()) // WINDOW_SECONDS
        return f"discord:reaction:{event.message_id}:{event.user_id}:{REROLL_EMOJI}:{window}"

    def _may_explain(self, user_id: int) -> bool:
        now = self._reception.clock.now()
        told = self._told.get(user_id)
        if told is not None and (now - told).total_seconds() < WINDOW_SECONDS:
            return False
        self._told[user_id] = now
        self._told.move_to_end(user_id)
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        return True

    async def _explain(self, event: discord.RawReactionActionEvent, text: str) -> None:
        """Why there is no re-roll: privately, else in a reply that pings nobody and goes away by itself. Who reacts to
        many clips at once is told once."""
        if not self._may_explain(event.user_id):
            return
        mail = self._reception.messenger.mail
        try:
            await mail.say(await mail.direct_channel(event.user_id), text)
        except (discord.HTTPException, DeliveryError):
            with suppress(discord.DiscordException, DeliveryError, *NETWORK):
                words = f"<@{event.user_id}> {text}"
                await mail.say(event.channel_id, words, reply_to=event.message_id, seconds=_EXPLANATION_SECONDS)
        except (discord.DiscordException, *NETWORK) as error:
            _log.info("a refusal could not be explained: %s", type(error).__name__)


def _concerns_us(event: discord.RawReactionActionEvent, client: discord.Client) -> bool:
    """🔁 from a person on a message that may be ours."""
    own = client.user.id if client.user is not None else None
    from_bot = event.user_id == own or (event.member is not None and event.member.bot)
    on_ours = event.message_author_id in {None, own}
    return str(event.emoji) == REROLL_EMOJI and not from_bot and on_ours


def _missing(event: discord.RawReactionActionEvent, client: discord.Client) -> list[str]:
    """What the bot may not do there, as far as the gateway has told; an unknown place is tried."""
    guild = client.get_guild(event.guild_id or 0)
    place = guild.get_channel_or_thread(event.channel_id) if guild is not None else None
    if guild is None or place is None or guild.me is None:
        return []
    try:
        granted = place.permissions_for(guild.me)
    except discord.ClientException:  # a thread whose parent is not known
        return []
    return missing_permissions(granted, in_thread=isinstance(place, discord.Thread))


def _channel(event: discord.RawReactionActionEvent, client: discord.Client, parent: Job) -> ChannelRef:
    """The place of the reaction; a clip's own place is known with its thread, others as far as the gateway told."""
    if place_of(parent.channel) == event.channel_id:
        return parent.channel
    guild_id = event.guild_id or 0
    guild = client.get_guild(guild_id)
    place = guild.get_channel_or_thread(event.channel_id) if guild is not None else None
    return channel_of(guild_id, place, event.channel_id)
