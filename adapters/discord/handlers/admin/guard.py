"""Admins only: checked here too, not only by Discord."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

import discord

from adapters.discord.handlers.access import require_admin
from adapters.discord.handlers.interactions import (
    CommandGroup,
    InteractionContext,
    in_server,
)

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

    return run
