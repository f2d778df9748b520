"""The Discord double serves a real discord.py client: what a person does reaches the bot, what the bot says is seen."""

from io import BytesIO

import discord
import pytest
from aiohttp import ClientResponseError

from doubles.discord.sample_bot import CLIP, RawClient, SampleBot, point_at, running
from doubles.discord.server import DiscordDouble
from doubles.discord.waiting import Seen
from doubles.discord.wire.options import CannotDoThat

pytest_plugins = ["doubles.discord.fixtures"]


@pytest.fixture
async def bot(discord_double: DiscordDouble, monkeypatch):
    point_at(discord_double, monkeypatch)
    async with running(discord_double, SampleBot()) as bot:
        yield bot


@pytest.fixture
async def finished_clip(discord_double, bot):
    return await discord_double.wait_for_reply(await discord_double.slash("animate", prompt="a paper boat"))


async def test_a_login_is_served_in_the_documented_order(discord_double, bot):
    names = [item.name for item in discord_double.log if item.kind in {"rest", "from bot"}]
    app = discord_double.world.bot.id
    assert names == [
        "GET /users/@me",
        "GET /oauth2/applications/@me",
        f"PUT /applications/{app}/commands",
        "op 2",
    ]
    assert {guild.name for guild in bot.guilds} == {"studio", "elsewhere"}
    thread = bot.get_guild(discord_double.guilds.studio.id).get_thread(discord_double.places.thread.id)
    assert thread.parent.name == "clips"


async def test_a_wrong_token_does_not_get_in(discord_double, monkeypatch):
    point_at(discord_double, monkeypatch)
    async with SampleBot() as client:
        with pytest.raises(discord.LoginFailure):
            await client.login("bm90.the.token")


async def test_a_synced_command_keeps_its_id(discord_double, bot):
    before = {command.name: command.id for command in await bot.tree.fetch_commands()}
    again = {command.name: command.id for command in await bot.tree.sync()}
    assert again == before
    assert sorted(before) == ["Repeat", "animate", "form", "limits", "ping", "style"]


async def test_a_deferred_answer_becomes_the_clip_and_its_bytes_are_served(discord_double, bot):
    asked = await discord_double.slash("animate", prompt="a paper boat", turbo=True)
    message = await discord_double.wait_for_reply(asked)
    assert discord_double.state() == {
        "clips": [
            Seen("flipbook", "a paper boat (turbo)", files=("clip.mp4",), custom_ids=("v1:reroll:1",)),
        ]
    }
    assert await discord_double.download(message.attachments[0]) == CLIP
    assert message.attachments[0].content_type == "video/mp4"


async def test_files_are_served_in_parts_and_their_links_expire(discord_double, finished_clip):
    attachment = finished_clip.attachments[0]
    assert await discord_double.download(attachment, headers={"Range": "bytes=10-19"}) == CLIP[10:20]
    assert await discord_double.download(attachment, headers={"Range": "bytes=-5"}) == CLIP[-5:]
    with pytest.raises(ClientResponseError, match="416"):
        await discord_double.download(attachment, headers={"Range": "bytes=9999-"})
    url = discord_double.stage.links.url(attachment)
    discord_double.clock.advance(24 * 3600 + 1)
    async with RawClient(discord_double) as raw:
        expired = await raw._session.get(url)
        forged = await raw._session.get(discord_double.stage.links.url(attachment).replace("hm=", "hm=0"))
        assert (expired.status, forged.status) == (404, 404)
        expired.release()
        forged.release()
    assert await discord_double.download(attachment) == CLIP


async def test_an_ephemeral_answer_is_seen_by_one_person_only(discord_double, bot):
    asked = await discord_double.slash("ping")
    await discord_double.wait_until(lambda: asked.followups)
    assert discord_double.state() == {
        "clips": [Seen("flipbook", "pong", only_for="mira"), Seen("flipbook", "pong again", only_for="mira")]
    }
    with pytest.raises(CannotDoThat):
        await discord_double.react(asked.original, user=discord_double.people.owner)
    assert discord_double.requests("/channels/") == []


async def test_a_click_reaches_the_bot_and_edits_the_message(discord_double, bot, finished_clip):
    clicked = await discord_double.click(finished_clip, "v1:reroll:1", user=discord_double.people.owner)
    await discord_double.wait_for_answer(clicked)
    assert await bot.next_heard("click") == "v1:reroll:1"
    assert (finished_clip.content, finished_clip.files) == ("clicked v1:reroll:1", ["clip.mp4"])


async def test_reactions_reach_the_bot_and_its_own_echo_too(discord_double, bot, finished_clip):
    people = discord_double.people
    await discord_double.react(finished_clip, "🔁", user=people.other_member)
    assert await bot.next_heard("reaction") == ("🔁", people.other_member.id, people.bot.id)
    channel = bot.get_channel(finished_clip.channel.id)
    message = await channel.fetch_message(finished_clip.id)
    await message.add_reaction("✅")
    assert await bot.next_heard("reaction") == ("✅", people.bot.id, people.bot.id)
    assert [str(item.emoji) for item in message.reactions] == ["🔁"]
    assert [user.name async for user in message.reactions[0].users()] == ["nils"]
    await discord_double.unreact(finished_clip, "🔁", user=people.other_member)
    assert list(finished_clip.reactions) == ["✅"]


