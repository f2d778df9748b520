"""Every fault of the Discord double does to a real discord.py client what Discord would do."""

import asyncio

import discord
import pytest

from doubles.discord.backstage import Strictness
from doubles.discord.gateway.intents import Intent
from doubles.discord.sample_bot import RawClient, SampleBot, point_at, running
from doubles.discord.server import DiscordDouble
from doubles.discord.state.messages import Message

pytest_plugins = ["doubles.discord.fixtures"]


@pytest.fixture
async def bot(discord_double: DiscordDouble, monkeypatch):
    point_at(discord_double, monkeypatch)
    async with running(discord_double, SampleBot()) as bot:
        yield bot


@pytest.fixture
def channel(discord_double, bot):
    return bot.get_channel(discord_double.places.text.id)


@pytest.fixture
async def clip(discord_double, bot) -> Message:
    return await discord_double.wait_for_reply(await discord_double.slash("animate", prompt="a paper boat"))


async def code_of(awaitable) -> int:
    """The Discord code with which a call is refused."""
    with pytest.raises(discord.HTTPException) as refused:
        await awaitable
    return refused.value.code


async def closed_with(double: DiscordDouble, code: int) -> None:
    """A running bot whose socket is closed; it ends with the bot's own error."""
    async with running(double, SampleBot()):
        await double.fault("close", code=code)
        await asyncio.Event().wait()


@pytest.mark.parametrize("fault", ["op7", "abort"])
async def test_a_lost_connection_is_resumed_and_nothing_is_missed(discord_double, bot, clip, fault):
    await discord_double.fault(fault)
    await discord_double.wait_until(lambda: not discord_double.gateway.live)
    await discord_double.react(clip)
    assert (await bot.next_heard("reaction"))[0] == "🔁"
    assert (discord_double.gateway.identified, discord_double.gateway.resumed) == (1, 1)


async def test_an_invalid_session_means_a_fresh_identify(discord_double, bot, clip):
    await discord_double.fault("op9")
    await discord_double.wait_until(lambda: discord_double.gateway.identified == 2 and discord_double.gateway.live)
    await discord_double.react(clip)
    assert (await bot.next_heard("reaction"))[0] == "🔁"
    assert discord_double.gateway.resumed == 0


async def test_a_silent_gateway_is_left_and_the_session_resumed(discord_double, monkeypatch):
    discord_double.gateway.heartbeat_ms = 50
    point_at(discord_double, monkeypatch)
    async with running(discord_double, SampleBot(heartbeat_timeout=1.5)):
        await discord_double.fault("no_heartbeat_ack")
        await discord_double.wait_until(lambda: discord_double.gateway.resumed)


async def test_a_privileged_intent_that_is_not_granted_closes_the_socket(discord_double, monkeypatch):
    point_at(discord_double, monkeypatch)
    async with SampleBot(intents=discord.Intents(53608189)) as client:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await client.start(discord_double.token)


async def test_a_granted_privileged_intent_is_taken(discord_double, monkeypatch):
    discord_double.gateway.allowed_privileged = Intent.MESSAGE_CONTENT
    point_at(discord_double, monkeypatch)
    async with running(discord_double, SampleBot(intents=discord.Intents(53608189))) as bot:
        await discord_double.say("hello there")
        assert await bot.next_heard("message") == "hello there"


async def test_a_socket_closed_with_a_bad_token_ends_the_client(discord_double, monkeypatch):
    point_at(discord_double, monkeypatch)
    with pytest.raises(ExceptionGroup) as ended:
        await closed_with(discord_double, 4004)
    assert [error.code for error in ended.value.exceptions] == [4004]


async def test_a_duplicated_event_reaches_the_bot_twice(discord_double, bot, clip):
    await discord_double.fault("duplicate_events", event="MESSAGE_REACTION_ADD")
    await discord_double.react(clip)
    assert await bot.next_heard("reaction") == await bot.next_heard("reaction")


async def test_a_resume_can_replay_what_was_there_already(discord_double, bot, clip):
    await discord_double.react(clip)
    first = await bot.next_heard("reaction")
    await discord_double.fault("replay_too_much", events=1)
    await discord_double.fault("op7")
    assert await bot.next_heard("reaction") == first


@pytest.mark.parametrize("is_global", [False, True])
async def test_a_rate_limit_is_waited_for_and_one_message_posted(discord_double, channel, is_global):
    await discord_double.fault("rate_limit", route="^POST /channels", retry_after=0.01, is_global=is_global)
    await channel.send("hello")
    assert [message.content for message in discord_double.world.messages()] == ["hello"]
    assert discord_double.served_429 == 1


async def test_cloudflares_429_is_not_waited_for(discord_double, channel):
    await discord_double.fault("cloudflare", route="^POST /channels")
    with pytest.raises(discord.HTTPException, match="429"):
        await channel.send("hello")


@pytest.mark.parametrize(("fault", "code"), [("unknown_interaction", 10062), ("already_acknowledged", 40060)])
async def test_the_first_response_comes_too_late_or_second(discord_double, bot, fault, code):
    await discord_double.fault(fault)
    await discord_double.slash("animate", prompt="a boat")
    assert await bot.next_heard("error") == code


