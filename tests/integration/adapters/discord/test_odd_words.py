"""Options that show nothing, or that no client of Discord's would send: each gets a sentence, and changes nothing."""

import pytest

from discord_bot import Bot
from fixtures.blanks import BLANKS
from generation.rules.limits import LimitName
from generation.text.limits import typed_name


@pytest.mark.parametrize("prompt", BLANKS, ids=ascii)
async def test_a_prompt_that_shows_nothing_is_empty(bot: Bot, prompt: str) -> None:
    refusal = await bot.animate(prompt=prompt)
    assert refusal.ephemeral
    assert refusal.content.startswith("prompt must be 1 to 2,000 characters")
    assert (await bot.quota()).usage.user_clips_today == 0


@pytest.mark.parametrize("term", ["   ", *BLANKS], ids=ascii)
async def test_a_term_that_shows_nothing_is_not_blocked(bot: Bot, term: str) -> None:
    answer = await bot.ask_as_admin("block term", term=term)
    assert answer.content == "term must be a word or several, of at most 100 characters, not nothing."
    shown = await bot.ask_as_admin("channels show")
    assert shown.content.splitlines()[2:4] == ["- Blocked members: nobody", "- Blocked words: none"]


@pytest.mark.parametrize("written", ["gore", "GORE", " Gore ", "go\u200bre", "\uff47\uff4f\uff52\uff45"], ids=ascii)
async def test_a_term_is_unblocked_however_it_is_written(bot: Bot, written: str) -> None:
    await bot.ask_as_admin("block term", term="Gore")
    # blocked already: not a second time
    again = await bot.ask_as_admin("block term", term=written)
    assert "- Blocked words: `Gore`" in again.content.splitlines()
    answer = await bot.ask_as_admin("unblock term", term=written)
    assert "- Blocked words: none" in answer.content.splitlines()


@pytest.mark.parametrize("limit", ["max_cats", "", "MAX FRAMES", "__class__", "max_frames\u200b", "x" * 100], ids=ascii)
async def test_a_forged_limit_gets_a_sentence(bot: Bot, limit: str) -> None:
    given = [{"name": "limit", "type": 3, "value": limit}, {"name": "value", "type": 3, "value": "8"}]
    command = {"name": "set", "type": 1, "options": given}
    group = {"name": "limits", "type": 2, "options": [command]}
    answer = await bot.forged("flipbook-admin", [group], user=bot.double.people.moderator)
    assert answer.ephemeral
    assert answer.content.startswith("There is no limit named " if limit else "Name one of the limits: ")
    names = ", ".join(f"`{typed_name(name)}`" for name in LimitName)
    assert answer.content.endswith(f" {names}.")
