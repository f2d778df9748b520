"""``/flipbook-admin settings …``: log channel, time zone, emoji, defaults."""

import discord
from discord import app_commands

from adapters.discord.errors import as_delivery_errors
from adapters.discord.handlers.access import AccessDenied
from adapters.discord.handlers.admin.guard import for_admins
from adapters.discord.handlers.ephemeral import defer_privately, tell
from adapters.discord.handlers.interactions import (
    CommandGroup,
    InteractionContext,
    InteractionHandler,
)
from adapters.discord.handlers.options import SETTING_CHOICES, SettingText, TextChannel
from adapters.discord.setup.permissions import SEND, VIEW
from adapters.discord.text import admin
from adapters.discord.text.emoji import emoji_ids
from adapters.discord.text.markup import DISCORD
from generation.protocol.errors import DeliveryError
from generation.text.rules.chat import setting_named
from generation.text.rules.log_channel import (
    log_channel_lacks_words,
    log_channel_off_words,
    log_channel_refused_words,
    log_channel_set_words,
    log_channel_test_words,
)
from generation.text.rules.policy import policy_value


class SettingCommands(CommandGroup):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="settings", description="How Flipbook behaves here")

    @app_commands.command(description="Show the settings")
    @for_admins
    async def show(self, context: InteractionContext) -> None:
        """All settings."""
        policy = await self.service.policy_of(context.server)
        await tell(context.interaction, admin.settings(policy))

    @app_commands.command(description="Change one setting")
    @app_commands.describe(setting="Which one", value="Its value; none for nothing of your own")
    @app_commands.choices(setting=SETTING_CHOICES)
    @for_admins
    async def set(self, context: InteractionContext, setting: str, value: SettingText) -> None:
        """One setting."""
        name = setting_named(setting, DISCORD)
        changes = {name.value: policy_value(name, emoji_ids(name, value), DISCORD)}
        change = await self.service.change_rules(context.server, changes, by=context.user)
        await tell(context.interaction, admin.changed(change, [name]))

    @app_commands.command(description="Where admins are told what they should know")
    @app_commands.describe(channel="The channel; without one, nothing is posted any more")
    @for_admins
    async def log_channel(
        self, context: InteractionContext, channel: TextChannel | None = None
    ) -> None:
        """Try it before it is set: a channel that takes no message is no log channel."""
        if channel is None:
            await self._set(context, None)
            await tell(context.interaction, log_channel_off_words(DISCORD))
            return
        _require_permissions(context, channel.id)
        # the answer to a command has to be quicker than a post
        await defer_privately(context.interaction)
        await tell(context.interaction, await self._tried(context, channel.id))

    async def _tried(self, context: InteractionContext, channel_id: int) -> str:
        """What has come of a test message; only if it has arrived is the channel set."""
        chosen = str(channel_id)
        try:
            with as_delivery_errors():
                await self.handler.messenger.posts.say(channel_id, log_channel_test_words(DISCORD))
        except DeliveryError as error:
            return log_channel_refused_words(chosen, error.reason, DISCORD)
        await self._set(context, chosen)
        return log_channel_set_words(chosen, DISCORD)

    async def _set(self, context: InteractionContext, channel: str | None) -> None:
        await self.service.change_rules(context.server, {"log_channel": channel}, by=context.user)


def _require_permissions(context: InteractionContext, channel_id: int) -> None:
    """Raise AccessDenied, naming what the bot lacks there, as far as the gateway has reported."""
    place = context.interaction.client.get_channel(channel_id)
    if not isinstance(place, discord.abc.GuildChannel):
        return
    granted = place.permissions_for(place.guild.me)
    if missing := [p.label for p in (VIEW, SEND) if not getattr(granted, p.flag)]:
        raise AccessDenied(log_channel_lacks_words(str(channel_id), ", ".join(missing), DISCORD))
