"""``/flipbook`` and ``/flipbook-admin``: private answers, owners and admins kept apart, every change written down."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.discord.text.markup import message_url
from discord_bot import Bot
from doubles.discord.wire.options import CannotDoThat
from generation.backends.circuit_breaker import CircuitBreaker, Trouble
from generation.domain.job import JobStatus
from generation.rules.limits import Limits
from generation.rules.policy import Policy


async def test_the_queue_shows_words_and_ids_of_ones_own_clips_only(slow_bot: Bot) -> None:
    people, text = slow_bot.double.people, slow_bot.double.places.text
    await slow_bot.animate(prompt="mine *here*")
    await slow_bot.until_status(JobStatus.RUNNING)
    await slow_bot.animate(prompt="theirs", user=people.other_member, channel=slow_bot.double.places.age_restricted)
    await slow_bot.until(lambda: slow_bot.bought == 2)
    mine, _ = await slow_bot.jobs()
    shown = await slow_bot.ask("flipbook queue")
    assert shown.ephemeral
    head, first, second = shown.content.splitlines()
    assert head == "**Under way in this server**"
    assert first == (
        f"1. Rendering, step 1 of 4 · standard · {people.member.mention} · <#{text.id}>"
        f" · mine \\*here\\* · `{mine.name}`"
    )
    assert second.endswith(f"standard · {people.other_member.mention}")


async def test_an_empty_queue_says_so(bot: Bot) -> None:
    assert (await bot.ask("flipbook queue")).content == (
        "Nothing is under way in this server.\nType `/animate` and what you want to see."
    )


async def test_the_queue_says_which_backend_is_in_trouble(bot: Bot) -> None:
    now = bot.core.clock.now()
    bot.core.breakers["worker"] = CircuitBreaker().failed(Trouble.AWAY, now - timedelta(minutes=3), 600)
    assert (await bot.ask("flipbook queue")).content == (
        "⚠️ The worker cannot be reached (for 3 min now); new clips wait.\n"
        "Nothing is under way in this server.\nType `/animate` and what you want to see."
    )


async def test_history_is_ones_own_and_of_this_server(bot: Bot) -> None:
    assert (await bot.ask("flipbook history")).content == (
        "You have made no clips in this server yet.\nType `/animate` and what you want to see."
    )
    await bot.clip(prompt="a fox")
    await bot.clip(prompt="a boat", user=bot.double.people.other_member)
    await bot.clip(prompt="a moon", channel=bot.double.places.elsewhere)
    await bot.until_recorded(3)
    shown = await bot.ask("flipbook history")
    (job, *_) = await bot.jobs()
    assert job.finished_at is not None
    at = int(job.finished_at.timestamp())
    link = message_url((await bot.core.delivery(job)).message)
    assert shown.content == (
        f"**Your clips in this server**\n- `{job.name}` · a fox · Made <t:{at}:R> · [Go to its message](<{link}>)"
    )
    assert shown.ephemeral


@pytest.mark.parametrize("command", ["flipbook show", "flipbook cancel"])
async def test_an_id_that_never_was_gets_one_sentence(bot: Bot, command: str) -> None:
    answer = await bot.ask(command, id="a" * 24)
    assert (answer.content, answer.ephemeral) == (f"There is no clip {'a' * 24} here.", True)
    forged = await bot.ask(command, id="`@everyone*_~||<@1>a[b](")
    assert forged.content == r"There is no clip \`\@everyone\*\_\~\|\|\<\@1\>a\[b\]( here."


async def test_cancel_by_command(slow_bot: Bot) -> None:
    message = await slow_bot.animate()
    await slow_bot.until_status(JobStatus.RUNNING)
    job = await slow_bot.the_job()
    refusal = await slow_bot.ask("flipbook cancel", id=job.id, user=slow_bot.double.people.other_member)
    assert refusal.content == "Only whoever asked for the clip, or an admin, can do that."
    await slow_bot.ask("flipbook cancel", id=job.id)
    await slow_bot.until_recorded()
    assert message.content.startswith("✖️ Cancelled.")


async def test_quota_shows_limits_beside_usage(bot: Bot) -> None:
    await bot.clip()
    await bot.until_recorded()
    shown = await bot.ask("flipbook quota")
    usage = (await bot.quota()).usage
    day, month = (int(moment.timestamp()) for moment in (usage.resets_at, usage.month_resets_at))
    assert shown.content.splitlines() == [
        "**Yours**",
        "- clips today: **19** of 20 left",
        "- under way: **0** of 2",
        "**Of this server**",
        "- clips today: **199** of 200 left",
        "- under way: **0** of 20",
        "- money today: **$5.00** of $5.00 left",
        "Each clip: at most 32 frames, 50 steps and 1024×1024; quality: standard, turbo",
        f"A new day starts <t:{day}:R>, a new month <t:{month}:R>.",
    ]


async def test_quota_shows_every_limit_that_is_set_on_one_screen(bot: Bot) -> None:
    for limit in ("user_clips_per_hour", "user_clips_per_month", "server_clips_per_month"):
        await bot.ask_as_admin("limits set", limit=limit, value="1")
    for limit in ("user_budget_per_day", "user_budget_per_month", "server_budget_per_month"):
        await bot.ask_as_admin("limits set", limit=limit, value="0.50")
    await bot.clip()
    await bot.until_recorded()
    lines = (await bot.ask("flipbook quota")).content.splitlines()
    assert len(lines) <= 16
    assert next(line for line in lines if "hour" in line).startswith("- clips this hour: **0** of 1 left, more <t:")
    assert [line for line in lines if "month: " in line] == [
        "- clips this month: **0** of 1 left",
        "- money this month: **$0.50** of $0.50 left",
        "- clips this month: **0** of 1 left",
        "- money this month: **$0.50** of $0.50 left",
    ]


async def test_help_names_every_command(bot: Bot) -> None:
    shown = await bot.ask("flipbook help")
    for name in ("animate", "flipbook queue", "flipbook history", "flipbook show", "flipbook cancel", "flipbook quota"):
        assert f"`/{name}`" in shown.content


# Admins -------------------------------------------------------------------------------------------


async def test_limits_are_shown_set_and_reset(bot: Bot) -> None:
    answer = await bot.ask_as_admin("limits set", limit="server_budget_per_day", value="$2.50")
    assert answer.content == "Budget per day in this server: **$2.50** from now on."
    await bot.ask_as_admin("limits set", limit="endpoints", value="Turbo")
    await bot.ask_as_admin("limits set", limit="user_clips_per_day", value="none")
    shown = (await bot.ask_as_admin("limits show")).content.splitlines()
    assert "- Clips per member per day: **no limit**" in shown
    assert "- Budget per day in this server: **$2.50**" in shown
    assert "- Quality: **turbo**" in shown
    refusal = await bot.animate(quality="standard")
    assert refusal.content == "This server allows turbo quality only; you asked for standard."
    await bot.ask_as_admin("limits reset")
    assert (await bot.quota()).limits == Limits()


async def test_a_changed_limit_holds_at_once_and_for_this_server_only(bot: Bot) -> None:
    await bot.ask_as_admin("limits set", limit="max_frames", value="8")
    refusal = await bot.animate(num_frames=16)
    assert refusal.content == "This server allows at most 8 frames per clip; you asked for 16."
    assert not (await bot.animate(channel=bot.double.places.elsewhere)).ephemeral
    await bot.ask_as_admin("limits set", limit="max_frames", value="32")
    assert not (await bot.animate()).ephemeral


@pytest.mark.parametrize(
    ("limit", "value", "options", "shown"),
    [
        ("max_frames", "8", {}, "512×512 · 8 frames at 8 fps · 25 steps"),
        ("max_frames", "8", {"fps": 4}, "512×512 · 8 frames at 4 fps · 25 steps"),
        ("max_steps", "20", {}, "standard · 512×512 · 16 frames at 8 fps · 20 steps"),
        ("max_steps", "2", {"quality": "turbo"}, "turbo · 512×512 · 16 frames at 8 fps · 2 steps"),
        ("max_pixels", "100,000", {}, "standard · 312×312 · 16 frames"),
        ("endpoints", "turbo", {}, "turbo · 512×512 · 16 frames at 8 fps · 4 steps · guidance 1"),
    ],
)
async def test_what_nobody_asked_for_is_fitted_and_shown(
    bot: Bot, limit: str, value: str, options: dict[str, Any], shown: str
) -> None:
    await bot.ask_as_admin("limits set", limit=limit, value=value)
    message = await bot.animate(**options)
    assert not message.ephemeral
    assert shown in message.content


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        ("max_frames", "0", "Frames per clip must be a whole number from 1 to 128, not '0'."),
        ("max_frames", "none", "Frames per clip must be a whole number from 1 to 128, not 'none'."),
        ("user_clips_per_day", "many", "Clips per member per day must be a whole number from 0 to 1,000,000, or none"),
        ("endpoints", "fast", "Quality must be standard, turbo, or both with a comma between them, not 'fast'."),
        ("server_budget_per_day", "-1", "Budget per day in this server must be an amount from 0 to 1,000,000, or none"),
    ],
)
async def test_a_limit_that_cannot_be_gets_one_sentence(bot: Bot, limit: str, value: str, sentence: str) -> None:
    answer = await bot.ask_as_admin("limits set", limit=limit, value=value)
    assert answer.content.startswith(sentence)
    assert (await bot.quota()).limits == Limits()


async def test_channels_bind_the_bot_and_threads_go_with_their_channel(bot: Bot) -> None:
    places = bot.double.places
    await bot.ask_as_admin("channels add", channel=places.text)
    refusal = await bot.animate(channel=places.age_restricted)
    assert refusal.content == "The admins of this server keep the bot to other channels."
    assert not (await bot.animate(channel=places.thread)).ephemeral
    shown = await bot.ask_as_admin("channels show")
    assert shown.content.splitlines()[1] == f"- Channels: <#{places.text.id}>"
    await bot.ask_as_admin("channels add", channel=places.age_restricted)
    await bot.ask_as_admin("channels remove", channel=places.text)
    assert not (await bot.animate(channel=places.age_restricted)).ephemeral
    await bot.ask_as_admin("channels add", channel=places.text)
    assert "- Channels: every channel" in (await bot.ask_as_admin("channels everywhere")).content


async def test_the_last_channel_is_not_removed_without_saying_what_that_would_do(bot: Bot) -> None:
    places = bot.double.places
    await bot.ask_as_admin("channels add", channel=places.text)
    refusal = await bot.ask_as_admin("channels remove", channel=places.text)
    assert refusal.content == (
        "That is the last channel that the bot is kept to; without it, it would answer in every channel. "
        "If you want that, use `/flipbook-admin channels everywhere`."
    )
    assert (await bot.animate(channel=places.age_restricted)).ephemeral
    await bot.ask_as_admin("channels remove", channel=places.age_restricted)  # was never added: nothing changes
    assert (await bot.animate(channel=places.age_restricted)).ephemeral


async def test_setting_a_limit_to_what_it_is_says_so(bot: Bot) -> None:
    answer = await bot.ask_as_admin("limits set", limit="max_frames", value="32")
    assert answer.content == "No change. Frames per clip: **32**, as before."


async def test_members_and_terms_are_blocked_and_let_in_again(bot: Bot) -> None:
    member = bot.double.people.member
    await bot.ask_as_admin("block member", member=member)
    assert (await bot.animate()).content == "The admins of this server have blocked you from making clips."
    await bot.ask_as_admin("unblock member", member=member)
    answer = await bot.ask_as_admin("block term", term=" Storm*y ")
    assert answer.content.splitlines()[3] == "- Blocked words: `Storm*y`"
    await bot.ask_as_admin("unblock term", term="Storm*y")
    await bot.ask_as_admin("block term", term="STORMY sea")
    refusal = await bot.animate()
    assert refusal.content == "This prompt has words that are not allowed in this server. Try other words."
    await bot.ask_as_admin("unblock term", term="STORMY sea")
    assert not (await bot.animate()).ephemeral


async def test_every_change_is_written_down(bot: Bot) -> None:
    assert (await bot.ask_as_admin("audit")).content == "Nothing has been changed in this server yet."
    await bot.ask_as_admin("limits set", limit="max_frames", value="8")
    await bot.ask_as_admin("block term", term="gore")
    await bot.ask_as_admin("limits reset")
    head, *lines = (await bot.ask_as_admin("audit")).content.splitlines()
    moderator = bot.double.people.moderator.mention
    assert head == "**Changes in this server**"
    assert [line.rpartition(" · <t:")[0] for line in lines] == [
        f"- {moderator} changed frames per clip from 8 to 32",
        f"- {moderator} blocked `gore`",
        f"- {moderator} changed frames per clip from 32 to 8",
    ]


ADMIN_COMMANDS = [
    ("limits show", {}),
    ("limits set", {"limit": "max_frames", "value": "8"}),
    ("limits reset", {}),
    ("channels show", {}),
    ("channels everywhere", {}),
    ("block term", {"term": "gore"}),
    ("unblock term", {"term": "gore"}),
    ("audit", {}),
]


@pytest.mark.parametrize(("command", "options"), ADMIN_COMMANDS, ids=[name for name, _ in ADMIN_COMMANDS])
async def test_admin_commands_are_refused_to_others_even_where_discord_offers_them(
    bot: Bot, command: str, options: dict[str, str]
) -> None:
    with pytest.raises(CannotDoThat):
        await bot.double.slash(f"flipbook-admin {command}", options=options)
    asked = await bot.double.slash(f"flipbook-admin {command}", options=options, force=True)
    refusal = await bot.double.wait_for_reply(asked)
    assert refusal.ephemeral
    assert refusal.content == "Only members with the permission **Manage Server** can do that."
    guild = (await bot.quota()).limits
    assert guild == Limits()


async def test_an_administrator_needs_no_further_permission(bot: Bot) -> None:
    shown = await bot.ask("flipbook-admin limits show", user=bot.double.people.owner)
    assert shown.content.startswith("**Limits of this server**")


async def test_the_rules_hold_for_re_rolls_too(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    await bot.ask_as_admin("block term", term="boat")
    refusal = await bot.press(first, "reroll")
    assert refusal.content == "This prompt has words that are not allowed in this server. Try other words."


async def test_showing_changes_nothing(bot: Bot) -> None:
    from adapters.discord.refs import server_ref

    for command in ("limits show", "channels show", "audit"):
        await bot.ask_as_admin(command)
    server = server_ref(bot.double.guilds.studio.id)
    assert await bot.core.service.audit_of(server) == []
    assert await bot.core.service.policy_of(server) == Policy()
