"""``/flipbook-admin members|roles …``: who may make clips, and how many."""

import discord
from discord import app_commands

from adapters.discord.handlers.admin.guard import for_admins
from adapters.discord.handlers.admin.limits import chosen_limit
from adapters.discord.handlers.admin.policy import PolicyCommands
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from adapters.discord.handlers.options import MEMBER_LIMITS, LimitText
from adapters.discord.text.markup import DISCORD
from generation.rules.allow_lists import (
    EVERY_MEMBER,
    EVERY_ROLE,
    with_exempt_role,
    with_members,
    with_role,
    with_role_quota,
    without_members,
    without_role,
)
from generation.text.limits import limit_value


class AllowedMemberCommands(PolicyCommands):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="members", description="Which members may make clips")

    @app_commands.command(description="Show who may make clips, and who is blocked")
    @for_admins
    async def show(self, context: InteractionContext) -> None:
        """The whole policy."""
        await self.show_policy(context)

    @app_commands.command(description="Let this member make clips, and only those who are allowed")
    @app_commands.describe(member="The member")
    @for_admins
    async def allow(self, context: InteractionContext, member: discord.User) -> None:
        """Put a member on the list."""
        named = frozenset({str(member.id)})
        await self.change_policy(context, lambda policy: with_members(policy, named))

    @app_commands.command(description="Take a member off the list")
    @app_commands.describe(member="A member who was allowed before")
    @for_admins
    async def remove(self, context: InteractionContext, member: discord.User) -> None:
        """Take a member off the list."""
        named = frozenset({str(member.id)})
        await self.change_policy(context, lambda policy: without_members(policy, named))

    @app_commands.command(description="Let every member make clips")
    @for_admins
    async def everyone(self, context: InteractionContext) -> None:
        """Without a list."""
        await self.change_policy(context, lambda _policy: EVERY_MEMBER)


class RoleCommands(PolicyCommands):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="roles", description="What members may by their roles")

    @app_commands.command(description="Show the roles that have rules")
    @for_admins
    async def show(self, context: InteractionContext) -> None:
        """The whole policy."""
        await self.show_policy(context)

    @app_commands.command(description="Let this role make clips, and only those that are allowed")
    @app_commands.describe(role="The role")
    @for_admins
    async def allow(self, context: InteractionContext, role: discord.Role) -> None:
        """Put a role on the list."""
        await self.change_policy(context, lambda policy: with_role(policy, str(role.id)))

    @app_commands.command(description="Do not count this role; budgets and blocked words hold")
    @app_commands.describe(role="The role")
    @for_admins
    async def exempt(self, context: InteractionContext, role: discord.Role) -> None:
        """Free a role from the counts."""
        await self.change_policy(context, lambda policy: with_exempt_role(policy, str(role.id)))

    @app_commands.command(description="Give this role a limit of its own; the most generous counts")
    @app_commands.describe(role="The role", limit="Which limit", value="Its value, or none")
    @app_commands.choices(limit=MEMBER_LIMITS)
    @for_admins
    async def quota(
        self, context: InteractionContext, role: discord.Role, limit: str, value: LimitText
    ) -> None:
        """One limit of a role."""
        name = chosen_limit(limit)
        quota = {name.value: limit_value(name, value, DISCORD)}
        await self.change_policy(
            context, lambda policy: with_role_quota(policy, str(role.id), quota)
        )

    @app_commands.command(description="Forget every rule about this role")
    @app_commands.describe(role="The role")
    @for_admins
    async def remove(self, context: InteractionContext, role: discord.Role) -> None:
        """Without a rule of its own."""
        await self.change_policy(context, lambda policy: without_role(policy, str(role.id)))

    @app_commands.command(description="Forget every rule about roles, those that are gone too")
    @for_admins
    async def everyone(self, context: InteractionContext) -> None:
        """Without roles."""
        await self.change_policy(context, lambda _policy: EVERY_ROLE)
