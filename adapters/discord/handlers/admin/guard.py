"""Admins only: checked here too, not only by Discord. They read what the log channel could not
take."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

import discord

from adapters.discord.handlers.access import require_admin
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import (
    CommandGroup,
    InteractionContext,
    in_server,
)
from adapters.discord.text import admin

P = ParamSpec("P")
GroupT = TypeVar("GroupT", bound=CommandGroup)


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
        await _tell_held(group, context)

    return run


def for_admins_and_operators(
    command: Callable[Concatenate[GroupT, InteractionContext, P], Coroutine[Any, Any, None]],
) -> Callable[Concatenate[GroupT, discord.Interaction, P], Coroutine[Any, Any, None]]:
    """As :func:`for_admins`, for the bot's operators too, in any server."""

    @in_server
    @functools.wraps(command)
    async def run(
        group: GroupT, context: InteractionContext, /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        if not group.service.is_operator(context.user):
            require_admin(context.interaction)
        await command(group, context, *args, **kwargs)

    return run


async def _tell_held(group: CommandGroup, context: InteractionContext) -> None:
    """After the answer, what waited for an admin."""
    for notice in await group.service.take_held_notices(context.server):
        await tell(context.interaction, admin.held(notice))
