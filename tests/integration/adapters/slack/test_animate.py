"""From ``/animate`` to the clip in the channel, over sockets and over signed HTTP."""

import asyncio
import itertools
from pathlib import Path

import pytest

from adapters.slack.commands import FLAGS
from core_running import PROMPT
from doubles.generation.backend import ScriptedBackend, tiny_mp4
from doubles.slack.server import SlackDouble
from doubles.slack.world import ADMIN, DM, GENERAL, MIRA, NOAH, STUDIO
from factories import PASTED
from fixtures.blanks import BLANKS
from generation.domain.job import JobStatus
from generation.domain.parsing import allowed
from generation.domain.refs import ChannelRef, Platform, ServerRef, UserRef
from generation.protocol.request import Endpoint
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from slack_bot import MADE, SlackTiming, SlowStore, buttons, clips, public, running_bot, words


@pytest.mark.parametrize("over_http", [False, True], ids=["socket", "http"])
async def test_a_command_becomes_one_message_that_ends_with_its_clip(
    slack: SlackDouble, tmp_path: Path, over_http: bool
) -> None:
    async with running_bot(slack, tmp_path, over_http=over_http) as bot:
        message = await bot.clip()
        assert slack.file(message.file_ids[0]).content == tiny_mp4()
        assert public(slack) == [message] == clips(slack)
        job = await bot.the_job()
        names = bot.core.service.names
        assert names.name_of(job.requested_by) == slack.home.users[MIRA].name
        assert names.name_of(job.channel) == slack.home.channels[job.channel.id].name
        assert names.name_of(job.channel.server) is not None
    assert bot.bought == 1
    assert PROMPT in words(message)
    assert "*Done*" in words(message)
    assert buttons(message) == MADE
    assert message.metadata == {"event_type": "flipbook_job", "event_payload": {"job_id": job.id, "part": "status"}}
    assert (slack.file(message.file_ids[0]).title, slack.file(message.file_ids[0]).alt_text) == (PROMPT, "")


