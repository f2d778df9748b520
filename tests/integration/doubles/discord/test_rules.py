"""The Discord double notices what a client does wrong, by the official description and by the rules of sense."""

import pytest

from doubles.discord.backstage import Strictness
from doubles.discord.sample_bot import RawClient
from doubles.discord.server import DiscordDouble
from doubles.discord.state.interactions import Interaction
from doubles.discord.state.messages import Message
from judges.specs import specs

pytest_plugins = ["doubles.discord.fixtures"]

ROW = 1
BUTTON = {"type": 2, "style": 1, "label": "Re-roll", "custom_id": "v1:reroll:1"}
V2 = 1 << 15


@pytest.fixture
async def raw(discord_double: DiscordDouble):
    async with RawClient(discord_double) as raw:
        yield raw


@pytest.fixture
def messages(discord_double) -> str:
    return f"/channels/{discord_double.places.text.id}/messages"


@pytest.fixture
async def posted(discord_double, raw, messages) -> Message:
    reply = await raw("POST", messages, {"content": "queued"})
    return discord_double.places.text.messages[int(reply.body["id"])]


@pytest.fixture
async def asked(discord_double, raw) -> Interaction:
    commands = [{"name": "animate", "description": "A clip"}]
    await raw("PUT", f"/applications/{discord_double.world.bot.id}/commands", commands)
    return await discord_double.slash("animate")


def callback(interaction: Interaction) -> str:
    return f"/interactions/{interaction.id}/{interaction.token}/callback"


def webhook(double: DiscordDouble, interaction: Interaction) -> str:
    return f"/webhooks/{double.world.bot.id}/{interaction.token}"


async def test_a_misspelt_field_is_caught_by_the_official_description(discord_double, raw, messages):
    specs()
    await raw("POST", messages, {"content": "hello", "contnt": "hello"})
    (violation,) = discord_double.take_violations()
    assert "create_message request" in violation
    assert "contnt" in violation


async def test_a_route_the_double_lacks_is_a_violation(discord_double, raw):
    assert (await raw("GET", "/voice/regions")).status == 404
    assert discord_double.take_violations() == ["no route GET /voice/regions in this double"]


@pytest.mark.parametrize(
    ("body", "code", "violation"),
    [
        ({"content": ""}, 50006, "an empty message"),
        ({"content": "x" * 2001}, 50035, "content of 2001 characters; 2000 are allowed"),
        (
            {"embeds": [{"description": "x" * 3001}, {"description": "x" * 3000}]},
            50035,
            "embeds of 6001 characters in total; 6000 are allowed",
        ),
        (
            {"content": "hi", "components": [{"type": ROW, "components": [BUTTON, BUTTON]}]},
            50035,
            "custom_id ['v1:reroll:1'] is not unique in the message",
        ),
        (
            {"content": "hi", "components": [{"type": 10, "content": "text"}]},
            50035,
            "layout components without the Components V2 flag",
        ),
        (
            {"content": "hi", "flags": V2, "components": [{"type": 10, "content": "text"}]},
            50035,
            "the Components V2 flag together with content or embeds",
        ),
        (
            {"content": "hi", "attachments": [{"id": 3, "filename": "clip.mp4"}]},
            50035,
            "attachment id 3 names neither a kept file nor a files[n] part",
        ),
    ],
)
async def test_a_message_that_can_never_be_right_is_a_violation(discord_double, raw, messages, body, code, violation):
    assert (await raw("POST", messages, body)).code == code
    assert discord_double.take_violations() == [f"POST {messages}: {violation}"]


async def test_an_unescaped_everyone_is_a_violation(discord_double, raw, messages):
    await raw("POST", messages, {"content": "hello @everyone"})
    await raw("POST", messages, {"content": "hello @here", "allowed_mentions": {"parse": ["everyone"]}})
    await raw("POST", messages, {"content": "hello @everyone", "allowed_mentions": {"parse": []}})
    assert discord_double.take_violations() == [
        "content holds @everyone or @here, and allowed_mentions is missing",
        "content holds @everyone or @here, and allowed_mentions lets it ping",
    ]


async def test_the_second_layout_is_for_ever(discord_double, raw, messages):
    layout = {"flags": V2, "components": [{"type": 10, "content": "queued"}]}
    reply = await raw("POST", messages, layout)
    one = f"{messages}/{reply.body['id']}"
    assert (await raw("PATCH", one, {"components": [{"type": 10, "content": "running"}]})).status == 200
    assert (await raw("PATCH", one, {"flags": 0})).code == 50035
    assert discord_double.take_violations() == [
        f"PATCH {one}: the Components V2 flag can never be removed from a message"
    ]