async def test_an_interaction_delivered_twice_may_be_answered_twice(discord_double, bot):
    await discord_double.fault("duplicate_events", event="INTERACTION_CREATE")
    asked = await discord_double.slash("style", name="ink")
    assert await bot.next_heard("error") == 40060
    assert asked.shown.content == "style ink"


async def test_a_thread_can_be_archived_under_the_bot(discord_double, bot):
    thread = bot.get_channel(discord_double.places.thread.id)
    await discord_double.fault("thread_archived", thread=discord_double.places.thread)
    assert await code_of(thread.send("hello")) == 50083
    await discord_double.fault("thread_archived", thread=discord_double.places.thread, locked=True)
    assert await code_of(thread.send("hello")) == 160005


async def test_a_token_lives_15_minutes_and_the_bots_own_token_goes_on(discord_double, bot, channel, clip):
    await discord_double.fault("token_expired")
    webhook = discord.Webhook.partial(bot.user.id, clip.interaction.token, client=bot)
    assert await code_of(webhook.edit_message(clip.id, content="late")) == 50027
    await channel.get_partial_message(clip.id).edit(content="in time")
    assert clip.content == "in time"


async def test_the_real_upload_limit_can_be_below_the_advertised_one(discord_double, channel, tmp_path):
    await discord_double.fault("too_large", channel=discord_double.places.text, limit=1000)
    (tmp_path / "clip.mp4").write_bytes(b"\0" * 1001)
    assert await code_of(channel.send(file=discord.File(tmp_path / "clip.mp4"))) == 40005
    assert discord_double.refusals == [(f"POST /channels/{channel.id}/messages", 40005)]


async def test_a_permission_can_be_taken_away_and_the_bot_is_told(discord_double, bot, channel, tmp_path):
    assert channel.permissions_for(channel.guild.me).attach_files
    await discord_double.fault("missing_permission", channel=discord_double.places.text)
    (tmp_path / "clip.mp4").write_bytes(b"\0")
    assert await code_of(channel.send(file=discord.File(tmp_path / "clip.mp4"))) == 50013
    assert not channel.permissions_for(channel.guild.me).attach_files


@pytest.mark.parametrize(
    ("place", "code"), [("no_sending", 50013), ("archived_thread", 50083), ("no_files", None), ("thread", None)]
)
async def test_places_take_messages_or_do_not(discord_double, bot, place, code):
    channel = bot.get_partial_messageable(getattr(discord_double.places, place).id)
    if code is None:
        await channel.send("hello")
    else:
        assert await code_of(channel.send("hello")) == code


async def test_a_deleted_message_is_unknown(discord_double, channel, clip):
    await discord_double.fault("unknown_message", message=clip)
    assert await code_of(channel.get_partial_message(clip.id).edit(content="gone")) == 10008
    assert discord_double.state() == {}


async def test_a_closed_dm_is_refused(discord_double, bot):
    member = await bot.fetch_user(discord_double.people.member.id)
    await member.send("hello")
    await discord_double.fault("dms_closed", user=discord_double.people.member)
    assert await code_of(member.send("hello again")) == 50007


@pytest.mark.parametrize("status", [500, 502])
async def test_what_was_stored_before_a_server_error_is_not_stored_twice(discord_double, status):
    await discord_double.fault("server_error", status=status)
    path, body = f"/channels/{discord_double.places.text.id}/messages", {"nonce": "job1", "enforce_nonce": True}
    async with RawClient(discord_double) as raw:
        first = await raw("POST", path, {"content": "a clip", **body}, files={"clip.mp4": b"\0"})
        second = await raw("POST", path, {"content": "a clip", **body}, files={"clip.mp4": b"\0"})
    (stored,) = discord_double.world.messages()
    assert (first.status, second.status, second.body["id"]) == (status, 200, str(stored.id))


async def test_a_guild_can_be_gone(discord_double, bot, channel):
    await discord_double.fault("guild_gone", guild=discord_double.guilds.studio)
    assert await code_of(channel.send("hello")) == 50001
    assert await code_of(bot.tree.sync(guild=channel.guild)) == 50001
    assert [guild.name for guild in bot.guilds] == ["elsewhere"]


async def test_a_channel_can_be_gone_with_its_threads(discord_double, bot, channel, clip):
    thread = bot.get_channel(discord_double.places.thread.id)
    await discord_double.fault("channel_gone", channel=discord_double.places.text)
    assert [await code_of(place.send("hello")) for place in (channel, thread)] == [10003, 10003]
    assert clip.deleted


async def test_an_old_message_takes_few_edits_more(open_discord_double, monkeypatch):
    double = await open_discord_double(
        strictness=Strictness(old_edits=1, old_edit_retry_after=0.01, edit_interval=None)
    )
    point_at(double, monkeypatch)
    async with running(double, SampleBot()) as bot:
        message = await bot.get_channel(double.places.text.id).send("queued")
        double.clock.advance(3601)
        await message.edit(content="running")
        assert await code_of(message.edit(content="still running")) == 30046
    assert double.served_429 == 5


async def test_an_unknown_fault_is_named(discord_double, bot):
    with pytest.raises(ValueError, match="no fault 'earthquake'; there are"):
        await discord_double.fault("earthquake")
