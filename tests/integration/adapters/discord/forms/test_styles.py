"""Prompt styles on Discord: chosen while typing, shown beside the prompt, changed by admins only."""

from discord_bot import Bot
from generation.rules.forms.styles import starter_styles


async def test_a_style_is_offered_while_it_is_typed_and_shown_beside_the_prompt(bot: Bot) -> None:
    offered = await bot.double.autocomplete("animate", "style", "PIXEL_a")
    assert offered == [{"name": "pixel art", "value": "pixel art"}]
    assert len(await bot.double.autocomplete("animate", "style", "")) == len(starter_styles().names)
    message = await bot.clip(style="Pixel-Art", prompt="a fox")
    assert "> a fox\n" in message.content
    assert " · style: pixel art · " in message.content
    job = await bot.the_job()
    assert (job.request.prompt, bot.backend.submissions[0][1].prompt) == ("a fox", job.sent_request.prompt)


async def test_an_unknown_style_is_refused_with_those_there_are(bot: Bot) -> None:
    answer = await bot.animate(style="dance")
    assert answer.ephemeral
    assert answer.content.startswith("There is no style 'dance' here. The styles are: anime, film, pixel art")
    assert bot.bought == 0


async def test_admins_add_change_and_remove_styles(bot: Bot) -> None:
    said = await bot.ask_as_admin("styles add", name="Night  Film", prefix="film *noir*", quality="turbo")
    assert said.content == r"**night film** · before the prompt: film \*noir\* · quality: turbo"
    again = await bot.ask_as_admin("styles add", name="night-film", prefix="x")
    assert again.content == "name must be one that no style has yet, not 'night-film'."
    said = await bot.ask_as_admin("styles edit", style="night film", quality="-", suffix="rain")
    assert said.content == r"**night film** · before the prompt: film \*noir\* · after the prompt: rain"
    assert (await bot.ask_as_admin("styles list")).content.startswith("**Styles of this server**\n- **anime** · ")
    await bot.ask_as_admin("styles remove", style="night film")
    assert await bot.double.autocomplete("animate", "style", "night") == []
    assert (await bot.ask_as_admin("styles remove", style="night film")).content.startswith("There is no style ")
    await bot.ask_as_admin("styles reset")
    assert "added the style night film" in (await bot.ask_as_admin("audit")).content


async def test_members_cannot_change_styles(bot: Bot) -> None:
    sent = await bot.double.slash("flipbook-admin styles reset", force=True)
    answer = await bot.double.wait_for_reply(sent)
    assert answer.content == "Only members with the permission **Manage Server** can do that."
