"""A clip counts as delivered when a message shows it: Slack's "ok" alone proves nothing."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from doubles.slack import faults
from doubles.slack.server import SlackDouble
from doubles.slack.state import posting
from doubles.slack.state.workspaces import Message
from doubles.slack.world import GENERAL, MIRA
from slack_bot import Bot, buttons, clips, public, running_bot, words
from slack_outcomes import advancing, held, recorded, the_clip, under_way

NEVER = 10_000
UPDATE, COMPLETE = "chat.update", "files.completeUploadExternal"


async def delivered(bot: Bot, count: int = 1) -> None:
    """Until the outcome is recorded, while Slack's time passes."""
    bot.release()
    async with advancing(bot.double):
        await bot.until_recorded(count)


def every_word(slack: SlackDouble) -> str:
    return "\n".join(words(said) for said in slack.state().bot_messages() if not said.ephemeral_for)


async def test_a_file_with_an_alt_text_would_never_be_shown_so_no_clip_has_one(
    slack: SlackDouble, tmp_path: Path
) -> None:
    await slack.fault(faults.AltTextHidesFiles())
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await delivered(bot)
        assert the_clip(slack) is message
    assert slack.file(message.file_ids[0]).title != ""


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param([faults.FileNotShown(method=UPDATE)], id="ok, and no file"),
        pytest.param([faults.FileNotShown(method=UPDATE, access="access_denied")], id="access denied"),
        pytest.param([faults.FileNotShown(method=UPDATE, access="file_not_found")], id="file not found"),
        pytest.param([faults.AnswersError(UPDATE, "file_is_deleted")], id="file is deleted"),
        pytest.param([faults.AnswersError(UPDATE, "max_file_sharing_exceeded")], id="too many shares"),
        pytest.param([faults.AnswersError(UPDATE, "blocked_file_type")], id="blocked type"),
    ],
)
async def test_a_clip_that_an_edit_does_not_show_goes_into_the_thread_and_nowhere_else(
    slack: SlackDouble, tmp_path: Path, hidden: list[faults.Fault]
) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.wait_for(lambda: "step 1 of 4" in words(message))
        for fault in hidden:
            await slack.fault(fault)
        await delivered(bot)
        clip = the_clip(slack)
        assert (clip.thread_ts, message.file_ids) == (message.ts, [])
        assert "The clip is in its thread." in words(message)
        assert await recorded(bot) == bot.ref(clip)
        assert bot.bought == 1
    assert [file.id for file in slack.home.files.values() if not file.deleted] == clip.file_ids


@pytest.mark.parametrize("hidden", [0, 1, 2, 3], ids=["thread", "channel", "direct", "nowhere"])
async def test_each_step_counts_only_when_its_share_has_been_seen(
    slack: SlackDouble, tmp_path: Path, hidden: int
) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.wait_for(lambda: "step 1 of 4" in words(message))
        await slack.fault(faults.FileNotShown(method=UPDATE))
        if hidden:
            await slack.fault(faults.FileNotShown(method=COMPLETE, times=hidden))
        await delivered(bot)
        direct = slack.home.dm_with(MIRA)
        seen = [(clip.channel, clip.thread_ts, buttons(clip)) for clip in clips(slack)]
        buttoned = ["v1:reroll", "v1:edit", "v1:other_quality", "v1:settings", "v1:more"]
        assert (
            seen
            == [
                [(GENERAL, message.ts, buttoned)],
                [(GENERAL, None, buttoned)],
                [(direct and direct.id, None, buttoned)],
                [],
            ][hidden]
        )
        told = (
            "📭 The clip is made, but it could not be posted here: Slack took the clip but does not show it. It is "
            f"kept: `/flipbook show #{(await bot.the_job()).number}` sends it again."
        )
        assert (told in every_word(slack)) == (hidden == 3)
        assert bot.bought == 1


async def by_command(bot: Bot, _first: Message) -> None:
    await bot.double.slash("/animate", "a fox")


async def by_mention(bot: Bot, _first: Message) -> None:
    await bot.double.mention("animate a fox")


