"""The messages that the bot sends, edits and finds: by an interaction's token, by its own token,
and as direct messages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

import discord

from adapters.discord.delivery.interaction_token import DEFAULT_UPLOAD_LIMIT, InteractionToken
from adapters.discord.delivery.rate_limits import ChannelRateLimiter, RateLimit
from adapters.discord.delivery.upload import ClipAttachment, PreviewAttachment
from adapters.discord.refs import interaction_origin
from adapters.discord.session import Session
from adapters.discord.text.layout import NO_MENTIONS, REROLL_EMOJI
from adapters.discord.text.render import file_name
from generation.domain.job import Job
from generation.protocol.clock import Clock

_ORIGINAL: Final = cast("int", "@original")
"""Discord's name for an interaction's first response; discord.py's types know numbers only."""
_HISTORY_LIMIT: Final = 100
_SPOILER: Final = "SPOILER_"
"""How Discord's library names a covered file."""
_CLOCK_SKEW: Final = timedelta(minutes=2)
_MISSING: Final[Any] = discord.utils.MISSING
"""discord.py's default for an argument that is not given."""
_NO_REFERENCE: Final[Any] = None
"""No reply, which discord.py accepts though its types do not say so."""


@dataclass(frozen=True, slots=True)
class DiscordContent:
    """What a message shows: text, one attachment, and buttons in ``view``.

    Without an ``attachment``, an edit leaves the attachments of the message, or removes them with
    ``remove_attachments``.
    """

    text: str
    attachment: ClipAttachment | PreviewAttachment | None = None
    view: discord.ui.View | None = None
    remove_attachments: bool = False


@dataclass(frozen=True, slots=True)
class PingingReply:
    """A reply to a message that pings one member, and nobody else; ``message`` is None where the
    bot may not read what it would reply to."""

    member: int
    message: int | None

    def reference(self, channel_id: int) -> Any:
        """To what: a message that is gone gets no reply."""
        if self.message is None:
            return None
        return discord.MessageReference(message_id=self.message, channel_id=channel_id)

    def mentions(self) -> discord.AllowedMentions:
        """Who is pinged: not the author of the message, which is the bot itself."""
        return discord.AllowedMentions(
            everyone=False,
            roles=False,
            users=[discord.Object(self.member)],
            replied_user=False,
        )


