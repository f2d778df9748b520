"""Tries everything that the bot does with messages at the real Discord, in one channel, and deletes
it again."""

import asyncio
import io
from collections.abc import Callable
from typing import Any, Final, cast

import discord
from pydantic import SecretStr

from adapters.discord.errors import NETWORK
from adapters.discord.logging import shorten_library_log
from adapters.discord.session import use_addresses
from adapters.discord.text.layout import NO_MENTIONS, REROLL_EMOJI
from adapters.proxies import http_proxy, socks_connector
from generation.protocol.clock import Clock
from generation.selftest import CLIP_NAME, Selftest, SelftestTarget, StepFailed

BY_HAND: Final = (
    "/animate with a clip, and 🔁 under it, by button and by reaction, while `flipbook run` runs",
    "the same where the bot lacks Attach Files: does its first answer still take the clip?",
    "a clip that takes more than 15 minutes: it comes as an edit by the bot, or anew",
    "/animate in a thread, in an age-restricted channel and in a direct message with the bot",
    "an option longer than Discord allows, and /animate pasted into a client of another language",
    "how one video looks on a phone: as an attachment, and in a gallery (run this with --look 60)",
)
"""What no program can try from here."""
_TIMEOUT_SECONDS: Final = 180.0
_UNKNOWN_MESSAGE: Final = 10008
_WORDS: Final = "Flipbook's self-test. It deletes this message again."


def explain_discord(error: Exception) -> str | None:
    """Discord's own error: status, code and words; None for what is no answer of Discord's."""
    if isinstance(error, discord.LoginFailure):
        return "Discord does not accept the token (401)"
    if isinstance(error, discord.HTTPException):
        return f"HTTP {error.status}, code {error.code}: {error.text or 'no words'}"
    if isinstance(error, (discord.DiscordException, *NETWORK)):
        return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return None


async def selftest_discord(
    test: Selftest,
    target: SelftestTarget,
    clip: bytes,
    *,
    token: SecretStr,
    api_url: str,
    gateway_url: str,
    clock: Clock,
    proxy: str | None = None,
) -> None:
    """Post into the channel, edit, add the clip in every way, look, react, delete. Opens no session
    at the gateway, so a running bot is not disturbed."""
    use_addresses(api_url, gateway_url)
    shorten_library_log()
    client = discord.Client(
        intents=discord.Intents.none(), proxy=http_proxy(proxy), connector=socks_connector(proxy)
    )
    try:
        if await test.step("log in", _login(client, token)) is not None:
            await _DiscordTrial(test, client, target, clip, clock).run()
    finally:
        await client.close()


async def _login(client: discord.Client, token: SecretStr) -> bool:
    await client.login(token.get_secret_value())
    return True


