"""🔁 as a reaction on a finished clip."""

from dataclasses import replace

from adapters.slack.handlers.access import Access
from adapters.slack.handlers.animate import AnimateHandler
from adapters.slack.handlers.payloads import Reaction
from adapters.slack.models import SlackContent
from adapters.slack.refs import channel_ref, server_ref
from adapters.slack.text import render
from adapters.slack.text.emoji import emoji_name
from adapters.slack.web_api import SlackApi
from generation.domain.job import Job
from generation.domain.refs import MessageRef
from generation.protocol.errors import FlipbookError
from generation.service import Service


class SlackReactions:
    """Handles reactions; raises FlipbookError when Slack or the store cannot be asked."""

    def __init__(
        self, api: SlackApi, service: Service, access: Access, animate: AnimateHandler
    ) -> None:
        self._api = api
        self._service = service
        self._access = access
        self._animate = animate

    async def added(self, reaction: Reaction) -> SlackContent | None:
        """Re-roll a clip of ours for a person; every other reaction does nothing."""
        job = await self._job_of(reaction)
        if job is None or await self._access.is_bot(reaction.act.user):
            return None
        try:
            content = await self._animate.reroll(reaction.act, job.id)
        except FlipbookError as error:
            content = render.error_content(error)
        # the event does not name the message's thread, the job does
        return None if content is None else replace(content, thread=job.channel.thread)

    async def _job_of(self, reaction: Reaction) -> Job | None:
        """The job whose message the reaction is on; None for an emoji that asks for nothing."""
        # the cheap check first: Slack sends every reaction in the bot's channels, and does not
        # always say whose message it is; the store knows which are ours
        if reaction.message_by not in (None, (await self._api.identity()).bot_user):
            return None
        policy = await self._service.policy_of(server_ref(reaction.act))
        if emoji_name(reaction.name) not in map(emoji_name, policy.reroll_emoji):
            return None
        message = MessageRef(channel_ref(reaction.act), reaction.message_ts)
        return await self._service.job_of_message(message)
