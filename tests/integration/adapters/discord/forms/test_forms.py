"""The form on Discord: opened by command, button, menu and after a refusal; filled in, sent off, and never lost."""

from pathlib import Path
from typing import Any

import pytest

from adapters.discord import DiscordTiming
from adapters.discord.refs import message_ref
from core_running import PROMPT
from discord_bot import Bot, running_bot
from doubles.discord.rules.modals import fields_of
from doubles.discord.server import DiscordDouble
from doubles.discord.state.interactions import Interaction, InteractionKind
from doubles.discord.state.messages import Message
from doubles.discord.state.people import Role
from doubles.generation.slow_store import SlowStore
from generation.protocol.request import Endpoint, Motion

GONE = "What you typed was kept for 15 minutes and is gone now. `/animate` opens an empty form."


async def opened(bot: Bot, sent: Interaction) -> dict[str, Any]:
    """The values of the form that answers an interaction, by custom_id, as they stand there."""
    await bot.double.wait_for_answer(sent)
    assert sent.modal is not None, sent.original and sent.original.content
    return {
        field["custom_id"]: field.get("value")
        or [option["value"] for option in field.get("options", []) if option.get("default")]
        for field in fields_of(sent.modal)
    }


async def form(bot: Bot, **options: Any) -> Interaction:
    """``/animate`` without a prompt."""
    sent = await bot.double.slash("animate", **options)
    await bot.double.wait_for_answer(sent)
    return sent


async def made(bot: Bot, sent: Interaction, **filled: Any) -> Message:
    """The form filled in and sent off: the first response."""
    return await bot.double.wait_for_reply(await bot.double.submit(sent, **filled))


async def edit(bot: Bot, message: Message, **who: Any) -> Interaction:
    """✏️ under a message, whether or not its button stands there."""
    job = await bot.core.store.job_of_message(message_ref(1, message.channel.id, message.id))
    assert job is not None
    data = {"component_type": 2, "custom_id": f"v1:edit:{job.id}"}
    return bot.double._use_component(message, data, who.get("user"))


@pytest.fixture
def painters(discord_double: DiscordDouble) -> Role:
    """A role, since before the bot came."""
    guild = discord_double.guilds.studio
    return guild.roles.setdefault(guild.id + 53, Role(guild.id + 53, "painters", 0))


@pytest.mark.parametrize("has_role", [True, False])
async def test_a_form_knows_what_the_members_roles_may(painters: Role, bot: Bot, has_role: bool) -> None:
    role, guild, member = painters, bot.double.guilds.studio, bot.double.people.member
    await bot.ask_as_admin("limits set", limit="max_frames", value="8")
    await bot.ask_as_admin("limits set", limit="user_clips_per_day", value="0")
    await bot.ask_as_admin("roles quota", role=role, limit="max_frames", value="24")
    await bot.ask_as_admin("roles exempt", role=role)
    if has_role:
        guild.members[member.id].role_ids.append(role.id)
    sent = await form(bot)
    await opened(bot, sent)
    answer = await made(bot, sent, prompt=PROMPT, more="frames=24")
    if has_role:
        await bot.until_clip(answer)
        assert "24 frames" in answer.content
    else:
        assert answer.ephemeral
        assert bot.bought == 0


async def test_animate_alone_opens_a_form_that_makes_the_clip(bot: Bot) -> None:
    sent = await form(bot)
    assert await opened(bot, sent) == {
        "prompt": [],
        "negative_prompt": [],
        "shape": ["standard/square"],
        "motions": [],
        "more": [],
    }
    message = await made(
        bot,
        sent,
        prompt="a fox,\nin snow",
        negative_prompt="blurry",
        shape="turbo/landscape_4_3",
        motions=["zoom-in", "pan-left"],
        more="style=pixel art frames=8 seed=5",
    )
    assert not message.ephemeral
    assert "> a fox, in snow" in message.content
    job = await bot.the_job()
    assert (job.request.prompt, job.request.negative_prompt) == ("a fox,\nin snow", "blurry")
    assert (job.request.endpoint, job.request.pixels) == (Endpoint.TURBO, (1024, 768))
    assert job.request.motions == (Motion.ZOOM_IN, Motion.PAN_LEFT)
    assert (job.request.num_frames, job.request.seed, job.style and job.style.name) == (8, 5, "pixel art")
    await bot.until(lambda: bot.bought == 1)


async def test_options_beside_a_missing_prompt_stand_in_the_form(bot: Bot) -> None:
    sent = await form(bot, seed=5, width=640, height=384, quality="turbo", style="FILM", motion="tilt-up", guidance=2.5)
    assert await opened(bot, sent) == {
        "prompt": [],
        "negative_prompt": [],
        "shape": ["turbo/640x384"],
        "motions": ["tilt-up"],
        "more": "style=film guidance=2.5 seed=5",
    }
    await made(bot, sent, prompt="a fox")
    job = await bot.the_job()
    assert (job.request.pixels, job.request.seed, job.request.guidance_scale) == ((640, 384), 5, 2.5)


