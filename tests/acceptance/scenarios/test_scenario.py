"""The scenario on both chats: as it is, and with the bot restarted between any two of its steps."""

from pathlib import Path

import pytest

from acceptance.scenarios.chat import Chat
from acceptance.scenarios.steps import SCENARIO
from acceptance.scenarios.story import Story
from acceptance.scenarios.studio import Studio

GAPS = [f"before {step.__name__}" for step in SCENARIO[1:]]


@pytest.mark.slow  # the quick one kills the bot between any two of the same steps
async def test_the_scenario(chat: Chat, tmp_path: Path) -> None:
    async with Studio(chat, tmp_path) as studio:
        story = Story(studio)
        for step in SCENARIO:
            await step(story)


@pytest.mark.parametrize("kill", [pytest.param(False, marks=pytest.mark.slow), True], ids=["stopped", "killed"])
async def test_the_scenario_with_a_restart_of_the_bot_between_any_two_steps(
    chat: Chat, tmp_path: Path, kill: bool
) -> None:
    async with Studio(chat, tmp_path, kill=kill) as studio:
        story = Story(studio)
        for step in SCENARIO:
            await step(story)
            await studio.restart_bot()


@pytest.mark.slow
@pytest.mark.parametrize("gap", range(1, len(SCENARIO)), ids=GAPS)
async def test_the_scenario_with_the_bot_killed_once(chat: Chat, tmp_path: Path, gap: int) -> None:
    async with Studio(chat, tmp_path, kill=True) as studio:
        story = Story(studio)
        for number, step in enumerate(SCENARIO):
            if number == gap:
                await studio.restart_bot()
            await step(story)
