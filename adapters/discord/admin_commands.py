"""``/flipbook-admin …``: limits, channels and blocks, for who manages the server; checked here, not only by Discord."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import discord
from discord import app_commands

from adapters.discord import lists
from adapters.discord.first_answer import tell
from adapters.discord.options import LIMITS, Channel, LimitText, Term
from adapters.discord.reception import Reception, Visit
from generation.limit_words import limit_value, limit_words
from generation.limits import LimitName
from generation.policy import Policy
from generation.wording import limit_label

ADMINS_ONLY: Final = "Only members with the permission **Manage Server** can do that."
_MANAGERS: Final = discord.Permissions(manage_guild=True)


class Office:
    """Where admins are received."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self.service = reception.service

    @asynccontextmanager
    async def visit(self, interaction: discord.Interaction) -> AsyncIterator[Visit | None]:
        """An admin's visit; None for anybody else, who has been told."""
        async with self._reception.visit(interaction) as visit:
            refused = visit is not None and not visit.is_admin
            if refused:
                await tell(interaction, ADMINS_ONLY)
            yield None if refused else visit

    async def change_policy(self, visit: Visit, change: Callable[[Policy], dict[str, frozenset[str]]]) -> None:
        """Change one of the server's rules and show them all."""
        server = visit.channel.server
        policy = await self.service.policy_of(server)
        changed = Policy.model_validate({**policy.model_dump(), **change(policy)})
        await tell(visit.interaction, lists.policy_list(await self.service.set_policy(server, changed, by=visit.user)))


class AdminCommands(app_commands.Group):
    """The command group of admins."""

    def __init__(self, reception: Reception) -> None:
        super().__init__(
            name="flipbook-admin",
            description="Limits, channels and blocks of this server",
            default_permissions=_MANAGERS,
        )
        office = Office(reception)
        self._office = office
        for group in (
            _LimitCommands(office),
            _ChannelCommands(office),
            _BlockCommands(office),
            _UnblockCommands(office),
        ):
            self.add_command(group)

    @app_commands.command(description="Who changed what in this server")
    async def audit(self, interaction: discord.Interaction) -> None:
        """The last changes."""
        async with self._office.visit(interaction) as visit:
            if visit is not None:
                await tell(interaction, lists.audit(await self._office.service.audit_of(visit.channel.server)))


class _LimitCommands(app_commands.Group):
    def __init__(self, office: Office) -> None:
        super().__init__(name="limits", description="What members may make")
        self._office = office

    @app_commands.command(description="Show the limits")
    async def show(self, interaction: discord.Interaction) -> None:
        """All limits."""
        async with self._office.visit(interaction) as visit:
            if visit is not None:
                limits = await self._office.service.limits_of(visit.channel.server)
                await tell(interaction, lists.limits_list(limits))

    @app_commands.command(description="Change one limit")
    @app_commands.describe(limit="Which one", value="A number, dollars, or none; for endpoints: standard, turbo")
    @app_commands.choices(limit=LIMITS)
    async def set(self, interaction: discord.Interaction, limit: str, value: LimitText) -> None:
        """One limit."""
        async with self._office.visit(interaction) as visit:
            if visit is None:
                return
            name = LimitName(limit)
            changes = {name.value: limit_value(name, value)}
            limits = await self._office.service.set_limits(visit.channel.server, changes, by=visit.user)
            await tell(interaction, f"From now on: {limit_label(name)}: **{limit_words(limits, name)}**.")

    @app_commands.command(description="Go back to the operator's limits")
    async def reset(self, interaction: discord.Interaction) -> None:
        """The defaults."""
        async with self._office.visit(interaction) as visit:
            if visit is not None:
                limits = await self._office.service.reset_limits(visit.channel.server, by=visit.user)
                await tell(interaction, lists.limits_list(limits))


class _ChannelCommands(app_commands.Group):
    def __init__(self, office: Office) -> None:
        super().__init__(name="channels", description="Where Flipbook answers")
        self._office = office

    @app_commands.command(description="Show the channels and blocks")
    async def show(self, interaction: discord.Interaction) -> None:
        """All rules."""
        async with self._office.visit(interaction) as visit:
            if visit is not None:
                policy = await self._office.service.policy_of(visit.channel.server)
                await tell(interaction, lists.policy_list(policy))

    @app_commands.command(description="Answer in this channel; others only if they are added too")
    @app_commands.describe(channel="The channel; its threads are included")
    async def add(self, interaction: discord.Interaction, channel: Channel) -> None:
        """One more channel."""
        await self._change(interaction, lambda policy: policy.channels | {str(channel.id)})

    @app_commands.command(description="Answer in this channel no longer")
    @app_commands.describe(channel="A channel that was added before")
    async def remove(self, interaction: discord.Interaction, channel: Channel) -> None:
        """One channel less."""
        await self._change(interaction, lambda policy: policy.channels - {str(channel.id)})

    @app_commands.command(description="Answer in every channel")
    async def everywhere(self, interaction: discord.Interaction) -> None:
        """No rule on channels."""
        await self._change(interaction, lambda _policy: frozenset())

    async def _change(self, interaction: discord.Interaction, change: Callable[[Policy], frozenset[str]]) -> None:
        async with self._office.visit(interaction) as visit:
            if visit is not None:
                await self._office.change_policy(visit, lambda policy: {"channels": change(policy)})


class _BlockCommands(app_commands.Group):
    def __init__(self, office: Office) -> None:
        super().__init__(name="block", description="Keep members or words out")
        self._office = office

    @app_commands.command(description="Take no more wishes from a member")
    @app_commands.describe(member="The member")
    async def member(self, interaction: discord.Interaction, member: discord.User) -> None:
        """One member more."""
        async with self._office.visit(interaction) as visit:
            if visit is not None:
                await self._office.change_policy(
                    visit, lambda policy: {"blocked_users": policy.blocked_users | {str(member.id)}}
                )

    @app_commands.command(description="Take no more prompts with a word")
    @app_commands.describe(term="The word or words, whatever their case")
    async def term(self, interaction: discord.Interaction, term: Term) -> None:
        """One term more."""
        async with self._office.visit(interaction) as visit:
            if visit is not None:
                await self._office.change_policy(
                    visit, lambda policy: {"blocked_terms": policy.blocked_terms | {term.strip()}}
                )


class _UnblockCommands(app_commands.Group):
    def __init__(self, office: Office) -> None:
        super().__init__(name="unblock", description="Let members or words in again")
        self._office = office

    @app_commands.command(description="Take a member's wishes again")
    @app_commands.describe(member="The member")
    async def member(self, interaction: discord.Interaction, member: discord.User) -> None:
        """One member less."""
        async with self._office.visit(interaction) as visit:
            if visit is not None:
                await self._office.change_policy(
                    visit, lambda policy: {"blocked_users": policy.blocked_users - {str(member.id)}}
                )

    @app_commands.command(description="Take prompts with a word again")
    @app_commands.describe(term="A word that was blocked before")
    async def term(self, interaction: discord.Interaction, term: Term) -> None:
        """One term less."""
        async with self._office.visit(interaction) as visit:
            if visit is not None:
                await self._office.change_policy(
                    visit, lambda policy: {"blocked_terms": policy.blocked_terms - {term.strip()}}
                )