async def test_the_pencil_edits_a_clip_with_its_old_values(bot: Bot) -> None:
    message = await bot.clip(prompt="a fox", negative_prompt="rain", num_frames=8, steps=12, seed=7, style="ink")
    await bot.until_recorded()
    old = await bot.the_job()
    sent = await edit(bot, message, user=bot.double.people.other_member)
    assert await opened(bot, sent) == {
        "prompt": "a fox",
        "negative_prompt": "rain",
        "shape": ["standard/square"],
        "motions": [],
        "more": "style=ink frames=8 steps=12 seed=7",
    }
    assert sent.modal is not None
    assert sent.modal["title"] == "Edit and run"
    await made(bot, sent, prompt="a cat", more="style=ink frames=8 steps=12")
    await bot.until(lambda: bot.bought == 2)
    new = (await bot.jobs())[1]
    assert (new.parent, new.requested_by.id) == (old.id, str(bot.double.people.other_member.id))
    assert (new.request.prompt, new.request.num_inference_steps, new.style) == ("a cat", 12, old.style)
    assert new.request.seed != 7


@pytest.mark.parametrize("opens", ["command", "pencil"])
async def test_a_form_is_sent_off_after_a_restart_in_between(
    discord_double: DiscordDouble, tmp_path: Path, opens: str
) -> None:
    async with running_bot(discord_double, tmp_path) as bot:
        message = await bot.clip(prompt="a fox", seed=7)
        await bot.until_recorded()
        sent = await (form(bot) if opens == "command" else edit(bot, message))
        await opened(bot, sent)
    async with running_bot(discord_double, tmp_path) as again:
        answer = await made(again, sent, prompt="a cat", more="seed=9")
        assert "> a cat" in answer.content
        old, new = await again.jobs()
        assert (new.request.seed, new.parent) == (9, old.id if opens == "pencil" else None)


async def test_a_form_that_is_sent_off_twice_is_one_clip(bot: Bot) -> None:
    sent = await form(bot)
    await made(bot, sent, prompt="a fox")
    await made(bot, sent, prompt="a fox")
    assert len(await bot.jobs()) == 1
    # somebody else's id is none: their form is another
    sent.user = bot.double.people.other_member
    await made(bot, sent, prompt="a fox")
    assert [job.requested_by.id for job in await bot.jobs()][1] == str(sent.user.id)


async def test_a_refused_form_is_offered_again_with_everything_typed(bot: Bot) -> None:
    sent = await form(bot)
    filled = {"prompt": "a <@1> fox", "negative_prompt": "rain", "motions": ["zoom-out"]}
    refusal = await made(bot, sent, **filled, shape="turbo/square", more="frames=99 seed=3")
    assert refusal.ephemeral
    head, kept = refusal.content.splitlines()
    assert head == "Frames must be a whole number from 1 to 32, not '99'."
    assert kept == r"What you typed is kept for 15 minutes: “a \<\@1\> fox”"
    assert (bot.bought, await bot.jobs()) == (0, [])
    again = await bot.double.click(refusal, refusal.custom_ids[0])
    assert await opened(bot, again) == {**filled, "shape": ["turbo/square"], "more": "frames=32 seed=3"}
    await made(bot, again)
    assert (await bot.the_job()).request.num_frames == 32


async def test_a_line_that_cannot_be_read_comes_back_as_it_was_typed(bot: Bot) -> None:
    sent = await form(bot)
    refusal = await made(bot, sent, prompt="a fox", more="16 frames, colour=red")
    assert refusal.content.startswith("More must be pairs such as style=film seed=7, not '16 frames, colour=red'.")
    again = await bot.double.click(refusal, refusal.custom_ids[0])
    assert (await opened(bot, again))["more"] == "16 frames, colour=red"


async def test_limits_that_were_narrowed_and_a_style_that_is_gone_since(bot: Bot) -> None:
    sent = await form(bot)
    await bot.ask_as_admin("limits set", limit="max_frames", value="4")
    refusal = await made(bot, sent, prompt="a fox", more="frames=8 style=film")
    assert refusal.content.startswith("This server allows at most 4 frames per clip; you asked for 8.")
    await bot.ask_as_admin("styles remove", style="film")
    again = await bot.double.click(refusal, refusal.custom_ids[0])
    await opened(bot, again)
    assert again.modal is not None
    assert again.modal["components"][4]["description"] == "Changed to what this server allows: style, frames"
    gone = await made(bot, again, more="frames=4 style=film")
    assert gone.content.startswith("There is no style 'film' here.")
    assert bot.bought == 0


async def test_a_refused_command_is_kept_in_a_form_too(bot: Bot) -> None:
    await bot.ask_as_admin("block term", term="gore")
    refusal = await bot.animate(prompt="much gore", seed=4, size="portrait_4_3")
    assert refusal.content == "This prompt has words that are not allowed in this server. Try other words."
    again = await bot.double.click(refusal, refusal.custom_ids[0])
    shown = await opened(bot, again)
    assert (shown["prompt"], shown["shape"], shown["more"]) == ("much gore", ["standard/portrait_4_3"], "seed=4")
    await made(bot, again, prompt="a fox")
    assert (await bot.the_job()).request.seed == 4


