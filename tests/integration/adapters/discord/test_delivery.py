"""Each step that can deliver a clip, and the next one when it fails; one job bought, one clip posted."""

import asyncio
from pathlib import Path

import pytest

from core import a_clip_links
from discord_bot import Bot, actions, clips, running_bot
from doubles.discord.backstage import Strictness
from doubles.discord.fixtures import OpenDouble
from doubles.discord.state.permissions import Permission
from doubles.discord.state.places import Channel
from doubles.generation.backend import ScriptedBackend
from generation.delivery.clip_links import ClipLinks
from generation.domain.job import JobStatus
from generation.protocol.errors import DeliveryDelayed
from generation.protocol.progress import Phase, Progress, Steps

P = Permission
MINUTE = 60.0


async def told(bot: Bot) -> tuple[str, ...]:
    delivery = await bot.core.store.delivery_of((await bot.the_job()).id)
    assert delivery is not None
    return delivery.told


async def test_within_14_minutes_the_answers_token_is_used(slow_bot: Bot) -> None:
    message = await slow_bot.rendering()
    slow_bot.advance(13 * MINUTE)
    await slow_bot.finish()
    assert slow_bot.the_clip is message
    assert slow_bot.double.requests("PATCH /channels") == []


@pytest.mark.parametrize("minutes", [14, 59])
async def test_after_14_minutes_the_bots_token_edits_the_same_message(slow_bot: Bot, minutes: int) -> None:
    message = await slow_bot.rendering()
    before = len(slow_bot.double.requests("/messages/@original"))
    slow_bot.advance(minutes * MINUTE)
    await slow_bot.finish()
    assert slow_bot.the_clip is message
    assert len(slow_bot.double.requests("/messages/@original")) == before
    assert await told(slow_bot) == ()


async def test_a_token_that_ends_early_is_followed_by_the_bots_own(slow_bot: Bot) -> None:
    message = await slow_bot.rendering()
    assert message.interaction is not None
    message.interaction.created_at -= 15 * MINUTE
    await slow_bot.finish()
    assert slow_bot.the_clip is message
    assert [code for _, code in slow_bot.double.refusals] == [50027]


async def test_what_was_refused_for_good_is_not_asked_for_again_with_every_progress(slow_bot: Bot) -> None:
    message = await slow_bot.rendering()
    job = await slow_bot.the_job()
    assert message.interaction is not None
    message.interaction.created_at -= 15 * MINUTE
    await slow_bot.double.fault(
        "missing_permission", channel=message.channel, permission=P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY
    )
    for step in range(1, 12):
        slow_bot.core.relay.progress(job, Progress(Phase.RENDERING, steps=Steps(step, 25)))
        slow_bot.advance(3.1)
        await asyncio.sleep(0.02)
    assert [code for _, code in slow_bot.double.refusals] == [50027, 50001]


async def test_a_message_too_old_to_edit_is_replied_to(open_discord_double: OpenDouble, tmp_path: Path) -> None:
    double = await open_discord_double(strictness=Strictness(old_edits=0, old_edit_retry_after=0.01))
    async with running_bot(double, tmp_path, backend=ScriptedBackend(hold=asyncio.Event())) as bot:
        message = await bot.rendering()
        bot.advance(61 * MINUTE)
        await bot.finish()
        clip_message = bot.the_clip
        assert (clip_message.replies_to, clip_message.nonce) == (message, (await bot.the_job()).id)
        assert "It is posted here because the message is too old to be changed." in clip_message.content
        assert await told(bot) == ("the message is too old to be changed",)
        assert actions(clip_message) == ["reroll", "edit", "other_quality", "settings", "delete"]
        await double.react(clip_message)
        await bot.until_recorded(2)
        assert len(await bot.jobs()) == 2


async def test_an_old_message_gets_no_more_progress_so_that_the_outcome_can_be_put_there(slow_bot: Bot) -> None:
    message = await slow_bot.rendering()
    slow_bot.advance(61 * MINUTE)
    edits = len(message.edits)
    await slow_bot.finish()
    assert slow_bot.the_clip is message
    assert len(message.edits) == edits + 1


async def test_without_attach_files_the_clip_goes_to_the_member(slow_bot: Bot) -> None:
    message = await slow_bot.rendering()
    await slow_bot.double.fault("missing_permission", channel=slow_bot.double.places.text)
    await slow_bot.finish()
    clip_message = slow_bot.the_clip
    assert clip_message.channel.recipient is slow_bot.double.people.member
    assert (
        f"You asked for it in <#{message.channel.id}>. It is posted here because Flipbook lacks a permission in the "
        "channel." in clip_message.content
    )
    assert clip_message.custom_ids == []
    asker = slow_bot.double.people.member.mention
    assert message.content.startswith(
        "📨 The clip could not be posted here: Flipbook lacks a permission in the channel. "
        f"It went to {asker} in a direct message."
    )
    assert (message.custom_ids, message.files) == ([], [])


