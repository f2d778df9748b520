"""hikari shares no code with discord.py: what both accept of the double is less likely to be our own mistake."""

import asyncio

import hikari
import pytest

from doubles.discord.server import DiscordDouble

pytest_plugins = ["doubles.discord.fixtures"]


@pytest.fixture
def seen() -> asyncio.Queue[tuple[str, object]]:
    return asyncio.Queue()


@pytest.fixture
async def bot(discord_double: DiscordDouble, seen: asyncio.Queue[tuple[str, object]]):
    """A small hikari bot: answers every command with a file, reports reactions."""
    bot = hikari.GatewayBot(
        discord_double.token,
        rest_url=discord_double.api_url,
        banner=None,
        logs=None,
        intents=hikari.Intents.ALL_UNPRIVILEGED,
    )

    @bot.listen()
    async def on_interaction(event: hikari.InteractionCreateEvent) -> None:
        interaction = event.interaction
        assert isinstance(interaction, hikari.CommandInteraction)
        await interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_CREATE)
        message = await interaction.edit_initial_response("done", attachment=hikari.Bytes(b"\0" * 500, "clip.mp4"))
        await seen.put(("edited", message.attachments[0].size))

    @bot.listen()
    async def on_reaction(event: hikari.GuildReactionAddEvent) -> None:
        await seen.put(("reaction", str(event.emoji_name)))

    async with asyncio.timeout(40):
        await bot.start(check_for_updates=False)
    yield bot
    await bot.close()


async def test_an_independent_client_accepts_the_double(discord_double, bot, seen):
    app = await bot.rest.fetch_application()
    await bot.rest.set_application_commands(app.id, [bot.rest.slash_command_builder("animate", "a clip")])
    asked = await discord_double.slash("animate")
    assert await asyncio.wait_for(seen.get(), 5) == ("edited", 500)
    assert asked.shown is not None
    assert await discord_double.download(asked.shown.attachments[0]) == b"\0" * 500
    await discord_double.react(asked.shown, "🔁")
    assert await asyncio.wait_for(seen.get(), 5) == ("reaction", "🔁")