async def test_the_message_shows_queue_then_rendering_then_the_clip(slack: SlackDouble, tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with running_bot(slack, tmp_path, backend=backend) as bot:
        message = await bot.animate()
        assert "*Queued, next*" in words(message)
        assert buttons(message) == ["v1:cancel"]
        await bot.until_opened(message)
        await bot.until_status(JobStatus.RUNNING)
        slack.clock.advance(3.0)
        await slack.wait_for(lambda: "step 1 of 4" in words(message))
        assert "`███░░░░░░░░░` 25% · *Rendering, step 1 of 4*" in words(message)
        bot.release()
        await bot.delivered(message)
    assert [len(preview.file_ids) for preview in message.revisions][-2:] == [0, 1]


async def test_flags_reach_the_request_as_they_were_written(slack: SlackDouble, tmp_path: Path) -> None:
    text = "the fox’s den —turbo —size 640x384 --frames 24 --fps 12 --steps 6 --guidance 2.5 --motion zoom-in,pan-left"
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip(f"{text} --seed 42 --no “blurry, text”")
        ((_, request),) = bot.backend.submissions
    assert request.prompt == "the fox's den"
    assert request.endpoint is Endpoint.TURBO
    assert request.pixels == (640, 384)
    assert (request.num_frames, request.fps, request.num_inference_steps) == (24, 12, 6)
    assert (request.guidance_scale, request.seed, request.negative_prompt) == (2.5, 42, "blurry, text")
    assert [motion.value for motion in request.motions] == ["zoom-in", "pan-left"]


@pytest.mark.parametrize(("prompt", "left_out"), PASTED.items())
async def test_what_the_clip_is_made_without_is_said(
    slack: SlackDouble, tmp_path: Path, prompt: str, left_out: str
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message = await bot.clip(text=prompt)
        assert f" · left out of the prompt: {left_out} · " in words(message)
        assert (await bot.the_job()).request.prompt == prompt


async def test_the_job_belongs_to_who_asked_where_they_asked(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip(user=NOAH, channel=STUDIO)
        job = await bot.the_job()
    assert job.requested_by == UserRef(Platform.SLACK, NOAH)
    assert job.channel == ChannelRef(ServerRef(Platform.SLACK, slack.home.team), STUDIO)


async def test_a_direct_message_with_the_bot_is_a_channel_like_any_other(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message = await bot.clip(channel=DM)
    assert (message.channel, clips(slack)) == (DM, [message])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('a fox --no "text', "A quotation mark is opened and never closed. Close it, or leave it out."),
        ("a fox --frames 99", "--frames must be a whole number from 1 to 32, not '99'."),
        (
            "a fox --hd",
            f"There is no flag --hd. The flags are {', '.join(flag.name for flag in FLAGS)}.",
        ),
        ("x" * 2001, "prompt must be 1 to 2,000 characters without control characters, not 2,001 characters."),
        ("--turbo", "prompt must be 1 to 2,000 characters without control characters, not 0 characters."),
        ("\u200b\u2060", "prompt must be 1 to 2,000 characters without control characters, not 0 characters."),
        (
            "a --size <!here>",
            f"--size must be {allowed('video_size')}, not '@here'.",
        ),
    ],
)
async def test_what_cannot_be_read_is_one_sentence_for_one_person(
    slack: SlackDouble, tmp_path: Path, text: str, sentence: str
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        asked = await slack.slash("/animate", text)
        assert asked.ack is not None
        assert (asked.ack.payload["text"], asked.ack.payload["response_type"]) == (sentence, "ephemeral")
        assert (public(slack), await bot.jobs()) == ([], [])


@pytest.mark.parametrize("prompt", BLANKS, ids=ascii)
async def test_a_prompt_that_shows_nothing_is_empty(slack: SlackDouble, tmp_path: Path, prompt: str) -> None:
    async with running_bot(slack, tmp_path) as bot:
        asked = await slack.slash("/animate", f"{prompt} --turbo")
        assert asked.ack is not None
        assert asked.ack.payload["text"].startswith("prompt must be 1 to 2,000 characters")
        assert (public(slack), await bot.jobs()) == ([], [])


async def test_asked_for_help_the_command_explains_itself(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        told = await bot.told(await slack.slash("/animate", " help "))
    assert "--motion zoom-in,pan-left" in told
    assert "landscape_16_9" in told


@pytest.mark.parametrize(
    ("limits", "text", "sentence"),
    [
        (
            Limits(max_frames=8),
            "a fox --frames 16",
            "This workspace allows at most 8 frames per clip; you asked for 16.",
        ),
        (
            Limits(user_clips_per_day=0),
            "a fox",
            "This workspace allows its members no clips.",
        ),
    ],
)
async def test_a_limit_is_refused_by_name_and_nothing_is_bought(
    slack: SlackDouble, tmp_path: Path, limits: Limits, text: str, sentence: str
) -> None:
    async with running_bot(slack, tmp_path, rules=OperatorRules(backends=("worker",), default_limits=limits)) as bot:
        assert (await bot.told(await slack.slash("/animate", text))).startswith(sentence)
        assert (public(slack), await bot.jobs(), bot.bought) == ([], [], 0)


async def test_a_prompt_notifies_no_one_and_links_nowhere(slack: SlackDouble, tmp_path: Path) -> None:
    prompt = "&lt;!channel&gt; @here <https://evil.example|click> a fox & \u202egnp.exe *bold* \u200bzero"
    async with running_bot(slack, tmp_path) as bot:
        message = await bot.clip(prompt)
        (posted, *_) = slack.calls("chat.postMessage")
    assert "&lt;!channel&gt; @here click a fox &amp; gnp.exe *bold* zero" in words(message)
    assert posted.request["unfurl_links"] is posted.request["unfurl_media"] is False
    assert {"link_names", "parse", "reply_broadcast"} & set(posted.request) == set()


async def test_a_prompt_of_two_thousand_ampersands_fits_everywhere(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message = await bot.clip("&amp;" * 2000)
        ((_, request),) = bot.backend.submissions
    assert request.prompt == "&" * 2000
    assert len(words(message)) < 3500


async def test_a_slow_database_is_acknowledged_in_time_and_the_clip_still_comes(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path, timing=SlackTiming(ack=0.05), around=SlowStore) as bot:
        bot.core.store.gate.clear()
        asked = await slack.slash("/animate", PROMPT)
        assert asked.ack is not None
        assert (asked.ack.payload, public(slack)) == (None, [])
        bot.core.store.gate.set()
        await bot.delivered(await slack.wait_for_message(lambda said: PROMPT in said.text))
    assert bot.bought == 1


async def test_a_refusal_that_comes_late_is_still_told_to_one_person(slack: SlackDouble, tmp_path: Path) -> None:
    rules = OperatorRules(backends=("worker",), default_limits=Limits(max_frames=8))
    async with running_bot(slack, tmp_path, timing=SlackTiming(ack=0.05), rules=rules, around=SlowStore) as bot:
        bot.core.store.gate.clear()
        asked = await slack.slash("/animate", f"{PROMPT} --frames 16", user=NOAH)
        bot.core.store.gate.set()
        assert "at most 8 frames" in await bot.told(asked, NOAH)
    assert public(slack) == []


async def test_every_ack_comes_after_the_job_is_stored(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        asked = await slack.slash("/animate", PROMPT)
        assert asked.ack is not None
        assert asked.ack.delay < 2.0
        assert (await bot.the_job()).request.prompt == PROMPT
        await bot.until_recorded()


async def test_several_clips_in_one_channel_are_posted_one_after_the_other(slack: SlackDouble, tmp_path: Path) -> None:
    people = [MIRA, NOAH, ADMIN]
    async with running_bot(slack, tmp_path) as bot:
        for user in people:
            await slack.slash("/animate", f"a fox for {user}", user=user)
        for count in (1, 2, 3):
            await slack.wait_for(lambda count=count: len(slack.calls("chat.postMessage")) == count)
            slack.clock.advance(1.2)
        await bot.until_recorded(3)
    posts = slack.calls("chat.postMessage")
    assert [call.request["channel"] for call in posts] == [GENERAL] * 3
    assert all(later.at - earlier.at >= 1.0 for earlier, later in itertools.pairwise(posts))