class DiscordPosts:
    """Sends, edits and finds messages. Raises what discord.py and the network raise, and
    DeliveryDelayed."""

    def __init__(self, session: Session[discord.Client], clock: Clock) -> None:
        self._session = session
        # a bucket each, as at Discord: new messages do not use up the edits
        self._edits = ChannelRateLimiter(clock)
        self._posts = ChannelRateLimiter(clock)
        # Discord's limit for reactions: one in a quarter of a second, twice that to be safe
        self._reactions = ChannelRateLimiter(
            clock, RateLimit(requests=1, seconds=0.5, for_progress=1)
        )

    def try_acquire_for_progress(self, channel_id: int) -> float | None:
        """Take a slot for a progress edit in a channel and return None, or the seconds until there
        may be one."""
        return self._edits.try_acquire_for_progress(channel_id)

    async def edit_response(
        self, token: InteractionToken, content: DiscordContent
    ) -> discord.Message:
        """Edit an interaction's first response; each token has a rate limit of its own."""
        client = await self._session.client()
        # a partial webhook is made from the token alone, without a request
        webhook = discord.Webhook.partial(client.application_id or 0, token.token, client=client)
        return await webhook.edit_message(
            _ORIGINAL,
            content=content.text,
            attachments=_attachments(content),
            view=content.view,
            allowed_mentions=NO_MENTIONS,
        )

    async def edit(
        self, channel_id: int, message_id: int, content: DiscordContent
    ) -> discord.Message:
        """Edit one of the bot's messages with its own token; the caller has taken a slot."""
        client = await self._session.client()
        message = client.get_partial_messageable(channel_id).get_partial_message(message_id)
        return await message.edit(
            content=content.text,
            attachments=_attachments(content),
            view=content.view,
            allowed_mentions=NO_MENTIONS,
        )

    async def edit_result(
        self, channel_id: int, message_id: int, content: DiscordContent
    ) -> discord.Message:
        """Edit an outcome into a message, after waiting for a slot in the channel's rate limit."""
        await self._edits.acquire(channel_id)
        return await self.edit(channel_id, message_id, content)

    async def delete(self, channel_id: int, message_id: int) -> None:
        """Delete one of the bot's messages with its own token."""
        client = await self._session.client()
        await client.get_partial_messageable(channel_id).get_partial_message(message_id).delete()

    async def delete_response(self, token: InteractionToken) -> None:
        """Delete an interaction's first response."""
        client = await self._session.client()
        webhook = discord.Webhook.partial(client.application_id or 0, token.token, client=client)
        await webhook.delete_message(_ORIGINAL)

    async def post(
        self, channel_id: int, job: Job, content: DiscordContent, *, reply_to: int | None = None
    ) -> discord.Message:
        """Post a new message with the job's id as nonce: Discord posts it once, however often it is
        sent within minutes."""
        await self._posts.acquire(channel_id)
        return await self._post(channel_id, job, content, reply_to)

    async def post_first(
        self, channel_id: int, job: Job, content: DiscordContent, *, reply_to: int | None = None
    ) -> discord.Message:
        """As :meth:`post`, for a job's first message; clips that wait for a slot in the channel go
        first."""
        await self._posts.acquire_after_results(channel_id)
        return await self._post(channel_id, job, content, reply_to)

    async def _post(
        self, channel_id: int, job: Job, content: DiscordContent, reply_to: int | None
    ) -> discord.Message:
        client = await self._session.client()
        # partial: the client may not know the channel, or the gateway may not be connected yet
        return await client.get_partial_messageable(channel_id).send(
            content.text,
            file=content.attachment.file() if content.attachment is not None else _MISSING,
            view=content.view or _MISSING,
            reference=_reference(channel_id, reply_to),
            nonce=job.id,  # discord.py sends enforce_nonce with it
            allowed_mentions=NO_MENTIONS,
            suppress_embeds=True,  # a link in a prompt would show a preview of its page
        )

    async def say(
        self, channel_id: int, text: str, *, reply_to: int | None = None, seconds: Any = None
    ) -> None:
        """Post a text that belongs to no job; deleted after ``seconds``, where given."""
        client = await self._session.client()
        await self._posts.acquire(channel_id)
        await client.get_partial_messageable(channel_id).send(
            text,
            reference=_reference(channel_id, reply_to),
            allowed_mentions=NO_MENTIONS,
            suppress_embeds=True,
            delete_after=seconds,
        )

    async def post_notice(
        self,
        channel_id: int,
        text: str,
        view: discord.ui.View | None,
        *,
        nonce: str,
        reply: PingingReply | None = None,
    ) -> None:
        """Post a text, once within minutes of its nonce, as the ``reply`` where there is one."""
        client = await self._session.client()
        await self._posts.acquire(channel_id)
        await client.get_partial_messageable(channel_id).send(
            text,
            view=view or _MISSING,
            reference=reply.reference(channel_id) if reply is not None else _NO_REFERENCE,
            nonce=nonce,
            allowed_mentions=NO_MENTIONS if reply is None else reply.mentions(),
            suppress_embeds=True,
        )

    async def own_messages(self, channel_id: int, since: datetime) -> list[discord.Message]:
        """The bot's messages among the first 100 in a channel since then."""
        client = await self._session.client()
        after = discord.Object(discord.utils.time_snowflake(since - _CLOCK_SKEW))
        channel = client.get_partial_messageable(channel_id)
        return [
            message
            async for message in channel.history(
                limit=_HISTORY_LIMIT, after=after, oldest_first=True
            )
            if client.user is not None and message.author.id == client.user.id
        ]

    async def direct_channel(self, user_id: int) -> int:
        """The id of the direct-message channel with a user."""
        client = await self._session.client()
        return (await client.create_dm(discord.Object(user_id))).id

    async def find(self, channel_id: int, job: Job, *, exclude: int | None = None) -> int | None:
        """The id of the bot's message that shows a job, where a crash came before recording it.

        Looks at the first 100 messages since the job was created, except for ``exclude``.
        """
        client = await self._session.client()
        # Discord's ids hold its own clock's time, which may differ from ours
        since = discord.Object(discord.utils.time_snowflake(job.created_at - _CLOCK_SKEW))
        channel = client.get_partial_messageable(channel_id)
        async for message in channel.history(limit=_HISTORY_LIMIT, after=since, oldest_first=True):
            # members may quote a job's id; only the bot's own messages count
            mine = client.user is not None and message.author.id == client.user.id
            if mine and message.id != exclude and _shows(message, job):
                return message.id
        return None

    async def add_reroll_reaction(
        self, channel_id: int, message_id: int, emoji: str = REROLL_EMOJI
    ) -> None:
        """Put 🔁, or an emoji of the server's choice, under a clip, so that one tap re-rolls it;
        does nothing where the rate limit would make it wait, or the bot may not."""
        client = await self._session.client()
        # Discord counts refused requests, and bans a bot that makes many
        if not may_react(client, channel_id):
            return
        # not worth a wait: the button under the clip does the same
        if self._reactions.try_acquire_for_progress(channel_id) is not None:
            return
        await (
            client.get_partial_messageable(channel_id)
            .get_partial_message(message_id)
            .add_reaction(emoji)
        )

    async def upload_limit(self, guild_id: int) -> int:
        """Bytes per file for the bot itself, by the guild's boosts as far as they are known."""
        # unknown before the gateway has sent it; then the default is the safe guess
        guild = (await self._session.client()).get_guild(guild_id)
        return guild.filesize_limit if guild is not None else DEFAULT_UPLOAD_LIMIT


