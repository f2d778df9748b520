"""``/flipbook-admin …``: limits, channels and blocks, for members who manage the server; checked
here too, not only by Discord."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import discord
from discord import app_commands

from adapters.discord.handlers.access import AccessDenied, require_admin
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import (
    CommandGroup,
    InteractionContext,
    InteractionHandler,
    in_server,
)
from adapters.discord.handlers.options import LIMITS, Channel, LimitText, Term
from adapters.discord.text import lists
from adapters.discord.text.markup import DISCORD
from generation.domain.policy import Policy
from generation.text.limits import limit_named, limit_value, unknown_limit_words

P = ParamSpec("P")
GroupT = TypeVar("GroupT", bound=CommandGroup)
_MANAGERS: Final = discord.Permissions(manage_guild=True)


def for_admins(
    command: Callable[Concatenate[GroupT, InteractionContext, P], Coroutine[Any, Any, None]],
) -> Callable[Concatenate[GroupT, discord.Interaction, P], Coroutine[Any, Any, None]]:
    """As :func:`in_server`, for admins only; other members get a refusal."""

    @in_server
    @functools.wraps(command)
    async def run(
        group: GroupT, context: InteractionContext, /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        # at every call: permissions may change while a member's app shows the command
        require_admin(context.interaction)
        await command(group, context, *args, **kwargs)

    return run


class AdminCommands(CommandGroup):
    """The command group for admins."""

    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(
            handler,
            name="flipbook-admin",
            description="Limits, channels and blocks of this server",
            # Discord shows the commands to managers only; a server can change that
            default_permissions=_MANAGERS,
        )
        self.add_command(_LimitCommands(handler))
        self.add_command(_ChannelCommands(handler))
        self.add_command(_BlockCommands(handler))
        self.add_command(_UnblockCommands(handler))

    @app_commands.command(description="Who changed what in this server")
    @for_admins
    async def audit(self, context: InteractionContext) -> None:
        """The last changes."""
        entries = await self.service.audit_of(context.server)
        await tell(context.interaction, lists.audit(entries))


class _LimitCommands(CommandGroup):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="limits", description="What members may make")

    @app_commands.command(description="Show the limits")
    @for_admins
    async def show(self, context: InteractionContext) -> None:
        """All limits."""
        limits = await self.service.limits_of(context.server)
        await tell(context.interaction, lists.limits_list(limits))

    @app_commands.command(description="Change one limit")
    @app_commands.describe(
        limit="Which one",
        value="A number, dollars, a size such as 512x512, or none; for quality: standard, turbo",
    )
    @app_commands.choices(limit=LIMITS)
    @for_admins
    async def set(self, context: InteractionContext, limit: str, value: LimitText) -> None:
        """One limit."""
        # a choice as a rule; but an old client, or a program, may send anything
        try:
            name = limit_named(limit)
        except ValueError:
            raise AccessDenied(unknown_limit_words(limit, DISCORD)) from None
        changes = {name.value: limit_value(name, value, DISCORD)}
        before = await self.service.limits_of(context.server)
        limits = await self.service.set_limits(context.server, changes, by=context.user)
        await tell(context.interaction, lists.changed_limit(limits, name, before=before))

    @app_commands.command(description="Go back to the operator's limits")
    @for_admins
    async def reset(self, context: InteractionContext) -> None:
        """The operator's defaults."""
        limits = await self.service.reset_limits(context.server, by=context.user)
        await tell(context.interaction, lists.limits_list(limits))


class _PolicyCommands(CommandGroup):
    async def change_policy(
        self, context: InteractionContext, change: Callable[[Policy], dict[str, frozenset[str]]]
    ) -> None:
        """Replace the fields of the server's policy that ``change`` returns, and show it whole."""
        policy = await self.service.policy_of(context.server)
        # model_copy would not validate the new values
        changed = Policy.model_validate({**policy.model_dump(), **change(policy)})
        saved = await self.service.set_policy(context.server, changed, by=context.user)
        await tell(context.interaction, lists.policy_list(saved, before=policy))


class _ChannelCommands(_PolicyCommands):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="channels", description="Where Flipbook answers")

    @app_commands.command(description="Show the channels and blocks")
    @for_admins
    async def show(self, context: InteractionContext) -> None:
        """The whole policy."""
        policy = await self.service.policy_of(context.server)
        await tell(context.interaction, lists.policy_list(policy))

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


class _BlockCommands(_PolicyCommands):
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


class _UnblockCommands(_PolicyCommands):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="unblock", description="Let members or words in again")

    @app_commands.command(description="Take a member's prompts again")
    @app_commands.describe(member="The member")
    @for_admins
    async def member(self, context: InteractionContext, member: discord.User) -> None:
        """Unblock a member."""
        unblocked = str(member.id)
        await self.change_policy(
            context, lambda policy: {"blocked_users": policy.blocked_users - {unblocked}}
        )

    @app_commands.command(description="Take prompts with a word again")
    @app_commands.describe(term="A word that was blocked before")
    @for_admins
    async def term(self, context: InteractionContext, term: Term) -> None:
        """Unblock a term."""
        await self.change_policy(
            context, lambda policy: {"blocked_terms": policy.without_term(term)}
        )
