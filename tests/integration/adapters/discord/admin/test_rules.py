"""``/flipbook-admin``: presets, settings, roles, members, the log channel, pauses; and what members meet then."""

from dataclasses import replace

import pytest

from adapters.discord.refs import server_ref, user_ref
from discord_bot import Bot
from doubles.discord.server import DiscordDouble
from doubles.discord.state.messages import Message
from doubles.discord.state.people import Role, User
from factories import a_notice
from generation.domain.refs import ServerRef
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from generation.rules.policy import Policy

CEILED = OperatorRules(backends=("fal",), ceilings={"user_clips_per_day": 30})


def server(bot: Bot) -> ServerRef:
    return server_ref(bot.double.guilds.studio.id)


async def policy(bot: Bot) -> Policy:
    return await bot.core.service.policy_of(server(bot))


@pytest.fixture
def role(discord_double: DiscordDouble) -> Role:
    """A role that the ordinary member has, since before the bot came."""
    guild = discord_double.guilds.studio
    role = Role(guild.id + 53, "painters", 0)
    guild.roles[role.id] = role
    guild.members[discord_double.people.member.id].role_ids.append(role.id)
    return role


async def as_admin(bot: Bot, command: str, **options: object) -> str:
    answer = await bot.ask_as_admin(command, **options)
    assert answer.ephemeral
    return answer.content


async def test_a_ceiling_is_shown_and_told_where_a_wish_would_pass_it(start_bot) -> None:
    bot = await start_bot(rules=CEILED)
    said = await as_admin(bot, "limits set", limit="user_clips_per_day", value="50")
    assert said.startswith("Clips per member per day: **50** from now on.")
    assert "30" in said
    assert (await bot.quota()).limits.user_clips_per_day == 30
    assert "- Clips per member per day: **30** (set: 50, the operator's ceiling: 30)" in await as_admin(
        bot, "limits show"
    )


async def test_a_preset_shows_what_it_changes_and_is_applied_by_one_more_step(bot: Bot) -> None:
    shown = await as_admin(bot, "limits preset", preset="open house")
    assert "- Clips per member per day: 20 → 5" in shown
    assert "`/flipbook-admin limits preset preset:open house apply:True`" in shown
    assert (await bot.quota()).limits == Limits()
    await as_admin(bot, "limits preset", preset="open house", apply=True)
    assert (await bot.quota()).limits.user_clips_per_day == 5
    assert "already" in await as_admin(bot, "limits preset", preset="open house")
    assert "changed clips per member per day from 20 to 5" in await as_admin(bot, "audit")


async def test_a_preset_is_looked_at_and_applied_by_buttons_of_admins_alone(bot: Bot) -> None:
    people = bot.double.people
    shown = await bot.ask_as_admin("limits show")
    assert shown.custom_ids == [f"v1:preset:{name}" for name in ("small-community", "company", "open-house")]
    refused = await press(bot, shown, "v1:preset:open-house", people.member)
    assert (await bot.quota()).limits == Limits()
    difference = await press(bot, shown, "v1:preset:open-house")
    assert "- Clips per member per day: 20 → 5" in difference.content
    assert difference.custom_ids == ["v1:apply_preset:open-house"]
    assert (await bot.quota()).limits == Limits()
    assert (await press(bot, difference, "v1:apply_preset:open-house", people.member)).content == refused.content
    assert (await bot.quota()).limits == Limits()
    applied = await press(bot, difference, "v1:apply_preset:open-house")
    assert ("- Clips per member per day: 20 → 5" in applied.content, applied.custom_ids) == (True, [])
    assert (await bot.quota()).limits.user_clips_per_day == 5
    again = await press(bot, shown, "v1:preset:open-house")
    assert ("already" in again.content, again.custom_ids) == (True, [])
    stale = await press(bot, shown, "v1:preset:zoo")
    assert stale.content.startswith("This button")


async def press(bot: Bot, message: Message, custom_id: str, user: User | None = None) -> Message:
    """The moderator presses a button, or somebody who has its id."""
    data = {"component_type": 2, "custom_id": custom_id}
    who = user or bot.double.people.moderator
    return await bot.double.wait_for_reply(bot.double._use_component(message, data, who))