async def test_the_second_layout_shows_every_file(discord_double, raw, messages):
    clip = {"clip.mp4": b"\0"}
    gallery = [{"type": 12, "items": [{"media": {"url": "attachment://clip.mp4"}}]}]
    shown = await raw("POST", messages, {"flags": V2, "components": gallery}, files=clip)
    media = shown.body["components"][0]["items"][0]["media"]
    assert media["url"] == shown.body["attachments"][0]["url"]
    hidden = {"flags": V2, "components": [{"type": 10, "content": "text"}]}
    assert (await raw("POST", messages, hidden, files=clip)).code == 50035
    assert discord_double.take_violations() == [
        f"POST {messages}: files ['clip.mp4'] are shown by no component of the layout"
    ]


async def test_only_own_messages_can_be_edited(discord_double, raw, messages):
    said = await discord_double.say("mine")
    assert (await raw("PATCH", f"{messages}/{said.id}", {"content": "yours"})).code == 50005
    assert discord_double.take_violations() == [f"PATCH {messages}/{said.id}: an edit of another author's message"]


async def test_ephemeral_messages_are_reached_only_with_the_token(discord_double, raw, messages, asked):
    await raw("POST", callback(asked), {"type": 4, "data": {"content": "secret", "flags": 64}})
    assert (await raw("GET", f"{messages}/{asked.original.id}")).code == 10008
    assert (await raw("GET", f"{webhook(discord_double, asked)}/messages/@original")).body["content"] == "secret"
    assert discord_double.take_violations() == [
        f"GET {messages}/{asked.original.id}: an ephemeral message was asked for with the bot's token"
    ]


@pytest.mark.parametrize("moved", [True, False], ids=["by the clock", "by the bot"])
async def test_the_first_response_is_due_within_3_seconds(discord_double, raw, asked, moved):
    discord_double.clock.advance(3.1)
    if not moved:
        asked.clock_moved = discord_double.clock.moved
    assert (await raw("POST", callback(asked), {"type": 5})).code == 10062
    late = [] if moved else [f"POST {callback(asked)}: the first response came after 3 s"]
    assert discord_double.take_violations() == late


async def test_the_first_response_is_given_once(discord_double, raw, asked):
    assert (await raw("POST", callback(asked), {"type": 5})).status == 204
    assert (await raw("POST", callback(asked), {"type": 5})).code == 40060
    assert discord_double.take_violations() == [f"POST {callback(asked)}: a second first response"]


async def test_nothing_follows_before_the_first_response(discord_double, raw, asked):
    path = webhook(discord_double, asked)
    assert (await raw("POST", path, {"content": "early"})).code == 10015
    assert discord_double.take_violations() == [f"POST {path}: the token was used before a first response was taken"]


async def test_the_token_is_void_after_15_minutes(discord_double, raw, asked):
    await raw("POST", callback(asked), {"type": 5})
    discord_double.clock.advance(15 * 60 - 1)
    original = f"{webhook(discord_double, asked)}/messages/@original"
    assert (await raw("PATCH", original, {"content": "just in time"})).status == 200
    discord_double.clock.advance(2)
    assert (await raw("PATCH", original, {"content": "too late"})).code == 50027
    assert asked.original.content == "just in time"


async def test_a_deferral_can_only_say_ephemeral(discord_double, raw, asked):
    assert (await raw("POST", callback(asked), {"type": 5, "data": {"flags": V2}})).code == 50035
    assert "only EPHEMERAL can be set there" in discord_double.take_violations()[0]


async def test_a_follow_up_after_a_deferral_is_the_deferred_answer(discord_double, raw, asked):
    await raw("POST", callback(asked), {"type": 5})
    await raw("POST", webhook(discord_double, asked), {"content": "done"})
    assert (asked.shown.content, asked.followups) == ("done", [])


@pytest.mark.parametrize(
    ("command", "violation"),
    [
        ({"name": "Animate", "description": "A"}, "name 'Animate' is not lower case"),
        ({"name": "a b", "description": "A"}, "name 'a b' is not 1 to 32 of letters, digits, - _ '"),
        (
            {"name": "a", "description": "A", "options": [{"type": 3, "name": "x", "description": "X"}] * 2},
            "a: duplicate option names in ['x', 'x']",
        ),
        (
            {
                "name": "a",
                "description": "A",
                "options": [
                    {"type": 3, "name": "x", "description": "X"},
                    {"type": 3, "name": "y", "description": "Y", "required": True},
                ],
            },
            "a: a required option after an optional one",
        ),
    ],
)
async def test_wrong_command_definitions_are_violations(discord_double, raw, command, violation):
    path = f"/applications/{discord_double.world.bot.id}/commands"
    assert (await raw("PUT", path, [command])).code == 50035
    assert discord_double.take_violations() == [f"PUT {path}: {violation}"]


