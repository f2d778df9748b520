"""``/flipbook queue | history | show | cancel | quota | help``: for the eyes of one member."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from core_running import PROMPT
from doubles.generation.backend import ScriptedBackend
from doubles.slack import faults
from doubles.slack.server import SlackDouble
from doubles.slack.world import ADMIN, GENERAL, MIRA, NOAH, STUDIO
from generation.backends.circuit_breaker import CircuitBreaker, Trouble
from generation.domain.job import JobStatus
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from slack_bot import Bot, clips, public, running_bot


async def asked(bot: Bot, text: str, **how: str) -> str:
    """What ``/flipbook`` answers."""
    return await bot.told(await bot.double.slash("/flipbook", text, **how))


async def test_the_queue_shows_prompts_to_their_authors_only(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=ScriptedBackend(hold=asyncio.Event())) as bot:
        assert (await asked(bot, "queue")).startswith("Nothing is under way in this workspace.")
        await bot.animate("a secret of Mira", user=MIRA, channel=STUDIO)
        job = await bot.the_job()
        mine, theirs = await asked(bot, "queue", user=MIRA), await asked(bot, "queue", user=NOAH)
        bot.release()
        await bot.until_recorded()
    assert "a secret of Mira" in mine
    assert f"`{job.name}`" in mine
    assert theirs.splitlines()[1].endswith(f"<@{MIRA}>")
    assert "secret" not in theirs
    assert job.name not in theirs


async def test_the_queue_says_which_backend_is_in_trouble(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        now = bot.core.clock.now()
        bot.core.breakers["worker"] = CircuitBreaker().failed(Trouble.BUSY, now - timedelta(minutes=3), 600)
        trouble, nothing, _ = (await asked(bot, "queue")).splitlines()
    assert trouble == "⚠️ The worker is busy (for 3 min now); new clips wait."
    assert nothing.startswith("Nothing is under way in this workspace.")


async def test_history_lists_ones_own_clips(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert (await asked(bot, "history")).startswith("You have made no clips in this workspace yet.")
        await bot.clip("a fox &amp; a hen", user=MIRA)
        job = await bot.the_job()
        listed = (await asked(bot, "history")).splitlines()
        assert listed[1].startswith(f"• `{job.name}` · a fox &amp; a hen · Made <!date^")
        assert listed[1].endswith("|Go to its message>")
        assert (await asked(bot, "history", user=NOAH)).startswith("You have made no clips")


async def test_show_tells_everything_and_where_the_clip_is(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message = await bot.clip()
        job = await bot.the_job()
        told = (await asked(bot, f"show {job.id}")).splitlines()
    settings = "standard · 512×512 · 16 frames at 8 fps · 25 steps · guidance 7.5 · seed 1"
    assert told[1:3] == [f"> {PROMPT}", f"{settings} · `{job.name}`"]
    assert told[3].startswith(f"Ask for the same again: `/animate {PROMPT} --size 512x512 --frames 16")
    assert told[4] == f"<https://home.slack.com/archives/{GENERAL}/p{message.ts.replace('.', '')}|Go to its message>"


async def test_show_delivers_a_clip_again_whose_message_is_gone(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message = await bot.clip()
        job = await bot.the_job()
        await slack.fault(faults.MessageDeleted(GENERAL, message.ts))
        assert (await asked(bot, f"show {job.id}")).endswith("The clip is on its way to you in a direct message.")
        await bot.until_recorded(2)
        (again,) = clips(slack)
        direct = slack.home.dm_with(MIRA)
        assert direct is not None
        assert (again.channel, bot.bought) == (direct.id, 1)


@pytest.mark.parametrize(
    ("user", "channel", "sees"),
    [(MIRA, GENERAL, True), (NOAH, STUDIO, True), (NOAH, GENERAL, False), (ADMIN, GENERAL, True)],
    ids=["its author", "in its channel", "elsewhere", "an admin"],
)
async def test_prompts_stay_with_their_author_in_their_channel_and_with_admins(
    slack: SlackDouble, tmp_path: Path, user: str, channel: str, sees: bool
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip(user=MIRA, channel=STUDIO)
        job = await bot.the_job()
        told = await asked(bot, f"show {job.id}", user=user, channel=channel)
    assert (PROMPT in told, told == f"There is no clip {job.id} here.") == (sees, not sees)


@pytest.mark.parametrize("words", ["show", "show nonsense", "cancel <!channel>", "cancel ' OR 1=1", f"show {'0' * 24}"])
async def test_an_id_that_is_none_is_one_sentence(slack: SlackDouble, tmp_path: Path, words: str) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert (await asked(bot, words)).startswith(("There is no clip ", "There is no such clip"))
        assert "<!channel>" not in await asked(bot, words)


async def test_cancel_stops_ones_own_clip(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=ScriptedBackend(hold=asyncio.Event())) as bot:
        await bot.animate()
        await bot.until_status(JobStatus.RUNNING)
        job = await bot.the_job()
        denied = await asked(bot, f"cancel {job.id}", user=NOAH)
        assert denied == "Only whoever asked for the clip, or an admin, can do that."
        assert "is being cancelled" in await asked(bot, f"cancel {job.id}")
        await bot.until_recorded()
    assert clips(slack) == []


async def test_quota_counts_what_is_used(slack: SlackDouble, tmp_path: Path) -> None:
    rules = OperatorRules(backends=("worker",), default_limits=Limits(user_clips_per_day=5, server_clips_per_day=None))
    async with running_bot(slack, tmp_path, rules=rules) as bot:
        await bot.clip()
        told = (await asked(bot, "quota")).splitlines()
    assert told[:6] == [
        "*Yours*",
        "• clips today: *4* of 5 left",
        "• under way: *0* of 2",
        "*Of this workspace*",
        "• clips today: *1* made, without limit",
        "• under way: *0* of 20",
    ]
    assert told[-1].startswith("A new day starts <!date^")


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ("", "*Flipbook makes short clips from words.*"),
        ("help", "*Flipbook makes short clips from words.*"),
        ("HELP", "*Flipbook makes short clips from words.*"),
        (
            "dance <!here>",
            "There is no command “dance”. There are queue, history, show, cancel, quota, notify,",
        ),
        ("<!here>", "There is no command “&lt;!here&gt;”."),
    ],
)
async def test_other_words_are_explained(slack: SlackDouble, tmp_path: Path, words: str, begins: str) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert (await asked(bot, words)).startswith(begins)
        assert public(slack) == []