def may_react(client: discord.Client, channel_id: int) -> bool:
    """Whether the bot may add reactions in a channel, as far as the gateway has reported: what it
    does not know, it tries."""
    channel = client.get_channel(channel_id)
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return True
    try:
        return channel.permissions_for(channel.guild.me).add_reactions
    except (discord.ClientException, AttributeError):  # a thread without its parent; a new guild
        return True


def _attachments(content: DiscordContent) -> Any:
    """The ``attachments`` of an edit: a list replaces what is attached, MISSING leaves it."""
    if content.attachment is not None:
        return [content.attachment.file()]
    return [] if content.remove_attachments else _MISSING


def _reference(channel_id: int, message_id: int | None) -> Any:
    """A reply to a message that may be deleted; None for no reply, which discord.py accepts though
    its types do not say so."""
    if message_id is None:
        return None
    return discord.MessageReference(
        message_id=message_id, channel_id=channel_id, fail_if_not_exists=False
    )


def _shows(message: discord.Message, job: Job) -> bool:
    """Whether a message shows the job: by its file, by the interaction it responds to, or by its
    buttons."""
    # the file first: a direct message has no buttons
    names = {attachment.filename.removeprefix(_SPOILER) for attachment in message.attachments}
    if file_name(job.id) in names:
        return True
    # a response that was sent, but not recorded before the crash
    caused_by = message.interaction_metadata
    if caused_by is not None and job.origin == interaction_origin(caused_by.id):
        return True
    return any(
        job.id in str(getattr(item, "custom_id", ""))
        for row in message.components
        for item in _items(row)
    )


def _items(row: discord.Component) -> list[discord.Component]:
    return list(getattr(row, "children", []))
