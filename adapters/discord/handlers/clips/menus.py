"""Message menus: what the buttons do, on every message of the bot, old ones too."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import app_commands

from adapters.discord.handlers.access import AccessDenied
from adapters.discord.handlers.clips.reporting import ask_for_report
from adapters.discord.handlers.clips.show import show_settings
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from adapters.discord.ids import parse_custom_id
from adapters.discord.refs import message_ref
from adapters.discord.text import render
from generation.domain.job import JobId

Act = Callable[[InteractionHandler, InteractionContext, JobId], Awaitable[None]]


async def reroll(handler: InteractionHandler, context: InteractionContext, job_id: JobId) -> None:
    """The same request with a new seed."""
    await handler.make_from(context, job_id, handler.service.reroll)


def clip_menus(handler: InteractionHandler) -> list[app_commands.ContextMenu]:
    """Discord's library takes five of them."""
    return [
        _menu(handler, "Re-roll", reroll),
        _menu(handler, "Clip settings", show_settings),
        _menu(handler, "Report to admins", ask_for_report),
    ]


def _menu(handler: InteractionHandler, name: str, act: Act) -> app_commands.ContextMenu:
    async def chosen(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        async def run(context: InteractionContext) -> None:
            await act(handler, context, await _job_of(handler, context, message))

        await handler.handle(interaction, run)

    return app_commands.ContextMenu(name=name, callback=chosen)


async def _job_of(
    handler: InteractionHandler, context: InteractionContext, message: discord.Message
) -> JobId:
    """The job that a message shows, by our table, else by its buttons. Raises AccessDenied."""
    if message.author.id != context.interaction.application_id:
        raise AccessDenied(render.NO_CLIP_OF_OURS)
    shown = message_ref(int(context.server.id), message.channel.id, message.id)
    job = await handler.service.job_of_message(shown)
    if job is not None:
        return job.id
    for row in message.components:
        for item in getattr(row, "children", []):
            if found := parse_custom_id(str(getattr(item, "custom_id", ""))):
                return found[1]
    raise AccessDenied(render.NO_CLIP_OF_OURS)