async def test_an_archived_thread_is_followed_by_its_parent(slow_bot: Bot) -> None:
    thread = slow_bot.double.places.thread
    await slow_bot.rendering(channel=thread)
    await slow_bot.double.fault("thread_archived", thread=thread)
    await slow_bot.finish()
    clip_message = slow_bot.the_clip
    assert clip_message.channel is thread.parent
    assert "It is posted here because the thread is archived." in clip_message.content


async def test_a_deleted_thread_is_followed_by_its_parent(slow_bot: Bot) -> None:
    thread = slow_bot.double.places.thread
    await slow_bot.rendering(channel=thread)
    await slow_bot.double.fault("channel_gone", channel=thread)
    await slow_bot.finish()
    assert slow_bot.the_clip.channel is thread.parent


async def test_a_deleted_channel_is_followed_by_a_direct_message(slow_bot: Bot) -> None:
    await slow_bot.rendering()
    await slow_bot.double.fault("channel_gone", channel=slow_bot.double.places.text)
    await slow_bot.finish()
    clip_message = slow_bot.the_clip
    assert clip_message.channel.recipient is slow_bot.double.people.member
    assert "because the first answer is gone, and the channel is gone." in clip_message.content


async def test_when_no_step_is_left_the_clip_is_kept_and_can_be_shown(slow_bot: Bot) -> None:
    double = slow_bot.double
    await slow_bot.rendering()
    await double.fault("channel_gone", channel=double.places.text)
    await double.fault("dms_closed", user=double.people.member)
    slow_bot.release()
    await slow_bot.until(lambda: any(item.status == "abandoned" for item in slow_bot.core.observer.deliveries))
    assert clips(double) == []
    job = await slow_bot.the_job()
    assert await told(slow_bot) == (
        "the first answer is gone",
        "the channel is gone",
        "you do not accept direct messages from Flipbook",
    )
    shown = await slow_bot.ask("flipbook show", id=job.id, channel_of_command=double.places.age_restricted)
    assert shown.ephemeral
    assert shown.files == [f"flipbook-{job.id}.mp4"]


@pytest.mark.parametrize("links", [None, a_clip_links()], ids=["no address outside", "with an address outside"])
async def test_where_no_clip_is_taken_its_message_says_why_and_how_to_get_it(
    open_discord_double: OpenDouble, tmp_path: Path, links: ClipLinks | None
) -> None:
    double = await open_discord_double()
    async with running_bot(double, tmp_path, backend=ScriptedBackend(hold=asyncio.Event()), links=links) as bot:
        message = await bot.rendering()
        await double.fault("missing_permission", channel=double.places.text)
        await double.fault("dms_closed", user=double.people.member)
        await bot.finish()
        job = await bot.the_job()
    assert (clips(double), bot.bought) == ([], 1)
    head, *_ = message.content.splitlines()
    assert head.startswith(
        "📭 The clip is made, but it could not be posted here: Flipbook lacks a permission in the channel, and you "
        "do not accept direct messages from Flipbook. It is kept: "
    )
    assert f"`/flipbook show id:{job.name}` sends it again" in head
    assert (f"(<https://clips.example/clips/{job.id}.mp4?" in head) is (links is not None)
    assert actions(message) == ["reroll", "edit", "other_quality", "settings", "delete"]


async def test_a_server_that_the_bot_left_pays_for_nothing_more(slow_bot: Bot) -> None:
    await slow_bot.rendering()
    await slow_bot.double.fault("guild_gone", guild=slow_bot.double.guilds.studio)
    await slow_bot.until_status(JobStatus.CANCELLED)
    await slow_bot.until(lambda: slow_bot.core.observer.deliveries)
    assert (await slow_bot.quota()).usage.user_clips_today == 0
    refused = [name for name, code in slow_bot.double.refusals if code == 50001]
    assert len(refused) <= 6


# What Discord refuses for the time being ----------------------------------------------------------


async def test_a_rate_limit_is_waited_for_and_one_clip_posted(slow_bot: Bot) -> None:
    message = await slow_bot.rendering()
    await slow_bot.double.fault("rate_limit", route="^PATCH", times=2, retry_after=0.01)
    await slow_bot.finish()
    assert slow_bot.the_clip is message


async def test_a_global_rate_limit_too(slow_bot: Bot) -> None:
    message = await slow_bot.rendering()
    slow_bot.advance(15 * MINUTE)
    await slow_bot.double.fault("rate_limit", times=1, retry_after=0.01, is_global=True)
    await slow_bot.finish()
    assert slow_bot.the_clip is message


