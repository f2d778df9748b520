"""Ephemeral responses: only the member who acted sees them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import discord
import structlog

from adapters.discord.errors import ALREADY_ANSWERED, NETWORK
from adapters.discord.text.layout import NO_MENTIONS

ANSWERS_BY_ITSELF: Final = "answers by itself"
"""In an interaction's ``extras``: its handler defers the response as it needs it."""


@asynccontextmanager
async def answered_in_time(interaction: discord.Interaction, seconds: float) -> AsyncIterator[None]:
    """Defer the response, privately, when the block has not responded after that time: Discord
    takes a first response within three seconds, and a slow answer is still one."""
    deferring: list[asyncio.Task[None]] = []

    def begin() -> None:
        if not interaction.response.is_done() and ANSWERS_BY_ITSELF not in interaction.extras:
            deferring.append(asyncio.create_task(defer_privately(interaction)))

    timer = asyncio.get_running_loop().call_later(seconds, begin)
    try:
        yield
    finally:
        timer.cancel()
        if deferring:
            await asyncio.wait(deferring)


async def defer_privately(interaction: discord.Interaction) -> None:
    """Show that the answer will come, unless there is a response already; an error is logged
    only."""
    if interaction.response.is_done():
        return
    try:
        await interaction.response.defer(ephemeral=True, thinking=True)
    except (discord.DiscordException, *NETWORK) as error:
        structlog.get_logger("flipbook.discord").info(
            "a response could not be deferred", error=type(error).__name__
        )


async def refuse(
    interaction: discord.Interaction, text: str, view: discord.ui.View | None = None
) -> None:
    """Tell the member; a public deferred response is deleted first."""
    # Discord settles with the deferral who sees the response, and a refusal is private
    if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        with suppress(discord.DiscordException, *NETWORK):
            await interaction.delete_original_response()
    await tell(interaction, text, view)


async def tell(
    interaction: discord.Interaction,
    text: str,
    view: discord.ui.View | None = None,
    file: discord.File | None = None,
) -> None:
    """Send an ephemeral text with buttons, as first response or as a followup; an error is logged
    only."""
    missing = discord.utils.MISSING
    buttons, attached = view or missing, file or missing
    try:
        # Discord takes one first response; whatever comes later is a followup
        if interaction.response.is_done() or not await _responded(
            interaction, text, buttons, attached
        ):
            await interaction.followup.send(
                text, view=buttons, file=attached, ephemeral=True, allowed_mentions=NO_MENTIONS
            )
    except (discord.DiscordException, *NETWORK) as error:
        structlog.get_logger("flipbook.discord").info(
            "an ephemeral response could not be sent", error=type(error).__name__
        )


async def _responded(
    interaction: discord.Interaction, text: str, view: discord.ui.View, file: discord.File
) -> bool:
    """Send the first response; False where there is one by now."""
    try:
        await interaction.response.send_message(
            text, view=view, file=file, ephemeral=True, allowed_mentions=NO_MENTIONS
        )
    except discord.InteractionResponded:
        return False
    except discord.HTTPException as error:
        # it was deferred while this was on its way
        if error.code != ALREADY_ANSWERED:
            raise
        return False
    return True
