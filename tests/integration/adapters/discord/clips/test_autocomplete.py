"""What is offered on Discord while a member types: their own prompts and clips, admins' words; nothing of others."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from adapters.discord.handlers.autocomplete import MOST_CHARACTERS, MOST_CHOICES
from adapters.discord.refs import server_ref, user_ref
from discord_bot import Bot, running_bot
from doubles.discord.server import DiscordDouble
from doubles.generation.backend import ScriptedBackend
from generation.domain.report import ReportReason
from generation.protocol.errors import StoreBusy
from generation.service.clips import Actor

LONG = "a paper boat on a stormy sea, " * 8 + "at last"
LINES = "a fox\nin the snow"


async def values(bot: Bot, command: str, option: str, typed: str = "", **who: Any) -> list[str]:
    return [each["value"] for each in await bot.double.autocomplete(command, option, typed, **who)]


async def test_ones_own_prompts_are_offered_newest_first_and_each_once(bot: Bot) -> None:
    for prompt in ("a fox", "a lighthouse", "a fox"):
        await bot.clip(prompt=prompt)
    await bot.clip(prompt="a secret of somebody else", user=bot.double.people.other_member)
    assert await values(bot, "animate", "prompt") == ["a fox", "a lighthouse"]
    assert await values(bot, "animate", "prompt", "LIGHT") == ["a lighthouse"]
    assert await values(bot, "animate", "prompt", "secret") == []
    elsewhere = bot.double.places.elsewhere
    assert await values(bot, "animate", "prompt", channel=elsewhere, user=bot.double.people.member) == []


async def test_a_long_prompt_is_offered_by_its_beginning_and_comes_whole(bot: Bot) -> None:
    await bot.clip(prompt=LONG)
    await bot.clip(prompt=LINES)
    lines, long = await bot.double.autocomplete("animate", "prompt", "")
    assert (lines["name"], long["value"], len(long["name"])) == ("a fox in the snow", "↩#1", MOST_CHARACTERS)
    for chosen in (long, lines):
        await bot.clip(prompt=chosen["value"])
    assert [job.request.prompt for job in await bot.jobs()] == [LONG, LINES, LONG, LINES]


async def test_a_choice_of_anothers_clip_is_refused_and_nothing_is_bought(bot: Bot) -> None:
    await bot.clip(prompt=LONG)
    for forged, user in (("↩#1", bot.double.people.other_member), ("↩#99", None), ("↩#999999999", None)):
        told = await bot.animate(prompt=forged, **({"user": user} if user else {}))
        assert told.content.startswith("There is no clip ")
    assert bot.bought == 1
    # anything else is a prompt like others
    await bot.clip(prompt="↩#1 and more")
    assert (await bot.jobs())[-1].request.prompt == "↩#1 and more"


async def test_ones_own_clips_are_offered_by_number_and_by_words(bot: Bot) -> None:
    for n in range(1, 3):
        await bot.clip(prompt=f"boat {n}")
    await bot.clip(prompt="anothers", user=bot.double.people.other_member)
    offered = await bot.double.autocomplete("flipbook show", "id", "")
    assert offered == [{"name": "#2 boat 2", "value": "#2"}, {"name": "#1 boat 1", "value": "#1"}]
    for typed, found in (("#1", ["#1"]), ("2", ["#2"]), ("BOAT 1", ["#1"]), ("#3", []), ("another", [])):
        assert await values(bot, "flipbook show", "id", typed) == found
    assert await values(bot, "flipbook cancel", "id") == [], "nothing is under way"


async def test_what_may_be_cancelled_is_offered_ones_own_first_and_without_anothers_words(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    people = discord_double.people
    async with running_bot(discord_double, tmp_path, backend=ScriptedBackend(hold=asyncio.Event())) as bot:
        await bot.animate(prompt="anothers")
        await bot.animate(prompt="mine", user=people.moderator)
        await bot.until(lambda: bot.bought == 2)
        assert await values(bot, "flipbook cancel", "id", user=people.member) == ["#1"]
        own, others = await bot.double.autocomplete("flipbook cancel", "id", "", user=people.moderator)
        assert own == {"name": "#2 mine", "value": "#2"}
        assert (others["value"], "anothers" in others["name"]) == ("#1", False)
        assert await values(bot, "flipbook cancel", "id", "1", user=people.moderator) == ["#1"]
        bot.release()


async def test_admins_are_offered_blocked_and_allowed_terms_and_others_are_not(bot: Bot) -> None:
    await bot.ask_as_admin("block term", term="gore")
    await bot.ask_as_admin("block term", term="Blood")
    await bot.ask_as_admin("allow term", term="blood orange")
    admin, member = bot.double.people.moderator, bot.double.people.member
    assert await values(bot, "flipbook-admin unblock term", "term", user=admin) == ["Blood", "gore"]
    assert await values(bot, "flipbook-admin unblock term", "term", "BLÓ", user=admin) == ["Blood"]
    assert await values(bot, "flipbook-admin disallow term", "term", user=admin) == ["blood orange"]
    for command in ("unblock term", "disallow term"):
        assert await values(bot, f"flipbook-admin {command}", "term", user=member) == []


async def test_admins_are_offered_the_clips_that_are_reported(bot: Bot) -> None:
    await bot.clip()
    job = await bot.the_job()
    await bot.core.service.report(job.id, Actor(job.requested_by, job.channel.server), ReportReason.OTHER, "")
    admin, member = bot.double.people.moderator, bot.double.people.member
    (offered,) = await bot.double.autocomplete("flipbook-admin reports decide", "id", "#1", user=admin)
    assert (offered["value"], offered["name"].startswith("#1 ")) == ("#1", True)
    assert await values(bot, "flipbook-admin reports decide", "id", user=member) == []


async def test_there_are_never_more_than_discord_takes(bot: Bot) -> None:
    terms = frozenset(f"term {first}{second}" for first in "abcdef" for second in "ghijkl")
    by, server = user_ref(bot.double.people.moderator.id), server_ref(bot.double.guilds.studio.id)
    await bot.core.service.change_policy(server, lambda _: {"blocked_terms": terms}, by=by)
    offered = await values(bot, "flipbook-admin unblock term", "term", user=bot.double.people.moderator)
    assert offered == sorted(terms)[:MOST_CHOICES]


@pytest.mark.parametrize("error", [StoreBusy(), TimeoutError()])
async def test_nothing_is_offered_where_nothing_can_be_read(
    discord_double: DiscordDouble, tmp_path: Path, error: Exception
) -> None:
    async with running_bot(discord_double, tmp_path, around=lambda store: Unreadable(store, error)) as bot:
        for command, option in (("animate", "prompt"), ("animate", "style"), ("flipbook show", "id")):
            assert await values(bot, command, option) == []


class Unreadable:
    """The store, of which nothing can be read that is offered."""

    def __init__(self, store: Any, error: Exception) -> None:
        self._store = store
        self._error = error

    def __getattr__(self, name: str) -> Any:
        return self._fail if name in {"jobs_of", "styles_of"} else getattr(self._store, name)

    async def _fail(self, *_: object, **__: object) -> None:
        raise self._error