async def test_settings_are_shown_and_set_one_by_one(bot: Bot) -> None:
    assert "- Log channel: **none**" in await as_admin(bot, "settings show")
    said = await as_admin(bot, "settings set", setting="time_zone", value="europe/berlin")
    assert said.startswith("Time zone: **Europe/Berlin**; the first day in it begins <t:")
    await as_admin(bot, "settings set", setting="default_frames", value="8")
    await as_admin(bot, "settings set", setting="added_negative", value="text, watermark")
    message = await bot.clip()
    assert "8 frames" in message.content
    assert "text, watermark" in message.content
    refusal = await as_admin(bot, "settings set", setting="default_frames", value="99")
    assert refusal == "Default frames must be a whole number from 1 to 32, or none, not '99'."
    assert "- Default frames: **8**" in await as_admin(bot, "settings show")


async def test_a_log_channel_is_tried_before_it_is_set(bot: Bot) -> None:
    night = bot.double.places.age_restricted
    assert "test message" in await as_admin(bot, "settings log_channel", channel=night)
    (tried,) = night.messages.values()
    assert tried.content.startswith("This is now Flipbook's log channel")
    assert (await policy(bot)).log_channel == str(night.id)
    assert "no log channel any more" in await as_admin(bot, "settings log_channel")
    assert (await policy(bot)).log_channel is None


async def test_a_log_channel_that_lacks_permissions_is_refused_and_they_are_named(bot: Bot) -> None:
    silent = bot.double.places.no_sending
    said = await as_admin(bot, "settings log_channel", channel=silent)
    assert said.startswith(f"In <#{silent.id}> Flipbook lacks these permissions: **Send Messages**.")
    assert (await policy(bot)).log_channel is None


async def test_what_could_not_be_posted_is_told_under_the_next_answer_to_an_admin(bot: Bot) -> None:
    async with bot.core.store.transaction() as tx:
        await tx.add_notice(a_notice(server=server(bot)))
    await bot.core.notices.post_due()
    known = set(bot.double.world.messages())
    await as_admin(bot, "limits show")
    await bot.until_handled()
    new = [each.content for each in bot.double.world.messages() if each not in known]
    assert any("log channel" in content and "switched off" in content for content in new)


async def refused(bot: Bot, **options: object) -> str | None:
    """The refusal that a member gets for a clip; None when it is taken."""
    message: Message = await bot.animate(**options)
    return message.content if message.ephemeral else None


async def test_roles_let_in_free_from_counts_and_give_quotas(role: Role, bot: Bot) -> None:
    other = bot.double.people.other_member
    await as_admin(bot, "roles allow", role=role)
    assert (await refused(bot, user=other) or "").startswith("Clips in this server are for members with the role <@&")
    # clips that are still being made are no matter here
    await as_admin(bot, "limits set", limit="user_active_jobs", value="10")
    assert await refused(bot) is None
    await as_admin(bot, "limits set", limit="user_clips_per_day", value="1")
    assert (await refused(bot) or "").startswith("You've used your only clip for today")
    await as_admin(bot, "roles quota", role=role, limit="user_clips_per_day", value="2")
    assert await refused(bot) is None
    assert (await refused(bot) or "").startswith("You've used all 2 of your clips for today")
    await as_admin(bot, "roles exempt", role=role)
    assert await refused(bot) is None
    shown = await as_admin(bot, "roles show")
    assert f"- With <@&{role.id}>: clips per member per day 2" in shown
    assert f"- Roles that are not counted: <@&{role.id}>" in shown
    said = await as_admin(bot, "roles remove", role=role)
    assert said.endswith("If you want that, use `/flipbook-admin roles everyone`.")
    await as_admin(bot, "roles everyone")
    assert (await policy(bot)).role_limits == {}


