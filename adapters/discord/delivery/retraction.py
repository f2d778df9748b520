"""The message that showed a job's progress, once its outcome is elsewhere, or is to go."""

import json
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final

import discord
import structlog

from adapters.discord.delivery.interaction_token import InteractionToken
from adapters.discord.delivery.posts import DiscordContent, DiscordPosts
from adapters.discord.delivery.steps import is_valid
from adapters.discord.errors import LACKS_PERMISSION, NETWORK, UNKNOWN_CHANNEL, UNKNOWN_MESSAGE
from adapters.discord.refs import is_answer_to_one, message_ref
from adapters.discord.text import render
from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.domain.refs import MessageRef
from generation.ports import DeliveryPayload, SaveNote
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryError

_GONE: Final = frozenset({UNKNOWN_MESSAGE, UNKNOWN_CHANNEL})


class OwnMessage:
    """Edits and deletes jobs' own messages. Raises what discord.py and the network raise."""

    def __init__(self, posts: DiscordPosts, clock: Clock) -> None:
        self._posts = posts
        self._clock = clock
        self._log = structlog.get_logger("flipbook.discord")

    async def edit(self, delivery: Delivery, shown: MessageRef, content: DiscordContent) -> None:
        """By the interaction's token while it is valid, else by the bot's own."""
        if delivery.answer is not None and is_valid(delivery.answer, self._clock.now()):
            await self._posts.edit_response(InteractionToken.of(delivery.answer), content)
        else:
            await self._posts.edit_result(int(shown.channel.id), int(shown.id), content)

    async def note_destination(self, payload: DeliveryPayload, destination: str) -> None:
        """Say where the clip is in the message that could take words but no file; if that fails,
        the message stays as it is."""
        delivery = payload.delivery
        private = delivery.answer is not None and delivery.answer.private
        # other refusals (deleted, archived, …) hold for words too
        if not private and LACKS_PERMISSION not in delivery.told:
            return
        content = DiscordContent(
            render.SENT_PRIVATELY if private else render.sent_elsewhere(payload.job, destination)
        )
        try:
            if (
                private
                and delivery.answer is not None
                and is_valid(delivery.answer, self._clock.now())
            ):
                await self._posts.edit_response(InteractionToken.of(delivery.answer), content)
            elif delivery.message is not None and not private:
                await self.edit(delivery, delivery.message, content)
        except (discord.DiscordException, DeliveryError, *NETWORK) as error:
            self._log.debug(
                "the message cannot say where its clip went", job=payload.job.id, error=str(error)
            )

    async def keep(self, delivery: Delivery, save_note: SaveNote) -> None:
        """Remember the message before its outcome becomes another one, to delete both."""
        if delivery.message is not None and delivery.note is None and delivery.sent_at is None:
            await save_note(json.dumps([delivery.message.channel.id, delivery.message.id]))

    async def retract(self, job: Job, delivery: Delivery) -> None:
        """Delete every message that shows the job. The last one that Discord keeps is raised."""
        answer, message = delivery.answer, delivery.message
        is_answer = message is None or is_answer_to_one(job, message)
        if is_answer and answer is not None and is_valid(answer, self._clock.now()):
            await self._gone(self._posts.delete_response(InteractionToken.of(answer)))
        for message in (_left(job, delivery), delivery.message):
            # the bot's own token does not reach an answer that one member sees
            if message is not None and not is_answer_to_one(job, message):
                await self._gone(self._posts.delete(int(message.channel.id), int(message.id)))

    @staticmethod
    async def _gone(deleting: Awaitable[None]) -> None:
        try:
            await deleting
        except discord.HTTPException as error:
            if error.code not in _GONE:
                raise


def _left(job: Job, delivery: Delivery) -> MessageRef | None:
    """The message that :meth:`OwnMessage.keep` has noted."""
    with suppress(ValueError, TypeError):
        channel, message = json.loads(delivery.note or "")
        return message_ref(int(job.channel.server.id), int(channel), int(message))
    return None
