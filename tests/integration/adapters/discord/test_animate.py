"""From ``/animate`` to the MP4: one message, from the first answer to the clip with its button."""

import asyncio
from typing import Any

import pytest

from adapters.discord.text.markup import DISCORD
from discord_bot import Bot, actions, clips
from doubles.generation.backend import ScriptedBackend, tiny_mp4
from factories import PASTED
from generation.domain.job import JobStatus
from generation.ports import BackendState, BackendUpdate
from generation.protocol.errors import ContentRejected
from generation.protocol.progress import Steps
from generation.protocol.request import Endpoint, GenerationRequest
from generation.rules.operator_rules import OperatorRules

BOAT = "> a paper boat on a stormy sea"


def facts(bot: Bot, seed: int) -> str:
    return (
        f"-# standard · 512×512 · 16 frames at 8 fps · 25 steps · guidance 7.5 · seed {seed} · "
        f"for {bot.double.people.member.mention}"
    )


async def test_the_clip_is_put_into_the_first_answer(slow_bot: Bot) -> None:
    message = await slow_bot.animate(seed=42)
    job = await slow_bot.the_job()
    assert message.content == f"⏳ **Queued, next**\n{BOAT}\n{facts(slow_bot, 42)} · `{job.name}`"
    assert message.custom_ids == [f"v1:cancel:{job.id}"]
    slow_bot.release()
    await slow_bot.until_recorded()
    made = facts(slow_bot, 42).replace("for <", "made in 1 s · our worker · for <")
    assert message.content == f"{BOAT}\n{made} · `{job.name}`"
    assert message.files == [f"flipbook-{job.id}.mp4"]
    assert await slow_bot.double.download(message.attachments[0]) == tiny_mp4()
    assert message.attachments[0].description == "A short animation: a paper boat on a stormy sea"
    assert actions(message) == ["reroll", "edit", "other_quality", "settings", "delete"]
    assert message.reactions == {"🔁": [slow_bot.double.people.bot]}
    assert clips(slow_bot.double) == [message]
    assert (await slow_bot.the_job()).requested_by.id == str(slow_bot.double.people.member.id)
    names = slow_bot.core.service.names
    told = [names.name_of(each) for each in (job.requested_by, job.channel, job.channel.server)]
    assert told == ["Mira", slow_bot.double.places.text.name, slow_bot.double.guilds.studio.name]


async def test_the_message_is_recorded_with_its_token_and_upload_limit(slow_bot: Bot) -> None:
    message = await slow_bot.animate()
    job = await slow_bot.the_job()
    await slow_bot.until_opened(job)
    delivery = await slow_bot.core.store.delivery_of(job.id)
    assert delivery is not None
    assert delivery.answer is not None
    assert delivery.message is not None
    assert (delivery.message.id, delivery.message.channel.id) == (str(message.id), str(message.channel.id))
    assert message.interaction is not None
    assert delivery.answer.token == f"{10 * 1024 * 1024}.{message.interaction.token}"
    assert 13 * 60 < (delivery.answer.expires_at - slow_bot.time.now()).total_seconds() <= 14 * 60


async def test_every_option_reaches_the_backend(bot: Bot) -> None:
    await bot.clip(
        prompt="  a fox in snow ",
        negative_prompt="blurry",
        quality="turbo",
        size="landscape_16_9",
        motion="zoom-in",
        num_frames=24,
        fps=12,
        steps=6,
        guidance=1.5,
        seed=4294967295,
    )
    (_, request), *others = bot.backend.submissions
    assert others == []
    assert request == GenerationRequest(
        endpoint=Endpoint.TURBO,
        prompt="a fox in snow",
        negative_prompt="blurry",
        video_size="landscape_16_9",
        motions=("zoom-in",),
        num_frames=24,
        fps=12,
        num_inference_steps=6,
        guidance_scale=1.5,
        seed=4294967295,
    )


async def test_a_size_of_ones_own(bot: Bot) -> None:
    message = await bot.clip(width=640, height=360)
    assert " · 640×360 · " in message.content


async def test_progress_is_shown_no_more_often_than_every_three_seconds(start_bot: Any) -> None:
    backend = ScriptedBackend(
        hold=asyncio.Event(),
        updates=(
            BackendUpdate(BackendState.IN_QUEUE, position=3),
            BackendUpdate(BackendState.IN_PROGRESS, steps=Steps(9, 25)),
            BackendUpdate(BackendState.COMPLETED, inference_seconds=2.0),
        ),
    )
    bot = await start_bot(backend=backend)
    message = await bot.animate()
    await bot.until(lambda: message.content.startswith("⏳ **Queued, 3 ahead**\n"))
    await bot.until_status(JobStatus.RUNNING)
    assert len(message.edits) == 1
    bot.advance(3)
    await bot.until(lambda: len(message.edits) == 2)
    assert message.content.splitlines()[0] == "🎬 **Rendering, step 9 of 25**"
    assert message.content.splitlines()[1].startswith("`████░░░░░░░░` 36%")
    bot.release()
    await bot.until_recorded()
    assert len(message.edits) == 3


async def test_a_failure_says_why_and_can_be_tried_again(start_bot: Any) -> None:
    bot = await start_bot(backend=ScriptedBackend(troubles={"result": [ContentRejected("worker", "no")]}))
    message = await bot.animate(seed=1)
    await bot.until_recorded()
    job = await bot.the_job()
    assert message.content == (
        f"❌ The backend's content policy refused this prompt. Try other words.\n{BOAT}\n{facts(bot, 1)} · `{job.name}`"
    )
    assert (actions(message), message.files, message.reactions) == (["retry", "edit", "delete"], [], {})