class _DiscordTrial:
    """The steps in one channel, and what they have posted."""

    def __init__(
        self,
        test: Selftest,
        client: discord.Client,
        target: SelftestTarget,
        clip: bytes,
        clock: Clock,
    ) -> None:
        self._test = test
        self._client = client
        self._target = target
        self._clip = clip
        self._clock = clock
        self._posted: list[discord.Message] = []
        self._direct: discord.DMChannel | None = None
        self._may_have_posted = False

    async def run(self) -> None:
        """Every step, and then, whatever happened, the deletion."""
        step = self._test.step
        if await step("see the channel", self._kind_of_channel(), str) is None:
            return
        async with self._test.deleting(self._delete_everything):
            try:
                async with asyncio.timeout(_TIMEOUT_SECONDS + self._target.look_seconds):
                    await self._one_message()
                    await self._new_messages()
                    if self._posted and self._target.look_seconds:
                        await self._clock.sleep(self._target.look_seconds)
            except TimeoutError:
                self._test.skip("the rest", f"it took longer than {_TIMEOUT_SECONDS:.0f} s")

    @property
    def _channel(self) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(int(self._target.channel))

    async def _kind_of_channel(self) -> str:
        channel = await self._client.fetch_channel(int(self._target.channel))
        if isinstance(channel, discord.ForumChannel | discord.CategoryChannel):
            raise StepFailed(f"nothing can be posted in a {channel.type.name} channel")
        if isinstance(channel, discord.abc.PrivateChannel):
            return "a direct message"
        return channel.type.name

    # One message, from its words to the clip --------------------------------------------

    async def _one_message(self) -> None:
        step = self._test.step
        message = await step("post a message with a button", self._post_words())
        if message is None:
            return
        await step("post it again under the same nonce", self._post_twice(message))
        await step("edit its words", message.edit(content=f"{_WORDS} Edited."))
        if await step("put the clip into it by an edit", self._put_clip_into(message)) is not None:
            await step("the clip stands in it", self._stands(message), str)
            await step("its bytes come back", self._comes_back(message))
            await step("edit the words, the clip stays", self._edit_beside_clip(message), str)
            await step("take the clip out by an edit", self._take_out(message))
        await step("find it among the newest messages", self._find(message))
        await step(f"react with {REROLL_EMOJI}", self._react(message))

    async def _post_words(self) -> discord.Message:
        return await self._sent(nonce=self._nonce, content=_WORDS, view=_Button())

    @property
    def _nonce(self) -> str:
        return f"selftest{int(self._clock.now().timestamp())}"

    async def _post_twice(self, first: discord.Message) -> None:
        again = await self._sent(nonce=str(first.nonce or self._nonce), content=_WORDS)
        if again.id != first.id:
            raise StepFailed("Discord posted a second message: a nonce does not protect from that")
        self._posted.pop()

    async def _put_clip_into(self, message: discord.Message) -> discord.Message:
        return await message.edit(attachments=[self._file()])

    async def _stands(self, message: discord.Message) -> str:
        attachment = await self._attachment(message)
        if attachment.size != len(self._clip):
            raise StepFailed(f"{attachment.size} bytes instead of {len(self._clip)}")
        size = f"{attachment.width}×{attachment.height}, {attachment.size} bytes"
        return f"{attachment.content_type or 'no content type'}, {size}"

    async def _comes_back(self, message: discord.Message) -> None:
        if await (await self._attachment(message)).read() != self._clip:
            raise StepFailed("other bytes than those sent: Discord changes the file")

    async def _edit_beside_clip(self, message: discord.Message) -> str:
        await message.edit(content=f"{_WORDS} Edited again.")
        return await self._stands(message)

    async def _take_out(self, message: discord.Message) -> None:
        await message.edit(attachments=[])
        if (await self._channel.fetch_message(message.id)).attachments:
            raise StepFailed("the clip is still there")

    async def _find(self, message: discord.Message) -> None:
        found = [each.id async for each in self._channel.history(limit=20)]
        if message.id not in found:
            raise StepFailed("Discord does not list it")

    async def _react(self, message: discord.Message) -> None:
        await message.add_reaction(REROLL_EMOJI)
        seen = (await self._channel.fetch_message(message.id)).reactions
        if not any(reaction.me and str(reaction.emoji) == REROLL_EMOJI for reaction in seen):
            raise StepFailed("the message does not show it")

    async def _attachment(self, message: discord.Message) -> discord.Attachment:
        # by id, from Discord: what an edit answers proves little
        attachments = (await message.channel.fetch_message(message.id)).attachments
        if len(attachments) != 1:
            raise StepFailed(f"the message holds {len(attachments)} files")
        return attachments[0]

    # The other ways ---------------------------------------------------------------------

    async def _new_messages(self) -> None:
        parent = self._posted[0] if self._posted else None
        ways: tuple[tuple[str, Callable[[], dict[str, Any]]], ...] = (
            ("post the clip in a new message", lambda: {"content": _WORDS, "file": self._file()}),
            ("post the clip as a reply", lambda: _reply(parent) | {"file": self._file()}),
            ("post the clip in a gallery", lambda: {"view": _Gallery(), "file": self._file()}),
        )
        for what, content in ways:
            await self._posted_clip(what, self._channel, content())
        if self._target.member is None:
            self._test.skip("send the clip as a direct message", "name a member with --member")
            return
        member = discord.Object(int(self._target.member))
        opened = self._client.create_dm(member)
        self._direct = await self._test.step("open a direct message", opened)
        if self._direct is not None:
            what = "send the clip as a direct message"
            await self._posted_clip(what, self._direct, {"content": _WORDS, "file": self._file()})

    async def _posted_clip(
        self, what: str, where: discord.abc.Messageable, content: dict[str, Any]
    ) -> None:
        message = await self._test.step(what, self._sent(where, **content))
        if message is not None:
            await self._test.step("the clip stands in it", self._stands(message), str)

    async def _sent(
        self, where: discord.abc.Messageable | None = None, **content: Any
    ) -> discord.Message:
        try:
            message = await (where or self._channel).send(allowed_mentions=NO_MENTIONS, **content)
        except (*NETWORK, discord.HTTPException, asyncio.CancelledError) as error:
            # a 4xx has refused it for certain
            self._may_have_posted |= getattr(error, "status", 500) >= 500
            raise
        self._posted.append(message)
        return message

    def _file(self) -> discord.File:
        return discord.File(io.BytesIO(self._clip), CLIP_NAME, description="A light moves")

    # Deleting ---------------------------------------------------------------------------

    async def _delete_everything(self) -> None:
        # one whose answer got lost is there too
        lost = await self._test.step("look for more of its messages", self._lost(), _count_words)
        if lost is None and self._may_have_posted:
            self._test.left_behind.append("perhaps a message whose answer got lost")
        self._posted += lost or ()
        for number, message in enumerate(self._posted, 1):
            what = f"delete message {number} of {len(self._posted)}"
            if await self._test.step(what, self._deleted(message)) is None:
                self._test.left_behind.append(f"a message of {message.created_at:%H:%M:%S} UTC")

    async def _lost(self) -> list[discord.Message]:
        known, me = {message.id for message in self._posted}, self._client.user
        places: list[discord.abc.Messageable] = [self._channel]
        if self._direct is not None:
            places.append(self._direct)
        return [
            message
            for place in places
            async for message in place.history(limit=50)
            if message.id not in known
            and message.author == me
            and (message.content.startswith(_WORDS) or _has_clip(message))
        ]

    async def _deleted(self, message: discord.Message) -> bool:
        await message.delete()
        try:
            await message.channel.fetch_message(message.id)
        except discord.NotFound as gone:
            if gone.code == _UNKNOWN_MESSAGE:
                return True
            raise
        except discord.Forbidden:  # the bot may not look, and Discord has answered that it is gone
            return True
        raise StepFailed("it is still there")


def _has_clip(message: discord.Message) -> bool:
    return any(attachment.filename == CLIP_NAME for attachment in message.attachments)


def _count_words(lost: list[discord.Message]) -> str:
    return f"{len(lost)} found"


def _reply(to: discord.Message | None) -> dict[str, Any]:
    return {"content": _WORDS} | ({} if to is None else {"reference": to, "mention_author": False})


class _Button(discord.ui.View):
    """A button as under every job, switched off: nobody is to press it."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.add_item(discord.ui.Button(label="Self-test", emoji=REROLL_EMOJI, disabled=True))


class _Gallery(discord.ui.LayoutView):
    """The clip in a media gallery, which is Discord's other way to show a video."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        item = discord.MediaGalleryItem(f"attachment://{CLIP_NAME}")
        self.add_item(cast("Any", discord.ui.MediaGallery(item)))
