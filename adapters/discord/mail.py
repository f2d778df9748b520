"""Everything the bot sends on its own: by an answer's token, by its own token, and into direct messages."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast

import discord

from adapters.discord.account import Account
from adapters.discord.answer_token import DEFAULT_UPLOAD_LIMIT, AnswerToken
from adapters.discord.layout import NOBODY, REROLL_EMOJI
from adapters.discord.pace import Allowance, ChannelBudget
from adapters.discord.render import file_name
from adapters.discord.upload import Glimpse, Upload
from generation.job import Job
from generation.ports import Clock

_ORIGINAL: Final = cast("int", "@original")
"""Discord's name of an interaction's first answer; discord.py's types know numbers only."""
_LOOKED_AT: Final = 100
_CLOCKS_DIFFER: Final = timedelta(minutes=2)
_MISSING: Final[Any] = discord.utils.MISSING
"""discord.py's word for an argument that was not given."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a message shows: text, the clip or a look at it where there is one, buttons where there are any.

    ``bare``: without an upload, take away what is attached instead of leaving it.
    """

    content: str
    upload: Upload | Glimpse | None = None
    view: discord.ui.View | None = None
    bare: bool = False


class Mail:
    """Sends, edits and finds messages. Raises what discord.py and the network raise, and DeliveryDelayed."""

    def __init__(self, account: Account[discord.Client], clock: Clock) -> None:
        self._account = account
        self._edits = ChannelBudget(clock)
        self._posts = ChannelBudget(clock)
        self._invitations = ChannelBudget(clock, Allowance(requests=1, seconds=0.5, for_progress=1))

    def wait_for_progress(self, channel_id: int) -> float | None:
        """Take a slot for a progress edit in a channel and return None, or the seconds until there may be one."""
        return self._edits.wait_for_progress(channel_id)

    async def edit_answer(self, token: AnswerToken, sheet: Sheet) -> discord.Message:
        """Edit an interaction's first answer; each token has a rate limit of its own."""
        client = await self._account.client()
        webhook = discord.Webhook.partial(client.application_id or 0, token.token, client=client)
        return await webhook.edit_message(
            _ORIGINAL, content=sheet.content, attachments=_files(sheet), view=sheet.view, allowed_mentions=NOBODY
        )

    async def edit(self, channel_id: int, message_id: int, sheet: Sheet) -> discord.Message:
        """Edit one of the bot's messages with its own token; the caller has taken a slot."""
        client = await self._account.client()
        message = client.get_partial_messageable(channel_id).get_partial_message(message_id)
        return await message.edit(
            content=sheet.content, attachments=_files(sheet), view=sheet.view, allowed_mentions=NOBODY
        )

    async def edit_in_turn(self, channel_id: int, message_id: int, sheet: Sheet) -> discord.Message:
        """The edit that brings an outcome: waits for a slot in the channel's budget."""
        await self._edits.slot(channel_id)
        return await self.edit(channel_id, message_id, sheet)

    async def post(self, channel_id: int, job: Job, sheet: Sheet, *, reply_to: int | None = None) -> discord.Message:
        """A new message, with the job's id as nonce: Discord takes it once, however often it is sent within minutes."""
        await self._posts.slot(channel_id)
        return await self._post(channel_id, job, sheet, reply_to)

    async def post_first(
        self, channel_id: int, job: Job, sheet: Sheet, *, reply_to: int | None = None
    ) -> discord.Message:
        """A job's first message, the same way; clips that are to be posted in the channel go before it."""
        await self._posts.slot_after_results(channel_id)
        return await self._post(channel_id, job, sheet, reply_to)

    async def _post(self, channel_id: int, job: Job, sheet: Sheet, reply_to: int | None) -> discord.Message:
        client = await self._account.client()
        return await client.get_partial_messageable(channel_id).send(
            sheet.content,
            file=sheet.upload.file() if sheet.upload is not None else _MISSING,
            view=sheet.view or _MISSING,
            reference=_reply(channel_id, reply_to),
            nonce=job.id,
            allowed_mentions=NOBODY,
            suppress_embeds=True,
        )

    async def say(self, channel_id: int, content: str, *, reply_to: int | None = None, seconds: Any = None) -> None:
        """A few words that belong to no job; gone again after ``seconds``, where given."""
        client = await self._account.client()
        await self._posts.slot(channel_id)
        await client.get_partial_messageable(channel_id).send(
            content,
            reference=_reply(channel_id, reply_to),
            allowed_mentions=NOBODY,
            suppress_embeds=True,
            delete_after=seconds,
        )

    async def direct_channel(self, user_id: int) -> int:
        """The id of the direct-message channel with somebody."""
        client = await self._account.client()
        return (await client.create_dm(discord.Object(user_id))).id

    async def find(self, channel_id: int, job: Job, *, but_not: int | None = None) -> int | None:
        """The id of the bot's message that shows a job, where a crash kept it from being recorded."""
        client = await self._account.client()
        since = discord.Object(discord.utils.time_snowflake(job.created_at - _CLOCKS_DIFFER))
        channel = client.get_partial_messageable(channel_id)
        async for message in channel.history(limit=_LOOKED_AT, after=since, oldest_first=True):
            mine = client.user is not None and message.author.id == client.user.id
            if mine and message.id != but_not and _shows(message, job):
                return message.id
        return None

    async def invite_reaction(self, channel_id: int, message_id: int) -> None:
        """Put 🔁 under a clip, so that one tap re-rolls it; nothing happens where that would have to wait."""
        if self._invitations.wait_for_progress(channel_id) is not None:
            return
        client = await self._account.client()
        await client.get_partial_messageable(channel_id).get_partial_message(message_id).add_reaction(REROLL_EMOJI)

    async def upload_limit(self, guild_id: int) -> int:
        """Bytes per file for the bot itself, by the guild's boosts as far as they are known."""
        guild = (await self._account.client()).get_guild(guild_id)
        return guild.filesize_limit if guild is not None else DEFAULT_UPLOAD_LIMIT


def _files(sheet: Sheet) -> Any:
    """The clip in place of whatever is attached; without one, what is attached stays unless it is to go."""
    if sheet.upload is not None:
        return [sheet.upload.file()]
    return [] if sheet.bare else _MISSING


def _reply(channel_id: int, message_id: int | None) -> Any:
    """A reference to a message that may be gone; None, which discord.py takes though its types do not say so."""
    if message_id is None:
        return None
    return discord.MessageReference(message_id=message_id, channel_id=channel_id, fail_if_not_exists=False)


def _shows(message: discord.Message, job: Job) -> bool:
    """Whether a message shows the job: by its buttons, its file, or as the answer to what caused the job."""
    if any(attachment.filename == file_name(job.id) for attachment in message.attachments):
        return True
    caused_by = message.interaction_metadata
    if caused_by is not None and job.origin == interaction_origin(caused_by.id):
        return True
    return any(job.id in str(getattr(item, "custom_id", "")) for row in message.components for item in _items(row))


def _items(row: discord.Component) -> list[discord.Component]:
    return list(getattr(row, "children", []))


def interaction_origin(interaction_id: int) -> str:
    """The origin of a job that an interaction caused: Discord may deliver one twice."""
    return f"discord:interaction:{interaction_id}"