async def test_200_new_commands_a_day_and_guild_are_taken(discord_double, raw):
    studio = discord_double.guilds.studio
    path = f"/applications/{discord_double.world.bot.id}/guilds/{studio.id}/commands"
    studio.commands_created_today = 199
    one, two = [{"name": name, "description": "A clip"} for name in ("animate", "reroll")]
    assert (await raw("PUT", path, [one])).status == 200
    assert (await raw("PUT", path, [one])).status == 200
    assert (await raw("PUT", path, [one, two])).code == 30034


async def test_progress_edits_keep_an_interval_but_the_end_state_need_not_wait(open_discord_double):
    double = await open_discord_double(strictness=Strictness(edit_interval=3.0))
    double.clock.freeze()
    async with RawClient(double) as raw:
        messages = f"/channels/{double.places.text.id}/messages"
        one = f"{messages}/{(await raw('POST', messages, {'content': 'queued'})).body['id']}"
        for wait, content in ((0, "10%"), (3, "20%"), (1, "failed")):
            double.clock.advance(wait)
            await raw("PATCH", one, {"content": content})
        assert double.violations == []
        await raw("PATCH", one, {"content": "after all"})
    assert double.take_violations() == ["progress edits 1.00 s apart on one message; 3 s is the least"]


async def test_hammering_on_is_a_violation(discord_double, raw):
    replies = [await raw("POST", "/users/@me/channels", {"recipient_id": "1"}, token="wrong") for _ in range(12)]
    assert {reply.status for reply in replies} == {401}
    assert discord_double.take_violations() == ["POST /users/@me/channels: hammered on in spite of 401"]


async def test_reactions_have_their_limits(discord_double, raw, messages, posted):
    reactions = f"{messages}/{posted.id}/reactions"
    for n in range(20):
        await discord_double.react(posted, chr(0x1F600 + n))
    assert (await raw("PUT", f"{reactions}/🔁/@me")).code == 30010
    assert (await raw("PUT", f"{reactions}/nonsense/@me")).code == 10014
    member = discord_double.people.member
    assert (await raw("DELETE", f"{reactions}/{chr(0x1F600)}/{member.id}")).code == 50013
    discord_double.people.bot.blocks_bot = True
    assert (await raw("PUT", f"{reactions}/{chr(0x1F600)}/@me")).code == 90001


async def test_buckets_refuse_what_is_too_fast_and_refill_by_the_clock(open_discord_double):
    double = await open_discord_double(buckets=True, strictness=Strictness(edit_interval=None))
    double.clock.freeze()
    async with RawClient(double) as raw:
        messages = f"/channels/{double.places.text.id}/messages"
        one = f"{messages}/{(await raw('POST', messages, {'content': 'queued'})).body['id']}"
        replies = [await raw("PATCH", one, {"content": str(n)}) for n in range(6)]
        assert [reply.status for reply in replies] == [200] * 5 + [429]
        assert replies[4].headers["X-RateLimit-Remaining"] == "0"
        assert (replies[5].body["retry_after"], replies[5].headers["Via"]) == (5.0, "1.1 google")
        double.clock.advance(5)
        assert (await raw("PATCH", one, {"content": "6"})).status == 200
    assert double.served_429 == 1


async def test_each_interaction_token_has_a_bucket_of_its_own(open_discord_double):
    double = await open_discord_double(buckets=True, strictness=Strictness(edit_interval=None))
    double.clock.freeze()
    async with RawClient(double) as raw:
        commands = [{"name": "animate", "description": "A clip"}]
        await raw("PUT", f"/applications/{double.world.bot.id}/commands", commands)
        first, second = await double.slash("animate"), await double.slash("animate")
        for asked in (first, second):
            answered = await raw("POST", callback(asked), {"type": 5})
            assert "X-RateLimit-Bucket" not in answered.headers
        edits = [f"{webhook(double, asked)}/messages/@original" for asked in (first, second)]
        assert [(await raw("PATCH", edits[0], {"content": str(n)})).status for n in range(6)] == [200] * 5 + [429]
        assert (await raw("PATCH", edits[1], {"content": "free"})).status == 200