async def test_roles_count_for_reactions_too(role: Role, bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    await as_admin(bot, "roles allow", role=role)
    await bot.double.react(first)
    await bot.until_recorded(2)
    assert len(await bot.jobs()) == 2


async def test_a_list_of_members_lets_only_them_ask(bot: Bot) -> None:
    people = bot.double.people
    await as_admin(bot, "members allow", member=people.other_member)
    assert (await refused(bot) or "").startswith("The admins of this server have listed who may make clips")
    assert await refused(bot, user=people.other_member) is None
    last = await as_admin(bot, "members remove", member=people.other_member)
    assert last.endswith("If you want that, use `/flipbook-admin members everyone`.")
    await as_admin(bot, "members everyone")
    assert await refused(bot) is None


async def test_a_denied_channel_is_closed_with_its_threads_until_it_is_allowed_again(bot: Bot) -> None:
    places = bot.double.places
    await as_admin(bot, "channels deny", channel=places.text)
    assert await refused(bot, channel=places.thread) == "The admins of this server keep the bot to other channels."
    assert await refused(bot, channel=places.age_restricted) is None
    await as_admin(bot, "channels allow", channel=places.text)
    assert await refused(bot, channel=places.thread) is None


@pytest.mark.parametrize(
    ("rule", "in_plain_ones", "in_restricted_ones"), [("only", False, True), ("never", True, False)]
)
async def test_the_rule_on_age_restriction_asks_a_threads_parent(
    bot: Bot, rule: str, in_plain_ones: bool, in_restricted_ones: bool
) -> None:
    places = bot.double.places
    await as_admin(bot, "settings set", setting="age_restricted", value=rule)
    for plain in (places.text, places.thread):
        assert (await refused(bot, channel=plain) is None) is in_plain_ones
    for restricted in (places.age_restricted, places.age_restricted_thread):
        assert (await refused(bot, channel=restricted) is None) is in_restricted_ones


async def test_the_server_chooses_the_emoji_that_make_a_clip_again(bot: Bot) -> None:
    said = await as_admin(bot, "settings set", setting="reroll_emoji", value="🎲 <:party:123456789>")
    assert said == "Emoji that re-roll: **<:emoji:123456789> 🎲** from now on."
    first = await bot.clip()
    await bot.until_recorded()
    await bot.until(lambda: first.reactions)
    assert set(first.reactions) == {"🎲"}
    await bot.double.react(first, "🔁")
    await bot.double.react(first, "🎲\ufe0f")
    await bot.until_recorded(2)
    await bot.double.react(first, "party:123456789", user=bot.double.people.other_member)
    await bot.until_recorded(3)
    assert len(await bot.jobs()) == 3


async def test_an_admin_pauses_the_server_and_takes_clips_again(bot: Bot) -> None:
    said = await as_admin(bot, "pause", reason="Back at six", until="2h")
    assert "Back at six" in said
    refusal = await refused(bot)
    assert refusal is not None
    assert refusal.startswith("No new clips are taken for now: Back at six; it goes on <t:")
    assert await refused(bot, channel=bot.double.places.elsewhere) is None
    await as_admin(bot, "resume")
    assert await refused(bot) is None


async def test_only_an_operator_pauses_everywhere_and_ends_the_operators_pause(start_bot) -> None:
    bot = await start_bot()
    people = bot.double.people
    assert await as_admin(bot, "pause", everywhere=True) == "Only the bot's operators can do that."
    rules = replace(bot.core.service._rules, operators=frozenset({user_ref(people.member.id)}))
    bot.core.service._rules = rules
    asked = await bot.double.slash("flipbook-admin pause", options={"everywhere": True}, force=True)
    await bot.double.wait_for_reply(asked)
    assert (await refused(bot, channel=bot.double.places.elsewhere) or "").startswith("No new clips are taken")
    assert await as_admin(bot, "resume") == "The bot's operator has paused it; only the operator can change that."
    asked = await bot.double.slash("flipbook-admin resume", options={"everywhere": True}, force=True)
    await bot.double.wait_for_reply(asked)
    assert await refused(bot) is None


async def test_two_admins_at_once_do_not_undo_each_other(bot: Bot) -> None:
    people, places = bot.double.people, bot.double.places
    both = [
        await bot.double.slash("flipbook-admin block member", user=people.moderator, options={"member": people.member}),
        await bot.double.slash("flipbook-admin channels deny", user=people.owner, options={"channel": places.text}),
    ]
    for asked in both:
        await bot.double.wait_for_reply(asked)
    found = await policy(bot)
    assert (found.blocked_users, found.denied_channels) == ({str(people.member.id)}, {str(places.text.id)})
