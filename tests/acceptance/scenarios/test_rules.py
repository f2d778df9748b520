"""The scenario of the rules on both chats: admins narrow and widen, members meet it, the ceiling holds; the bot may be
killed between any two steps."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

from acceptance.scenarios.admins import Admins, admins_of
from acceptance.scenarios.chat import STEPS, Chat, Person
from acceptance.scenarios.story import Story
from acceptance.scenarios.studio import Studio
from generation.rules.operator_rules import OperatorRules

CEILING = 3
RULES = OperatorRules(backends=("worker",), ceilings={"user_clips_per_day": CEILING})
MEMBER, OTHER = Person.MEMBER, Person.OTHER
Step = Callable[[Story, Admins], Awaitable[None]]


async def gets_a_clip(story: Story, who: Person) -> None:
    post = await story.asks(who)
    story.engine.allow(STEPS)
    await story.delivered(post)


async def the_bot_is_added_and_says_hello(story: Story, admins: Admins) -> None:
    """What a clip costs, the limits in force, the presets, where help is."""
    await admins.add_the_bot()
    await story.until(admins.welcomes)
    (welcome,) = admins.welcomes()
    for words in (
        "Clips cost nothing here.",
        f"lips per member per day: *{CEILING}*",
        "small community",
        "/flipbook help",
    ):
        assert words in welcome.replace("**", "*")


async def an_admin_sets_the_log_channel(story: Story, admins: Admins) -> None:
    """It is tried first."""
    assert "test message" in await admins.set_log_channel()
    assert ["This is now Flipbook's log channel" in words for words in admins.log()] == [True]


async def an_admin_narrows(story: Story, admins: Admins) -> None:
    """One clip a day for each member."""
    assert "1" in await story.chat.set_limit("user_clips_per_day", "1")
    await gets_a_clip(story, MEMBER)


async def the_member_meets_it(story: Story, admins: Admins) -> None:
    """Which limit, what is allowed, what is used, when again."""
    refusal = await story.chat.request_refused(MEMBER)
    assert refusal.startswith("You've used your only clip for today; you can make another one ")
    assert story.chat.names_a_time(refusal)


async def a_role_exempts(story: Story, admins: Admins) -> None:
    """From the server's counts, as long as the role has that rule; Slack has no roles."""
    assert await admins.free_the_member()
    await gets_a_clip(story, MEMBER)
    await admins.count_the_member_again()
    assert (await story.chat.request_refused(MEMBER)).startswith("You've used ")


async def the_ceiling_holds(story: Story, admins: Admins) -> None:
    """A wish beyond it is kept, and told; what is in force is the ceiling."""
    told = await story.chat.set_limit("user_clips_per_day", "500")
    assert "The operator's ceiling holds" in told
    assert (await story.core.service.limits_of(story.chat.server)).user_clips_per_day == CEILING
    await gets_a_clip(story, MEMBER)
    assert (await story.chat.request_refused(MEMBER)).startswith("You've used all 3 of your clips for today")


async def only_some_are_let_in(story: Story, admins: Admins) -> None:
    """By a role on Discord, by name on Slack; others are told so."""
    await admins.let_only_the_member_in()
    refusal = await story.chat.request_refused(OTHER)
    assert refusal.startswith(("Clips in this server are for members with the role", "The admins of this workspace"))
    assert (await story.chat.request_refused(MEMBER)).startswith("You've used all 3 of your clips")


async def everyone_is_let_in_again(story: Story, admins: Admins) -> None:
    """The refusal has no effect on the next request."""
    await admins.let_everyone_in()
    await gets_a_clip(story, OTHER)


async def an_admin_pauses(story: Story, admins: Admins) -> None:
    """Members read the reason."""
    assert "Back at six" in await admins.pause("Back at six")
    assert await story.chat.request_refused(OTHER) == "No new clips are taken for now: Back at six."


async def the_pause_lasts_until_an_admin_ends_it(story: Story, admins: Admins) -> None:
    """Also over a restart, which may have come before this step."""
    assert (await story.chat.request_refused(OTHER)).startswith("No new clips are taken for now")
    await admins.resume()
    await gets_a_clip(story, OTHER)


async def everything_was_told_once_and_is_written_down(story: Story, admins: Admins) -> None:
    """One welcome and one test message, five clips, every change in the audit trail."""
    assert (len(admins.welcomes()), len(admins.log())) == (1, 1)
    await story.bought(5)
    assert await story.core.store.ledger_discrepancies() == []
    changes = await story.core.service.audit_of(story.chat.server)
    assert [entry.by for entry in changes] == [story.chat.user(Person.ADMIN)] * (admins.changes + 2)


STEPS_OF_RULES: Final[tuple[Step, ...]] = (
    the_bot_is_added_and_says_hello,
    an_admin_sets_the_log_channel,
    an_admin_narrows,
    the_member_meets_it,
    a_role_exempts,
    the_ceiling_holds,
    only_some_are_let_in,
    everyone_is_let_in_again,
    an_admin_pauses,
    the_pause_lasts_until_an_admin_ends_it,
    everything_was_told_once_and_is_written_down,
)


@pytest.mark.parametrize(
    "restarts",
    [False, pytest.param(True, marks=pytest.mark.slow)],
    ids=["as it is", "killed between any two steps"],
)
async def test_the_scenario_of_the_rules(chat: Chat, tmp_path: Path, restarts: bool) -> None:
    admins = admins_of(chat)
    async with Studio(chat, tmp_path, kill=restarts, rules=RULES) as studio:
        story = Story(studio)
        for step in STEPS_OF_RULES:
            await step(story, admins)
            if restarts:
                await studio.restart_bot()
