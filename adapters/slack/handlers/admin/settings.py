"""``/flipbook admin settings …``: log channel, time zone, emoji, defaults."""

from adapters.slack.delivery.posts import SlackPosts
from adapters.slack.errors import AdminProblem, AdminRefused
from adapters.slack.handlers.admin.verbs import AdminVerbs
from adapters.slack.models import Act, MessageMetadata, PostTarget, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import admin
from adapters.slack.text.emoji import emoji_names
from adapters.slack.text.markup import SLACK, ids_in, plain
from generation.protocol.errors import DeliveryError
from generation.service import Service
from generation.text.rules.chat import setting_named
from generation.text.rules.log_channel import (
    log_channel_off_words,
    log_channel_refused_words,
    log_channel_set_words,
    log_channel_test_words,
)
from generation.text.rules.policy import policy_value

LOG_CHANNEL = "log_channel"


class SlackSettingCommands:
    """Shows and changes a workspace's settings."""

    def __init__(self, service: Service, posts: SlackPosts) -> None:
        self._service = service
        self._posts = posts

    @property
    def verbs(self) -> AdminVerbs:
        """What may be typed."""
        return {
            ("settings", ""): self._show,
            ("settings", "show"): self._show,
            ("settings", "set"): self._set,
            ("settings", LOG_CHANNEL): self._log_channel,
        }

    async def _show(self, act: Act, _: str) -> SlackContent:
        return admin.settings_content(await self._service.policy_of(server_ref(act)))

    async def _set(self, act: Act, words: str) -> SlackContent:
        given, _, value = words.replace("=", " ", 1).partition(" ")
        if given.strip().lower() == LOG_CHANNEL:
            return await self._log_channel(act, value)
        name = setting_named(plain(given), SLACK)
        # quotes around a prompt do not belong to it
        text = emoji_names(name, plain(value).strip().strip('"'))
        changes = {name.value: policy_value(name, text, SLACK)}
        change = await self._service.change_rules(server_ref(act), changes, by=user_ref(act))
        return admin.changed_content(change, [name])

    async def _log_channel(self, act: Act, words: str) -> SlackContent:
        """Try it before it is set: a channel that takes no message is no log channel."""
        chosen = next(iter(ids_in(words, "#")), None)
        if chosen is None and plain(words).strip().lower() not in {"off", "none", "-"}:
            raise AdminRefused(AdminProblem.NAMELESS_CHANNEL, plain(words))
        if chosen is not None:
            try:
                await self._try(act, chosen)
            except DeliveryError as error:
                return admin.words_content(log_channel_refused_words(chosen, error.reason, SLACK))
        await self._service.change_rules(server_ref(act), {"log_channel": chosen}, by=user_ref(act))
        return admin.words_content(
            log_channel_off_words(SLACK) if chosen is None else log_channel_set_words(chosen, SLACK)
        )

    async def _try(self, act: Act, channel: str) -> None:
        """Post a test message. Raises DeliveryError."""
        content = admin.words_content(log_channel_test_words(SLACK))
        # by the act's key a repeated one finds the message of the first
        metadata = MessageMetadata(act.key, "log channel")
        await self._posts.post(PostTarget(channel), content, metadata)
