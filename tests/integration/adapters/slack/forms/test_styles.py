"""Prompt styles on Slack: a flag, shown beside the prompt, changed by admins only."""

from pathlib import Path

from doubles.slack.server import SlackDouble
from doubles.slack.world import ADMIN, MIRA
from slack_bot import Bot, running_bot, words


async def told(bot: Bot, text: str, user: str = ADMIN) -> str:
    return await bot.told(await bot.double.slash("/flipbook", f"admin styles {text}", user=user))


async def test_a_style_is_a_flag_and_shown_beside_the_prompt(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message = await bot.clip("a fox --style pixel-art --seed 5")
        job = await bot.the_job()
        assert (job.request.prompt, job.style and job.style.name) == ("a fox", "pixel art")
        assert " · style: pixel art · " in words(message)
        assert bot.backend.submissions[0][1].prompt == job.sent_request.prompt
        shown = await bot.told(await slack.slash("/flipbook", f"show {job.id}"))
        assert "--style pixel-art" in shown
        refused = await slack.slash("/animate", "a fox --style dance")
        assert refused.ack is not None
        said = str(refused.ack.payload["text"])
        assert said.startswith("There is no style 'dance' here. The styles are: anime, film, pixel-art, ")


async def test_admins_add_change_and_remove_styles(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        said = await told(bot, 'add Night  Film prefix="film, <noir>" no=colours quality=turbo')
        assert said == "*night film* · before the prompt: film, &lt;noir&gt; · to avoid: colours · quality: turbo"
        assert await told(bot, "add night-film prefix=x") == "name must be one that no style has yet, not 'night-film'."
        assert await told(bot, "edit night film no=- quality=none size=square_hd") == (
            "*night film* · before the prompt: film, &lt;noir&gt; · size: square_hd"
        )
        assert (await told(bot, "edit night film colour=red")).startswith("part must be name, prefix, suffix, no, ")
        assert (await told(bot, "list")).startswith("*Styles of this workspace*\n• *anime* · ")
        assert (await told(bot, "remove Night-Film")).startswith("The style *Night-Film* is no longer offered.")
        assert (await told(bot, "remove night film")).startswith("There is no style ")
        await told(bot, "reset")
        assert await told(bot, "reset", MIRA) == (
            "Only admins of this workspace, and those named by the bot's operator, can do that."
        )