async def by_mention_in_a_thread(bot: Bot, first: Message) -> None:
    await bot.double.mention("animate a fox", thread_ts=first.ts)


async def by_direct_message(bot: Bot, _first: Message) -> None:
    alone = posting.direct_channel(bot.double.platform, bot.double.home, MIRA)
    await bot.double.say("animate a fox", alone.id)


async def by_button(bot: Bot, first: Message) -> None:
    await bot.double.click(first, "v1:reroll")


async def by_other_quality(bot: Bot, first: Message) -> None:
    await bot.double.click(first, "v1:other_quality")


async def by_reaction(bot: Bot, first: Message) -> None:
    await bot.double.react(first.channel, first.ts, "repeat")


@pytest.mark.parametrize(
    "ask",
    [
        by_command,
        by_mention,
        by_mention_in_a_thread,
        by_direct_message,
        by_button,
        by_other_quality,
        by_reaction,
    ],
    ids=lambda ask: ask.__name__,
)
async def test_the_share_is_looked_for_however_a_clip_was_asked_for(
    slack: SlackDouble, tmp_path: Path, ask: Callable[[Bot, Message], Awaitable[None]]
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip()
        await slack.fault(faults.FileNotShown(method=UPDATE))
        await ask(bot, first)
        await delivered(bot, 2)
        (clip,) = [each for each in clips(slack) if each is not first]
        said = next(each for each in slack.state().bot_messages() if "The clip is in its thread." in words(each))
        assert (clip.channel, clip.thread_ts) == (said.channel, said.thread_ts or said.ts)
        assert said.file_ids == []
        assert bot.bought == 2


@pytest.mark.parametrize("lag", [1, 3, 4])
async def test_a_share_that_is_listed_late_is_waited_for(slack: SlackDouble, tmp_path: Path, lag: int) -> None:
    await slack.fault(faults.FilesInfoLags(lag))
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await delivered(bot)
        assert public(slack) == [message] == [the_clip(slack)]
    assert len(slack.calls("files.info")) == lag + 1


async def test_a_clip_that_slack_never_finishes_looking_at_ends_with_words_and_is_kept(
    slack: SlackDouble, tmp_path: Path
) -> None:
    await slack.fault(faults.FilesInfoLags(None))
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        await under_way(bot)
        await delivered(bot)
        job = await bot.the_job()
        said = every_word(slack)
    assert clips(slack) == []
    assert (
        "📭 The clip is made, but it could not be posted here: Slack is still looking at the clip. It is kept: "
        f"`/flipbook show {job.name}` sends it again."
    ) in said
    assert len(slack.calls("files.info")) < 250, "the looks are bounded"


async def test_the_right_message_is_seen_among_several_that_show_the_file(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.fault(faults.FilesInfoLags(2))
        bot.release()
        await slack.wait_for(lambda: message.file_ids)
        elsewhere = posting.post(slack.platform, slack.home, slack.home.channels[GENERAL], MIRA, text="look at this")
        slack.file(message.file_ids[0]).shares.insert(0, (GENERAL, elsewhere.ts))
        async with advancing(slack):
            await bot.until_recorded()
        assert await recorded(bot) == bot.ref(message)
    assert len(slack.home.files) == 1


async def test_after_two_edits_that_showed_nothing_clips_go_straight_into_threads_for_a_day(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        for number in (1, 2, 3):
            if number < 3:
                await slack.fault(faults.FileNotShown(method=UPDATE))
            await bot.animate(f"fox {number}")
            await delivered(bot, number)
        with_files = [call for call in slack.calls(UPDATE) if call.request.get("file_ids")]
        assert len(with_files) == 2
        assert [clip.thread_ts is not None for clip in clips(slack)] == [True] * 3

        slack.clock.advance(24 * 3600 + 60)
        again = await bot.animate("fox 4")
        await delivered(bot, 4)
        assert again.file_ids != []


async def test_where_the_app_may_not_look_an_ok_is_all_that_can_be_known(slack: SlackDouble, tmp_path: Path) -> None:
    slack.home.tokens.scopes.remove("files:read")
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await delivered(bot)
        assert public(slack) == [message] == [the_clip(slack)]
