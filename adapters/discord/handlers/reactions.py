"""🔁 on a finished clip: a re-roll for the member who reacted, once per reaction."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import discord
import structlog

from adapters.discord.errors import NETWORK
from adapters.discord.handlers.access import (
    AccessDenied,
    is_age_restricted,
    require_permissions_for_reaction,
    roles_of,
)
from adapters.discord.handlers.interactions import InteractionHandler
from adapters.discord.refs import channel_of, message_ref, posting_id, user_ref
from adapters.discord.text import render
from adapters.discord.text.emoji import emoji_of
from generation.domain.job import Job
from generation.domain.refs import ChannelRef, MessageRef
from generation.protocol.cache import BoundedCache
from generation.protocol.errors import DeliveryError, FlipbookError
from generation.service import SubmitContext

WINDOW_SECONDS: Final = 10
_MOST_REACTIONS: Final = 10_000
_EXPLANATION_SECONDS: Final = 60.0

ReactionKey = tuple[int, int, str]
"""The ids of a message and of the user who reacted to it, and the emoji."""


@dataclass(slots=True)
class _Counted:
    """A reaction that has counted, and whether it may have been removed since."""

    at: datetime
    is_removed: bool = False


class Reactions:
    """Turns reactions into re-rolls.

    A reaction counts once: again only after it was removed, and not within ``WINDOW_SECONDS``.
    """

    def __init__(self, handler: InteractionHandler) -> None:
        self._handler = handler
        self._counted: BoundedCache[ReactionKey, _Counted] = BoundedCache(_MOST_REACTIONS)
        self._explained: BoundedCache[int, datetime] = BoundedCache(_MOST_REACTIONS)
        self._log = structlog.get_logger("flipbook.discord")

    def start_session(self) -> None:
        """A new gateway session: any reaction may have been removed before it began."""
        # a copy: marking moves the key to the end of the cache
        for key in list(self._counted):
            self._mark_removed(key)

    def removed(self, event: discord.RawReactionActionEvent) -> None:
        """A member removed a reaction."""
        self._mark_removed(_key(event))

    async def added(self, event: discord.RawReactionActionEvent, client: discord.Client) -> None:
        """Re-roll the clip that a member reacted to, or tell the member why not."""
        # counted at once: it may be removed while the store is asked
        if event.guild_id is None or not _concerns_us(event, client) or not self._is_new(event):
            return
        async with self._handler.running():
            message = message_ref(event.guild_id, event.channel_id, event.message_id)
            try:
                parent = await self._parent(event, message)
                if parent is not None:
                    require_permissions_for_reaction(event, client)
                    await self._reroll(event, client, parent, message)
            except AccessDenied as denied:
                await self._explain(event, denied.sentence)
            except FlipbookError as error:
                await self._explain(event, render.refusal(error))
            except Exception:  # noqa: BLE001 - one reaction's failure is never another's
                self._log.exception("unexpected error in a reaction")

    async def _parent(
        self, event: discord.RawReactionActionEvent, message: MessageRef
    ) -> Job | None:
        """The job that the reaction asks to make again; None for another emoji, and for a message
        of ours that shows no job, such as a refusal."""
        service = self._handler.service
        emoji = (await service.policy_of(message.channel.server)).reroll_emoji
        return await service.job_of_message(message) if emoji_of(event.emoji) in emoji else None

    async def _reroll(
        self,
        event: discord.RawReactionActionEvent,
        client: discord.Client,
        parent: Job,
        message: MessageRef,
    ) -> None:
        handler, channel = self._handler, _channel(event, client, parent)
        name = event.member.display_name if event.member is not None else None
        handler.service.names.note(user_ref(event.user_id), name)
        context = SubmitContext(
            self._origin(event),
            requested_by=user_ref(event.user_id),
            channel=channel,
            roles=roles_of(event.member),
            is_age_restricted=is_age_restricted(client.get_channel(event.channel_id)),
        )
        job = await handler.service.reroll(parent.id, context)
        responses = handler.first_responses
        # without a first message the outcome is posted as a new one
        with suppress(DeliveryError):
            progress = handler.service.progress_of(job)
            opened = await handler.messenger.open(job, progress, reply_to=message)
            await responses.record(job, opened)

    def _is_new(self, event: discord.RawReactionActionEvent) -> bool:
        key, now = _key(event), self._handler.clock.now()
        counted = self._counted.get(key)
        if counted is not None:
            is_quick = (now - counted.at).total_seconds() < WINDOW_SECONDS
            if is_quick or not counted.is_removed:
                return False
        self._counted.put(key, _Counted(now))
        return True

    def _mark_removed(self, key: ReactionKey) -> None:
        counted = self._counted.get(key)
        if counted is not None:
            counted.is_removed = True

    def _origin(self, event: discord.RawReactionActionEvent) -> str:
        # the window in the origin keeps a restarted bot from counting the same reaction again
        window = int(self._handler.clock.now().timestamp()) // WINDOW_SECONDS
        return (
            f"discord:reaction:{event.message_id}:{event.user_id}:{emoji_of(event.emoji)}:{window}"
        )

    def _may_explain(self, user_id: int) -> bool:
        """Whether the member got no explanation in the last seconds: reacting to many clips at once
        gives one."""
        now = self._handler.clock.now()
        last = self._explained.get(user_id)
        if last is not None and (now - last).total_seconds() < WINDOW_SECONDS:
            return False
        self._explained.put(user_id, now)
        return True

    async def _explain(self, event: discord.RawReactionActionEvent, text: str) -> None:
        """Say why there is no re-roll: in a direct message, else in a reply without mentions that
        is deleted after a minute."""
        if not self._may_explain(event.user_id):
            return
        posts = self._handler.messenger.posts
        try:
            await posts.say(await posts.direct_channel(event.user_id), text)
        except (discord.HTTPException, DeliveryError):
            # most likely the member takes no direct messages
            with suppress(discord.DiscordException, DeliveryError, *NETWORK):
                await posts.say(
                    event.channel_id,
                    f"<@{event.user_id}> {text}",
                    reply_to=event.message_id,
                    seconds=_EXPLANATION_SECONDS,
                )
        except (discord.DiscordException, *NETWORK) as error:
            self._log.info("a refusal could not be explained", error=type(error).__name__)


def _key(event: discord.RawReactionActionEvent) -> ReactionKey:
    return event.message_id, event.user_id, emoji_of(event.emoji)


def _concerns_us(event: discord.RawReactionActionEvent, client: discord.Client) -> bool:
    """Whether it is from a person on a message that may be ours."""
    own = client.user.id if client.user is not None else None
    from_bot = event.user_id == own or (event.member is not None and event.member.bot)
    # Discord leaves the author out of some events; the store knows which messages are ours
    on_ours = event.message_author_id in {None, own}
    return not from_bot and on_ours


def _channel(
    event: discord.RawReactionActionEvent, client: discord.Client, parent: Job
) -> ChannelRef:
    """The channel of the reaction: the job's own, with its thread, or another one as far as the
    client knows it."""
    # reactions name a thread without its parent; the job has both
    if posting_id(parent.channel) == event.channel_id:
        return parent.channel
    guild_id = event.guild_id or 0
    guild = client.get_guild(guild_id)
    channel = guild.get_channel_or_thread(event.channel_id) if guild is not None else None
    return channel_of(guild_id, channel, event.channel_id)
