"""The form on Slack: opened by command, button, both shortcuts and after a refusal; filled in, sent off, never lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core_running import PROMPT
from doubles.slack import faults
from doubles.slack.inbound import payloads
from doubles.slack.inbound.deliveries import Delivery
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Message, OpenView
from doubles.slack.world import ADMIN, GENERAL, MIRA, NOAH, SECRET
from generation.domain.refs import Platform, UserRef
from generation.protocol.request import Endpoint, Motion
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from slack_bot import Bot, SlowStore, clips, running_bot

KEPT = "What you typed is kept for 15 minutes: “{}”"
GONE = "What you typed was kept for 15 minutes and is gone now. `/animate` opens an empty form."
BY = UserRef(Platform.SLACK, ADMIN)
NO_CLIPS = OperatorRules(backends=("worker",), default_limits=Limits(user_clips_per_day=0))


@pytest.fixture
async def bot(slack: SlackDouble, tmp_path: Path) -> AsyncIterator[Bot]:
    async with running_bot(slack, tmp_path) as running:
        yield running


async def shown(bot: Bot, *, ready: bool = True) -> OpenView:
    """The newest view, as soon as it is more than the empty one."""
    views = bot.double.home.views

    def newest() -> OpenView | None:
        found = [view for view in views.values() if view.is_open]
        return found[-1] if found and (not ready or words_of(found[-1]) != ["One moment…"]) else None

    found = await bot.double.wait_for(newest)
    assert isinstance(found, OpenView)
    return found


def words_of(view: OpenView) -> list[str]:
    return [block["text"]["text"] for block in view.body["blocks"] if block["type"] == "section"]


def standing(view: OpenView) -> dict[str, str]:
    """What stands in the fields of a view."""
    state = payloads.state_values(view, {"prompt": "x"} if not has(view, "prompt", "initial_value") else {})
    found = {}
    for block in state.values():
        for name, given in block.items():
            option = given.get("selected_option")
            options = [each["value"] for each in given.get("selected_options") or []]
            value = given.get("value") or (option["value"] if option else ",".join(options))
            if value:
                found[name] = value
    return found


def has(view: OpenView, block_id: str, key: str) -> bool:
    return any(key in block["element"] for block in view.body["blocks"] if block.get("block_id") == block_id)


async def form(bot: Bot, **how: Any) -> OpenView:
    """``/animate`` alone."""
    await bot.double.slash("/animate", "", **how)
    return await shown(bot)


async def made(bot: Bot, view: OpenView, count: int = 1, **values: str) -> Delivery:
    """The form filled in and sent off."""
    sent = await bot.double.submit(view, values)
    if not view.errors:
        await bot.until(lambda: bot.bought >= count)
    return sent


async def press(bot: Bot, message: Message, action_id: str, value: str | None = None, **who: Any) -> Delivery:
    """A button that is, or once was, under a message."""
    workspace = bot.double.state().workspaces[message.team]
    action = {"action_id": action_id, "block_id": "b", "type": "button", "action_ts": "1.2", "value": value}
    action["text"] = {"type": "plain_text", "text": "x"}
    payload = payloads.message_click(bot.double.platform, workspace, message, who.get("user", MIRA), action)
    return await bot.double._deliver(Delivery("interactive", "block_actions", payload, message.team))


async def test_animate_alone_opens_a_form_that_makes_the_clip(bot: Bot) -> None:
    view = await form(bot)
    assert (view.body["title"]["text"], view.body["callback_id"]) == ("Make a clip", "v1:animate")
    assert standing(view) == {
        "prompt": "x",
        "endpoint": "standard",
        "video_size": "square",
        "style": "-",
        "num_frames": "16",
        "fps": "8",
    }
    await made(
        bot,
        view,
        prompt="a fox,\nin <snow> & rain",
        negative_prompt="blurry",
        endpoint="turbo",
        video_size="landscape_4_3",
        motions="zoom-in,pan-left",
        style="pixel art",
        num_frames="8",
        guidance_scale="1.5",
        seed="5",
    )
    assert not view.is_open
    job = await bot.the_job()
    assert (job.request.prompt, job.request.negative_prompt) == ("a fox,\nin <snow> & rain", "blurry")
    assert (job.request.endpoint, job.request.pixels) == (Endpoint.TURBO, (1024, 768))
    assert job.request.motions == (Motion.ZOOM_IN, Motion.PAN_LEFT)
    assert (job.request.num_frames, job.request.guidance_scale, job.request.seed) == (8, 1.5, 5)
    assert job.style is not None
    assert (job.style.name, job.channel.id) == ("pixel art", GENERAL)
    await bot.double.wait_for(lambda: clips(bot.double))


async def test_help_is_still_help(bot: Bot) -> None:
    act = await bot.double.slash("/animate", "help")
    assert act.ack is not None
    assert "`--style film`" in act.ack.payload["text"]


async def test_the_pencil_edits_a_clip_with_its_old_values(bot: Bot) -> None:
    message = await bot.clip("a fox --no rain --frames 12 --steps 9 --seed 7 --style ink --size 640x384")
    old = await bot.the_job()
    await press(bot, message, "v1:edit", old.id, user=NOAH)
    view = await shown(bot)
    assert view.body["title"]["text"] == "Edit and run"
    assert standing(view) == {
        "prompt": "a fox",
        "negative_prompt": "rain",
        "endpoint": "standard",
        "video_size": "640x384",
        "style": "ink",
        "num_frames": "12",
        "fps": "8",
        "num_inference_steps": "9",
        "seed": "7",
    }
    await made(bot, view, 2, prompt="a cat", seed="")
    new = (await bot.jobs())[1]
    assert (new.parent, new.requested_by.id, new.request.prompt) == (old.id, NOAH, "a cat")
    assert (new.request.pixels, new.style) == ((640, 384), old.style)
    assert new.request.seed != 7


@pytest.mark.parametrize("opens", ["command", "pencil"])
async def test_a_form_is_sent_off_after_a_restart_in_between(slack: SlackDouble, tmp_path: Path, opens: str) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message = await bot.clip("a fox --seed 7")
        if opens == "command":
            view = await form(bot)
        else:
            await press(bot, message, "v1:edit", (await bot.the_job()).id)
            view = await shown(bot)
    async with running_bot(slack, tmp_path) as again:
        await made(again, view, prompt="a cat", seed="9")
        old, new = await again.jobs()
        assert (new.request.seed, new.parent) == (9, old.id if opens == "pencil" else None)


async def test_a_form_that_is_delivered_or_sent_off_again_is_one_clip(bot: Bot) -> None:
    view = await form(bot)
    sent = await made(bot, view, prompt="a fox")
    await bot.double.redeliver(sent)
    # an answer that got lost leaves the form open, and its member may change a word
    view.is_open = True
    await bot.double.submit(view, {"prompt": "a red fox"})
    await bot.double.platform.courier.settle()
    assert len(await bot.jobs()) == 1


async def test_a_command_that_is_delivered_again_opens_one_form(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        act = await bot.double.slash("/animate", "")
        await shown(bot)
    async with running_bot(slack, tmp_path) as again:
        await again.double.redeliver(act)
        assert len(slack.home.views) == 1
        assert not [said for said in slack.state().bot_messages() if said.ephemeral_for]
    # what an earlier process has done cannot be known before Slack says so
    assert len([each for each in slack.take_violations() if "a trigger_id works once" in each]) == 1


async def test_what_is_wrong_is_said_at_its_field_and_can_be_corrected(bot: Bot) -> None:
    view = await form(bot)
    await bot.core.service.change_rules(bot.server, {"max_frames": 4, "max_pixels": 256 * 256}, by=BY)
    await made(bot, view, prompt="a fox", style="film")
    assert view.errors == {"num_frames": "This workspace allows at most 4 frames per clip; you asked for 16."}
    await bot.core.service.remove_style(bot.server, "film", by=BY)
    await made(bot, view, prompt="a fox", style="film", num_frames="4")
    assert view.errors["style"].startswith("There is no style 'film' here. The styles are: anime, ")
    await made(bot, view, prompt="a fox", style="-", num_frames="4", video_size="square")
    assert list(view.errors) == ["video_size"]
    assert (view.is_open, bot.bought) == (True, 0)
    await bot.core.service.reset_limits(bot.server, by=BY)
    await made(bot, view, prompt="a fox", style="-")
    assert (view.is_open, len(await bot.jobs())) == (False, 1)


async def test_where_the_bot_is_not_nothing_is_typed_for_nothing(bot: Bot) -> None:
    await bot.double.slash("/animate", "", channel=SECRET)
    view = await shown(bot)
    assert words_of(view)[0].startswith("Flipbook is not in this channel, so it could not post the clip.")
    assert "submit" not in view.body


async def test_a_refusal_after_the_form_has_closed_keeps_everything_typed(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, rules=NO_CLIPS) as bot:
        view = await form(bot)
        store = SlowStore(bot.core.store)
        bot.core.service._store = store  # type: ignore[assignment]
        store.gate.clear()
        sent = await bot.double.submit(view, {"prompt": "a *fox*", "seed": "5", "motions": "zoom-in"})
        assert not view.is_open
        store.gate.set()
        said = await bot.double.wait_for_message(lambda each: each.ephemeral_for)
        assert sent.ack is not None
        assert said.text.startswith("This workspace allows its members no clips.\n")
        assert said.text.endswith(KEPT.format("a *fox*"))
        await bot.double.click(said, "v1:draft")
        again = await shown(bot)
        assert (standing(again)["prompt"], standing(again)["seed"], standing(again)["motions"]) == (
            "a *fox*",
            "5",
            "zoom-in",
        )


async def test_an_expired_trigger_offers_the_form_again(bot: Bot) -> None:
    message = await bot.clip("a fox --seed 7")
    await bot.double.fault(faults.TriggerExpired())
    act = await press(bot, message, "v1:edit", (await bot.the_job()).id)
    assert (await bot.told(act)).startswith("The form could not be opened in time.")
    said = await bot.double.wait_for_message(lambda each: each.ephemeral_for)
    await bot.double.click(said, "v1:draft")
    view = await shown(bot)
    assert (view.body["title"]["text"], standing(view)["seed"]) == ("Edit and run", "7")


@pytest.mark.parametrize("whose", ["somebody else's", "one that never was", "an old one"])
async def test_a_draft_is_gone_after_a_quarter_of_an_hour_and_for_everybody_else(bot: Bot, whose: str) -> None:
    message = await bot.clip("a fox --seed 7")
    view = await form(bot)
    view.body = {**view.body, "private_metadata": '{"channel":"' + GENERAL + '","parent":"' + "f" * 24 + '"}'}
    await bot.double.submit(view, {"prompt": "a fox"})
    (draft,) = bot.core.service._drafts._kept
    view.is_open = False
    if whose == "an old one":
        bot.double.clock.advance(901)
    await press(
        bot,
        message,
        "v1:draft",
        "0" * 24 if whose == "one that never was" else draft,
        user=NOAH if whose == "somebody else's" else MIRA,
    )
    assert words_of(await shown(bot)) == [GONE]


async def test_a_view_that_was_closed_while_it_was_filled_is_left_alone(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        forms = bot.core.service.form
        opened = asyncio.Event()

        async def later(*given: Any, **named: Any) -> Any:
            await opened.wait()
            return await forms(*given, **named)

        bot.core.service.form = later  # type: ignore[method-assign]
        await bot.double.slash("/animate", "")
        view = await shown(bot, ready=False)
        await bot.double.close_view(view)
        opened.set()
    assert words_of(view) == ["One moment…"]


@pytest.mark.parametrize("value", ["f" * 24, "x", ""])
async def test_a_forged_clip_opens_no_form(bot: Bot, value: str) -> None:
    message = await bot.clip("a fox")
    act = await press(bot, message, "v1:edit", value)
    if len(value) == 24:
        assert words_of(await shown(bot)) == ["There is no such clip here."]
    else:
        assert (await bot.told(act)).startswith("There is no such clip")


@pytest.mark.parametrize(
    "metadata", ["", "x", '{"v":2}', '{"v":1,"parent":"x"}', '{"v":1,"colour":"red"}', "[" * 3_000]
)
async def test_a_forged_form_makes_nothing(bot: Bot, metadata: str) -> None:
    view = await form(bot)
    view.body = {**view.body, "private_metadata": metadata}
    sent = await bot.double.submit(view, {"prompt": "a fox"})
    assert sent.ack is not None
    assert await bot.jobs() == [] or metadata == ""


async def test_a_form_for_a_clip_that_is_gone_keeps_its_text(bot: Bot) -> None:
    view = await form(bot)
    view.body = {**view.body, "private_metadata": '{"v":1,"channel":"' + GENERAL + '","parent":"' + "f" * 24 + '"}'}
    await bot.double.submit(view, {"prompt": "a fox"})
    assert view.errors == {"prompt": "There is no such clip here."}


async def test_both_shortcuts_open_the_form(bot: Bot) -> None:
    said = await bot.double.say("a fox in &lt;snow&gt;, " + "very " * 600, channel=GENERAL)
    await bot.double.message_shortcut("v1:text", said)
    view = await shown(bot)
    assert standing(view)["prompt"] == ("a fox in <snow>, " + "very " * 600)[:2_000]
    clip = await bot.clip("a boat --seed 7")
    await bot.double.message_shortcut("v1:text", clip)
    edited = await bot.double.wait_for(
        lambda: next((v for v in bot.double.home.views.values() if v.body.get("callback_id") == "v1:edit"), None)
    )
    assert isinstance(edited, OpenView)
    assert standing(edited)["prompt"] == "a boat"
    await bot.double.global_shortcut("v1:make")
    anywhere = await shown(bot)
    await made(bot, anywhere, 2, prompt=PROMPT, where=GENERAL)
    assert (await bot.jobs())[1].channel.id == GENERAL


async def test_a_clip_asked_for_in_a_thread_comes_into_it(bot: Bot) -> None:
    said = await bot.double.say("a fox", channel=GENERAL)
    answer = await bot.double.say("in snow", channel=GENERAL, thread_ts=said.ts)
    await bot.double.message_shortcut("v1:text", answer)
    await made(bot, await shown(bot))
    assert (await bot.the_job()).channel.thread == said.ts
