"""``/flipbook-admin channels|block|unblock …``: where the bot answers, and whom."""

from collections.abc import Callable

import discord
from discord import app_commands

from adapters.discord.handlers.admin.guard import for_admins
from adapters.discord.handlers.autocomplete import Choice, term_choices
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import (
    CommandGroup,
    InteractionContext,
    InteractionHandler,
)
from adapters.discord.handlers.options import Channel, Term
from adapters.discord.text import admin
from generation.rules.allow_lists import (
    Changes,
    with_denied_channels,
    without_denied_channels,
)
from generation.rules.policy import Policy


class PolicyCommands(CommandGroup):
    async def change_policy(
        self, context: InteractionContext, change: Callable[[Policy], Changes]
    ) -> None:
        """Replace the fields of the server's policy that ``change`` returns, and show it whole."""
        changed = await self.service.change_policy(context.server, change, by=context.user)
        await tell(context.interaction, admin.policy(changed))

    async def show_policy(self, context: InteractionContext) -> None:
        """The whole policy."""
        policy = await self.service.policy_of(context.server)
        await tell(context.interaction, admin.policy_list(policy))


class ChannelCommands(PolicyCommands):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="channels", description="Where Flipbook answers")

    @app_commands.command(description="Show the channels and blocks")
    @for_admins
    async def show(self, context: InteractionContext) -> None:
        """The whole policy."""
        await self.show_policy(context)

    @app_commands.command(description="Answer in this channel; others only if they are added too")
    @app_commands.describe(channel="The channel; its threads are included")
    @for_admins
    async def add(self, context: InteractionContext, channel: Channel) -> None:
        """Add a channel."""
        added = str(channel.id)
        await self.change_policy(context, lambda policy: {"channels": policy.channels | {added}})

    @app_commands.command(description="Answer in this channel no longer")
    @app_commands.describe(channel="A channel that was added before")
    @for_admins
    async def remove(self, context: InteractionContext, channel: Channel) -> None:
        """Remove a channel."""
        removed = frozenset({str(channel.id)})
        await self.change_policy(
            context, lambda policy: {"channels": policy.without_channels(removed)}
        )

    @app_commands.command(description="Answer in every channel")
    @for_admins
    async def everywhere(self, context: InteractionContext) -> None:
        """Remove all channels."""
        # an empty set means no rule: the bot answers everywhere
        await self.change_policy(context, lambda _policy: {"channels": frozenset()})

    @app_commands.command(description="Never answer in this channel")
    @app_commands.describe(channel="The channel; its threads are included")
    @for_admins
    async def deny(self, context: InteractionContext, channel: Channel) -> None:
        """Keep the bot out of a channel."""
        denied = frozenset({str(channel.id)})
        await self.change_policy(context, lambda policy: with_denied_channels(policy, denied))

    @app_commands.command(description="Answer again in a channel that was denied")
    @app_commands.describe(channel="A channel that was denied before")
    @for_admins
    async def allow(self, context: InteractionContext, channel: Channel) -> None:
        """Let the bot into a channel again."""
        allowed = frozenset({str(channel.id)})
        await self.change_policy(context, lambda policy: without_denied_channels(policy, allowed))


class BlockCommands(PolicyCommands):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="block", description="Keep members or words out")

    @app_commands.command(description="Take no more prompts from a member")
    @app_commands.describe(member="The member")
    @for_admins
    async def member(self, context: InteractionContext, member: discord.User) -> None:
        """Block a member."""
        blocked = str(member.id)
        await self.change_policy(
            context, lambda policy: {"blocked_users": policy.blocked_users | {blocked}}
        )

    @app_commands.command(description="Take no more prompts with a word")
    @app_commands.describe(term="The word or words, whatever their case")
    @for_admins
    async def term(self, context: InteractionContext, term: Term) -> None:
        """Block a term."""
        await self.change_policy(context, lambda policy: {"blocked_terms": policy.with_term(term)})


class UnblockCommands(PolicyCommands):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="unblock", description="Let members or words in again")

    @app_commands.command(description="Take a member's prompts again")
    @app_commands.describe(member="The member")
    @for_admins
    async def member(self, context: InteractionContext, member: discord.User) -> None:
        """Unblock a member."""
        unblocked = self.service.names_of(context.server, str(member.id))
        await self.change_policy(
            context, lambda policy: {"blocked_users": policy.blocked_users - unblocked}
        )

    @app_commands.command(description="Take prompts with a word again")
    @app_commands.describe(term="A word that was blocked before")
    @for_admins
    async def term(self, context: InteractionContext, term: Term) -> None:
        """Unblock a term."""
        await self.change_policy(
            context, lambda policy: {"blocked_terms": policy.without_term(term)}
        )

    @term.autocomplete("term")
    async def choose_term(self, interaction: discord.Interaction, typed: str) -> list[Choice]:
        """The blocked ones."""
        return await term_choices(
            self.handler, interaction, typed, lambda policy: policy.blocked_terms
        )
