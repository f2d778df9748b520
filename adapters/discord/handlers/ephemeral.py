"""Ephemeral responses: only the member who acted sees them."""

from contextlib import suppress

import discord
import structlog

from adapters.discord.errors import NETWORK
from adapters.discord.text.layout import NO_MENTIONS


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
    interaction: discord.Interaction, text: str, view: discord.ui.View | None = None
) -> None:
    """Send an ephemeral text with buttons, as first response or as a followup; an error is logged
    only."""
    buttons = discord.utils.MISSING if view is None else view
    try:
        # Discord takes one first response; whatever comes later is a followup
        if interaction.response.is_done():
            await interaction.followup.send(
                text, view=buttons, ephemeral=True, allowed_mentions=NO_MENTIONS
            )
        else:
            await interaction.response.send_message(
                text, view=buttons, ephemeral=True, allowed_mentions=NO_MENTIONS
            )
    except (discord.DiscordException, *NETWORK) as error:
        structlog.get_logger("flipbook.discord").info(
            "an ephemeral response could not be sent", error=type(error).__name__
        )