async def test_the_negative_prompt_is_shown_where_it_is_not_the_usual_one(bot: Bot) -> None:
    message = await bot.clip(negative_prompt="rain, *fog*")
    assert message.content.splitlines()[1] == r"-# without: rain, \*fog\*"


@pytest.mark.parametrize(("prompt", "left_out"), PASTED.items())
async def test_what_the_clip_is_made_without_is_said(bot: Bot, prompt: str, left_out: str) -> None:
    message = await bot.clip(prompt=prompt)
    assert f" · left out of the prompt: {DISCORD.escape(left_out)} · " in message.content
    assert (await bot.the_job()).request.prompt == prompt


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": "square", "width": 64}, "size must be left out where width or height is given, not 'square'."),
        ({"width": 100}, "width must be a multiple of 8 from 64 to 1536, not 100."),
        ({"prompt": "\x07"}, "prompt must be 1 to 2,000 characters without control characters, not 1 character"),
        ({"width": 1536, "height": 1536}, "size must be square\\_hd, square, "),
    ],
)
async def test_what_discord_lets_through_is_judged_again(bot: Bot, options: dict[str, Any], sentence: str) -> None:
    refusal = await bot.animate(**options)
    assert refusal.ephemeral
    assert refusal.content.startswith(sentence)
    assert (await bot.jobs(), bot.bought) == ([], 0)


async def test_a_forged_prompt_of_6000_characters_gets_one_sentence(bot: Bot) -> None:
    refusal = await bot.forged("animate", [{"type": 3, "name": "prompt", "value": "x" * 6000}])
    assert refusal.ephemeral
    assert refusal.content == ("prompt must be 1 to 2,000 characters without control characters, not 6,000 characters.")
    assert await bot.jobs() == []


HOSTILE = {
    "everybody": ("@everyone <@1> <@&2> <#3>", r"\@everyone \<\@1\> \<\@&2\> \<\#3\>"),
    "a masked link": ("[free](https://evil.example)", r"\[free\](https\://evil.example)"),
    "formatting": ("**a** __b__ ~~c~~ `d` ||e||", r"\*\*a\*\* \_\_b\_\_ \~\~c\~\~ \`d\` \|\|e\|\|"),
    "lines": ("a\n# b\n> c", r"a \# b \> c"),
    "invisible marks": ("a\u200bb\u202ec\u2066d\ufeff", "abcd"),
    "emoji": ("👩\u200d🚀 on Mars", "👩\u200d🚀 on Mars"),
}


@pytest.mark.parametrize(("prompt", "shown"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_prompt_is_shown_as_plain_text_without_mentions(bot: Bot, prompt: str, shown: str) -> None:
    message = await bot.clip(prompt=prompt)
    await bot.until_recorded()
    assert message.content.splitlines()[0] == f"> {shown}"
    assert not message.mentions_everyone
    for exchange in bot.double.log:
        if exchange.kind == "rest" and isinstance(exchange.sent, dict) and "content" in exchange.sent:
            assert exchange.sent["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize("character", ["x", "*", "👩", "\\"])
async def test_the_longest_prompt_fits_the_message(bot: Bot, character: str) -> None:
    message = await bot.clip(prompt=character * 2000, negative_prompt="_" * 2000)
    assert len(message.content) <= 2000
    assert "…" in message.content.splitlines()[0]
    assert message.files != []


async def test_a_reached_limit_is_told_to_the_one_who_asked(start_bot: Any) -> None:
    bot = await start_bot(backend=ScriptedBackend(hold=asyncio.Event()))
    await bot.animate()
    await bot.animate()
    refusal = await bot.animate()
    assert refusal.ephemeral
    busy = "You may have 2 clips under way at once and have 2; wait until one has finished, or cancel one."
    assert refusal.content == busy
    other = await bot.animate(user=bot.double.people.other_member)
    assert not other.ephemeral


async def test_a_daily_limit_says_when_it_starts_again(bot: Bot) -> None:
    await bot.ask_as_admin("limits set", limit="server_clips_per_day", value="1")
    await bot.clip()
    refusal = await bot.animate()
    tomorrow = int((await bot.quota()).usage.resets_at.timestamp())
    assert refusal.content == (
        f"This server has used its only clip for today; it can make another one <t:{tomorrow}:R>."
    )
    await bot.ask_as_admin("limits set", limit="server_clips_per_day", value="0")
    assert (await bot.animate()).content == "This server allows no clips."


async def test_only_servers_on_the_operators_list_are_served(start_bot: Any, discord_double: Any) -> None:
    from adapters.discord.refs import server_ref

    allowed = frozenset({server_ref(discord_double.guilds.elsewhere.id)})
    bot = await start_bot(rules=OperatorRules(backends=("worker",), allowed_servers=allowed))
    refusal = await bot.animate()
    assert refusal.ephemeral
    studio = discord_double.guilds.studio.id
    assert refusal.content == (
        f"This bot is not open to this server. Its operator can add `discord:{studio}` to `FLIPBOOK_ALLOWED_SERVERS`."
    )
    assert not (await bot.animate(channel=discord_double.places.elsewhere)).ephemeral
