"""Posts notices on Discord: into the log channel, to a member, or to who added the bot."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

import discord
import structlog

from adapters.discord.delivery.posts import DiscordPosts, PingingReply
from adapters.discord.errors import NETWORK, delivery_error
from adapters.discord.refs import posting_id
from adapters.discord.session import Session
from adapters.discord.text.layout import notice_buttons
from adapters.discord.text.markup import DISCORD
from adapters.discord.text.render import MAX_CONTENT
from generation.domain.notice import Audience, Notice
from generation.ports import NoticePayload, SaveNote
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryDelayed, DeliveryError, DeliveryStepFailed
from generation.text.notices import notice_text

_NO_HISTORY: Final = 160002
_NO_MESSAGE: Final = frozenset({10008, 50035})
"""Discord's codes for a reply to a message that is gone."""
CANNOT_POST: Final = frozenset({10003, 50001, 50007, 50013, 50278})
"""Discord's codes for a place that takes no message: it is gone, the bot does not see it, or may
not write there; a member takes no direct messages, or shares no server with the bot."""
_NONCE_LENGTH: Final = 24


class DiscordNotices:
    """Posts each notice in the first place that takes it. Raises what discord.py and the network
    raise, and DeliveryError."""

    def __init__(self, session: Session[discord.Client], posts: DiscordPosts, clock: Clock) -> None:
        self._session = session
        self._posts = posts
        self._clock = clock
        self._log = structlog.get_logger("flipbook.discord")

    async def post(self, payload: NoticePayload, note: SaveNote) -> None:
        """Post it once: an attempt whose answer was lost is looked for first."""
        if payload.note is not None and await self._is_there(payload.note):
            return
        refusal: discord.HTTPException | None = None
        async for channel_id in self._places(payload):
            try:
                await self._post_in(channel_id, payload, note)
            except discord.HTTPException as error:
                if not _takes_no_message(error, payload):
                    raise _delayed(error) from error
                refusal = error
            else:
                return
        if refusal is None:
            raise DeliveryStepFailed("there is no place where Flipbook may write")
        raise DeliveryStepFailed(delivery_error(refusal).reason) from refusal

    async def _post_in(self, channel_id: int, payload: NoticePayload, note: SaveNote) -> None:
        text, reply = notice_text(payload.notice, DISCORD), _reply(payload)
        content = "\n".join(text.lines)[:MAX_CONTENT].strip()
        mark = _fingerprint(content, None if reply is None else reply.message)
        # saved first: after a crash, this is where it may be
        await note(f"{channel_id} {self._clock.now().timestamp():.0f} {mark}")
        post = partial(
            self._posts.post_notice,
            channel_id,
            content,
            notice_buttons(text.buttons),
            nonce=_nonce(payload.notice),
        )
        try:
            await post(reply=reply)
        except discord.HTTPException as error:
            if error.code != _NO_HISTORY or reply is None:
                raise
            await post(reply=replace(reply, message=None))

    async def _is_there(self, note: str) -> bool:
        channel_id, at, fingerprint = note.split(" ")
        since = datetime.fromtimestamp(float(at), UTC)
        try:
            messages = await self._posts.own_messages(int(channel_id), since)
        except discord.HTTPException as error:
            if error.code not in CANNOT_POST:
                raise _delayed(error) from error
            return False  # what cannot be read now was perhaps never written
        return any(
            _fingerprint(each.content, each.reference.message_id if each.reference else None)
            == fingerprint
            for each in messages
        )

    async def _places(self, payload: NoticePayload) -> AsyncIterator[int]:
        """The ids of the channels to try, best first."""
        notice = payload.notice
        match notice.audience:
            case Audience.LOG_CHANNEL if payload.log_channel is not None:
                # the operator may have typed anything
                if not payload.log_channel.id.isdecimal():
                    raise DeliveryStepFailed("Discord has no such channel")
                yield int(payload.log_channel.id)
            case Audience.ASKER if payload.clip is not None:
                yield posting_id(payload.clip.channel)
            case Audience.MEMBER if notice.member is not None:
                yield await self._posts.direct_channel(int(notice.member.id))
            case _:
                async for place in self._places_of_installer(int(notice.server.id)):
                    yield place

    async def _places_of_installer(self, guild_id: int) -> AsyncIterator[int]:
        """A direct message to the person who added the bot, else to the owner; the system channel;
        the first channel where it may write."""
        guild = (await self._session.client()).get_guild(guild_id)
        if guild is None:
            # the gateway has not reported it yet, or the bot was removed again
            raise DeliveryDelayed("Discord has not reported the server yet")
        people = [await self._inviter(guild), guild.owner_id]
        for member in dict.fromkeys(each for each in people if each):
            try:
                yield await self._posts.direct_channel(member)
            except discord.HTTPException as error:
                if error.code not in CANNOT_POST:
                    raise _delayed(error) from error
        channels = [guild.system_channel, *guild.text_channels]
        for channel in dict.fromkeys(each for each in channels if each is not None):
            granted = channel.permissions_for(guild.me)
            if granted.view_channel and granted.send_messages:
                yield channel.id

    async def _inviter(self, guild: discord.Guild) -> int | None:
        """Who added the bot, by the server's audit log; None where the bot may not read it."""
        if not guild.me.guild_permissions.view_audit_log:
            return None
        try:
            async for entry in guild.audit_logs(action=discord.AuditLogAction.bot_add, limit=20):
                target = entry.target
                if target is not None and int(target.id) == guild.me.id:
                    return entry.user_id
        except (discord.DiscordException, *NETWORK) as error:
            self._log.info("the audit log could not be read", error=type(error).__name__)
        return None


def _delayed(error: discord.HTTPException) -> DeliveryError:
    """No place is to blame: later, whatever it is."""
    found = delivery_error(error)
    return found if isinstance(found, DeliveryDelayed) else DeliveryDelayed(found.reason)


def _nonce(notice: Notice) -> str:
    """Discord posts a nonce once, however often it is sent within minutes."""
    return hashlib.sha256(notice.key.encode()).hexdigest()[:_NONCE_LENGTH]


def _reply(payload: NoticePayload) -> PingingReply | None:
    """How a clip's asker is told: under its message."""
    clip, member = payload.clip, payload.notice.member
    if clip is None or member is None:
        return None
    return PingingReply(int(member.id), int(clip.id))


def _takes_no_message(error: discord.HTTPException, payload: NoticePayload) -> bool:
    is_gone = payload.clip is not None and error.code in _NO_MESSAGE
    return is_gone or error.code in CANNOT_POST


def _fingerprint(content: str, reply_to: int | None) -> str:
    # the same words under another clip are another notice
    text = content if reply_to is None else f"{reply_to} {content}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