async def test_a_modal_is_opened_filled_in_and_answered(discord_double, bot):
    opened = await discord_double.wait_for_answer(await discord_double.slash("form"))
    with pytest.raises(CannotDoThat):
        await discord_double.submit(opened, words="x" * 21)
    submitted = await discord_double.submit(opened, words="a boat")
    reply = await discord_double.wait_for_reply(submitted)
    assert (await bot.next_heard("modal"))["custom_id"] == "form"
    assert reply.content == "noted"


async def test_autocomplete_offers_what_the_bot_answers(discord_double, bot):
    assert await discord_double.autocomplete("style", "name", "o") == [{"name": "oil", "value": "oil"}]


async def test_sub_commands_carry_their_options_and_people(discord_double, bot):
    people = discord_double.people
    options = {"user": people.other_member}
    asked = await discord_double.slash("limits set", user=people.moderator, options=options, per_day=3)
    assert (await discord_double.wait_for_reply(asked)).content == "nils: 3"


async def test_a_context_menu_carries_its_message(discord_double, bot, finished_clip):
    asked = await discord_double.menu("Repeat", finished_clip)
    assert (await discord_double.wait_for_reply(asked)).content == f"repeats {finished_clip.id}"


async def test_people_can_only_send_what_discords_app_would(discord_double, bot):
    with pytest.raises(CannotDoThat, match="there is no command 'dance'"):
        await discord_double.slash("dance")
    with pytest.raises(CannotDoThat, match="needs \\['prompt'\\]"):
        await discord_double.slash("animate")
    with pytest.raises(CannotDoThat, match="outside 1…100"):
        await discord_double.slash("animate", prompt="x" * 101)
    with pytest.raises(CannotDoThat, match="not offered to mira"):
        await discord_double.slash("limits set", options={"user": discord_double.people.owner}, per_day=1)
    with pytest.raises(CannotDoThat, match="without a sub-command"):
        await discord_double.slash("limits", user=discord_double.people.owner)


@pytest.mark.parametrize("place", ["thread", "age_restricted", "age_restricted_thread", "elsewhere", "dm"])
async def test_commands_work_in_every_kind_of_place(discord_double, bot, place):
    channel = getattr(discord_double.places, place)
    asked = await discord_double.slash("animate", channel=channel, prompt="a boat")
    message = await discord_double.wait_for_reply(asked)
    assert (message.channel, message.files) == (channel, ["clip.mp4"])


async def test_a_reply_names_its_message_and_a_nonce_is_taken_once(discord_double, bot):
    said = await discord_double.say("draw a boat")
    channel = bot.get_channel(said.channel.id)
    target = channel.get_partial_message(said.id)
    first = await channel.send("here it is", reference=target, nonce="job1")
    again = await channel.send("here it is", reference=target, nonce="job1")
    assert (first.id, first.reference.message_id) == (again.id, said.id)
    assert [message.content for message in discord_double.world.messages()] == ["draw a boat", "here it is"]


async def test_an_edit_keeps_the_files_it_names_and_drops_the_others(discord_double, bot, finished_clip):
    message = await bot.get_channel(finished_clip.channel.id).fetch_message(finished_clip.id)
    more = discord.File(BytesIO(b"poster"), "poster.png", description="The first frame")
    await message.edit(attachments=[message.attachments[0], more])
    assert [(item.filename, item.description) for item in finished_clip.attachments] == [
        ("clip.mp4", None),
        ("poster.png", "The first frame"),
    ]
    dropped = finished_clip.attachments[0]
    await message.edit(attachments=[])
    assert finished_clip.files == []
    with pytest.raises(ClientResponseError, match="404"):
        await discord_double.download(dropped)


async def test_what_people_say_is_blank_without_the_message_content_intent(discord_double, bot):
    await discord_double.say("hello there")
    assert await bot.next_heard("message") == ""
    await discord_double.say(f"hello {discord_double.people.bot.mention}")
    assert await bot.next_heard("message") == f"hello {discord_double.people.bot.mention}"


async def test_the_upload_limit_follows_boosts_and_the_persons_own(discord_double, bot):
    discord_double.guilds.studio.boost_tier = 2
    boosted = await discord_double.slash("ping")
    discord_double.people.owner.upload_limit = 500 * 1024 * 1024
    own = await discord_double.slash("ping", user=discord_double.people.owner)
    elsewhere = await discord_double.slash("ping", guild=discord_double.guilds.elsewhere)
    limits = [item.attachment_size_limit // 1024**2 for item in (boosted, own, elsewhere)]
    assert limits == [50, 500, 10]
    for asked in (boosted, own, elsewhere):
        await discord_double.wait_for_reply(asked)


async def test_without_a_judge_nothing_is_judged_but_the_rules_hold(monkeypatch):
    async with DiscordDouble(judge=None) as double:
        point_at(double, monkeypatch)
        async with running(double, SampleBot()), RawClient(double) as raw:
            await double.wait_for_reply(await double.slash("ping"))
            assert (await raw("POST", f"/channels/{double.places.text.id}/messages", {"content": ""})).code == 50006
        assert (double.judged, double.take_violations()) == (
            0,
            [f"POST /channels/{double.places.text.id}/messages: an empty message"],
        )