async def test_during_a_cloudflare_ban_nothing_is_sent_and_the_clip_comes_later(slow_bot: Bot) -> None:
    message = await slow_bot.rendering()
    await slow_bot.double.fault("cloudflare", route="^PATCH")
    slow_bot.release()
    await slow_bot.until(lambda: slow_bot.core.observer.troubles)
    (what, error), *_ = slow_bot.core.observer.troubles
    assert (what, str(error)) == ("delivery put off", "Discord asks for a pause")
    assert slow_bot.double.served_429 == 1
    slow_bot.advance(601)
    await slow_bot.until_recorded()
    assert slow_bot.the_clip is message
    assert slow_bot.double.served_429 == 1


async def test_during_a_cloudflare_ban_no_other_job_sends_anything(
    slow_bot: Bot,
) -> None:
    double = slow_bot.double
    first, second = await slow_bot.rendering(), await slow_bot.rendering(user=double.people.other_member)
    await double.fault("cloudflare", route="^PATCH", times=9)
    for job in await slow_bot.jobs():
        delivery = await slow_bot.core.store.delivery_of(job.id)
        assert delivery is not None
        with pytest.raises(DeliveryDelayed, match="Discord asks for a pause"):
            await slow_bot.chat.messenger.show(job, delivery, Progress(Phase.RENDERING, steps=Steps(2, 4)))
    slow_bot.release()
    await slow_bot.until(lambda: len(slow_bot.core.observer.troubles) == 2)
    assert double.served_429 == 1
    double.stage.planned.clear()
    slow_bot.advance(601)
    await slow_bot.until_recorded(2)
    assert clips(double) == [first, second]


@pytest.mark.parametrize("status", [500, 502])
async def test_an_upload_stored_in_spite_of_an_error_is_not_posted_twice(slow_bot: Bot, status: int) -> None:
    message = await slow_bot.rendering()
    await slow_bot.double.fault("unknown_message", message=message)
    await slow_bot.double.fault("server_error", status=status)
    await slow_bot.finish()
    assert slow_bot.the_clip.nonce == (await slow_bot.the_job()).id
    assert len(slow_bot.double.requests("POST /channels")) == 2


async def test_an_edit_answered_with_an_error_is_made_again(slow_bot: Bot) -> None:
    message = await slow_bot.rendering()
    await slow_bot.double.fault("server_error", route="^PATCH", status=502)
    await slow_bot.finish()
    assert slow_bot.the_clip is message


async def test_a_clip_that_is_gone_from_the_store_is_told(slow_bot: Bot) -> None:
    message = await slow_bot.rendering()
    await slow_bot.double.fault("cloudflare", route="^PATCH")
    slow_bot.release()
    await slow_bot.until(lambda: slow_bot.core.observer.troubles)
    job = await slow_bot.the_job()
    assert job.artifact is not None
    await slow_bot.core.artifacts.delete(job.artifact)
    slow_bot.advance(601)
    await slow_bot.until_recorded()
    assert message.content.startswith(
        "📭 The clip is no longer kept. The same prompt, settings and seed make it again."
    )


async def test_where_a_private_answer_takes_no_file_it_says_where_the_clip_went(bot: Bot) -> None:
    await bot.clip()
    await bot.until_recorded()
    job = await bot.the_job()
    shown = await bot.ask("flipbook show", id=job.id, channel_of_command=bot.double.places.no_files)
    assert shown.content == "It could not be shown here. You will find it in a direct message from Flipbook."
    assert [message.channel for message in clips(bot.double)] == [bot.double.places.text, bot.double.places.dm]


@pytest.mark.parametrize("who", ["other_member", "moderator"])
async def test_who_asks_to_see_a_clip_again_gets_it_and_not_who_asked_for_it(bot: Bot, who: str) -> None:
    people, world, asked_by = bot.double.people, bot.double.world, getattr(bot.double.people, who)
    await bot.clip()
    await bot.until_recorded()
    job = await bot.the_job()
    before = await bot.core.store.delivery_of(job.id)
    owned = clips_in(world.dm_with(people.member))
    await bot.double.fault("missing_permission", channel=bot.double.places.text)
    shown = await bot.ask("flipbook show", id=job.id, user=asked_by)
    await bot.until_recorded(2)
    assert "You will find it in a direct message" in shown.content
    assert (clips_in(world.dm_with(asked_by)), clips_in(world.dm_with(people.member))) == (1, owned)
    after = await bot.core.store.delivery_of(job.id)
    assert before is not None
    assert after is not None
    assert after.message == before.message  # a copy is not the job's message


def clips_in(channel: Channel) -> int:
    return sum(bool(message.files) for message in channel.messages.values())