async def test_a_draft_is_gone_after_a_quarter_of_an_hour_and_for_everybody_else(bot: Bot) -> None:
    refusal = await made(bot, await form(bot), prompt="a fox", more="frames=99")
    (draft,) = refusal.custom_ids
    data = {"component_type": 2, "custom_id": draft}
    stranger = bot.double._use_component(refusal, data, bot.double.people.other_member)
    assert (await bot.double.wait_for_reply(stranger)).content == GONE
    bot.advance(901)
    late = await bot.double.click(refusal, draft)
    assert (await bot.double.wait_for_reply(late)).content == GONE


@pytest.mark.parametrize(
    ("custom_id", "said"),
    [
        (f"v1:edit:{'f' * 24}", "There is no such clip here."),
        (f"v1:edit:{'F' * 24}", "This button no longer does anything. `/animate` makes a new clip."),
        ("v1:draft:1", "This button no longer does anything. `/animate` makes a new clip."),
        (f"v1:draft:{'0' * 24}", GONE),
    ],
)
async def test_a_forged_button_opens_nothing(bot: Bot, custom_id: str, said: str) -> None:
    message = await bot.clip()
    sent = bot.double._use_component(message, {"component_type": 2, "custom_id": custom_id}, None)
    assert (await bot.double.wait_for_reply(sent)).content == said


@pytest.mark.parametrize("custom_id", ["v1:animate", "v1:animate:x", f"v1:edit:{'f' * 24}", "v2:animate:1", ""])
async def test_a_forged_form_makes_nothing(bot: Bot, custom_id: str) -> None:
    sent = await form(bot)
    assert sent.modal is not None
    sent.modal["custom_id"] = custom_id or "?"
    answer = await made(bot, sent, prompt="a fox")
    assert answer.content == "This button no longer does anything. `/animate` makes a new clip."
    assert await bot.jobs() == []


async def test_a_forged_form_for_a_clip_that_is_not_here_keeps_its_text(bot: Bot) -> None:
    sent = await form(bot)
    assert sent.modal is not None
    sent.modal["custom_id"] = f"v1:edit:{'f' * 24}:1"
    answer = await made(bot, sent, prompt="a fox")
    assert answer.content.startswith("There is no such clip here.\nWhat you typed is kept")


async def test_fields_that_discord_would_not_send_are_refused_like_others(bot: Bot) -> None:
    sent = await form(bot)
    assert sent.modal is not None
    fields = [
        {"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": "prompt", "value": "x" * 4_000}},
        {"type": 18, "id": 3, "component": {"type": 3, "id": 4, "custom_id": "shape", "values": ["huge/tiny"]}},
    ]
    data = {"custom_id": sent.modal["custom_id"], "components": fields}
    forged = bot.double._new(InteractionKind.MODAL, sent.user, sent.channel, data)
    forged.opened_by = sent
    answer = await bot.double.wait_for_reply(bot.double._deliver(forged))
    assert len(answer.content) <= 2_000
    assert answer.content.startswith("Quality must be fal-ai/fast-animatediff/text-to-video or ")
    assert "Prompt must be 1 to 2,000 characters" in answer.content
    again = await bot.double.click(answer, answer.custom_ids[0])
    assert (await opened(bot, again))["prompt"] == "x" * 2_000


async def test_the_menu_of_a_message_animates_its_text_or_edits_its_clip(bot: Bot) -> None:
    said = await bot.double.say("a fox in *snow*, " + "very " * 600)
    sent = await bot.double.menu("Animate this text", said)
    assert (await opened(bot, sent))["prompt"] == said.content[:2_000]
    empty = await bot.double.say("  ")
    answer = await bot.double.wait_for_reply(await bot.double.menu("Animate this text", empty))
    assert answer.content == "This message has no text to animate."
    clip = await bot.clip(seed=7)
    await bot.until_recorded()
    sent = await bot.double.menu("Animate this text", clip)
    assert (await opened(bot, sent))["prompt"] == PROMPT
    await made(bot, sent)
    await bot.until(lambda: bot.bought == 2)
    assert (await bot.jobs())[1].parent == (await bot.jobs())[0].id


async def test_a_slow_database_costs_the_form_and_not_the_words(discord_double: DiscordDouble, tmp_path: Path) -> None:
    slow: list[SlowStore] = []

    def around(store: Any) -> SlowStore:
        slow.append(SlowStore(store))
        return slow[0]

    timing = DiscordTiming(open_within=0.2)
    async with running_bot(discord_double, tmp_path, timing=timing, around=around) as bot:
        slow[0].is_slow = True
        answer = await bot.double.wait_for_reply(await bot.double.slash("animate", seed=5))
        assert answer.content == "The form could not be opened in time. Press the button to open it."
        slow[0].is_slow = False
        again = await bot.double.click(answer, answer.custom_ids[0])
        assert (await opened(bot, again))["more"] == "seed=5"
