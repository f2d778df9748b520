"""Slack empties the box of a command, so no refusal loses what was typed."""

from pathlib import Path
from typing import Any

import pytest

from core_running import PROMPT
from doubles.slack import faults
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Message
from doubles.slack.world import ARCHIVE, EXTERNAL, MIRA, NOAH, OFFTOPIC, SHARED
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from slack_bot import running_bot

LONG = f"a fox in <b>snow</b> & rain `x` {'and more ' * 200}".strip()
FULL = OperatorRules(backends=("worker",), default_limits=Limits(user_clips_per_day=0))
SMALL = OperatorRules(backends=("worker",), default_limits=Limits(max_steps=4))

REFUSED: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "an unknown flag": ("/animate", f"{LONG} --sede 9", {}, {}),
    "a flag without its value": ("/animate", f"{LONG} --frames", {}, {}),
    "what may be two things": ("/animate", "a fox --no blurry in snow", {}, {}),
    "an open quote": ("/animate", 'a fox --no "blurry, text', {}, {}),
    "a value out of bounds": ("/animate", f"{LONG} --fps 99", {}, {}),
    "too long a prompt": ("/animate", "fox " * 600, {}, {}),
    "no quota left": ("/animate", LONG, {}, {"rules": FULL}),
    "over a limit": ("/animate", f"{LONG} --steps 40", {}, {"rules": SMALL}),
    "a channel without the bot": ("/animate", LONG, {"channel": OFFTOPIC}, {}),
    "an archived channel": ("/animate", LONG, {"channel": ARCHIVE}, {}),
    "a member of another organisation": ("/animate", LONG, {"channel": SHARED, "user": EXTERNAL}, {}),
    "a dead token": ("/animate", LONG, {}, {"fault": faults.TokensDead()}),
    "an unknown word": ("/flipbook", "shwo 0123456789abcdef01234567", {}, {}),
    "a job that there is not": ("/flipbook", "show 0123456789abcdef01234567", {}, {}),
    "not an admin": ("/flipbook", "admin block word some words", {}, {}),
}


def copied(message: Message) -> str:
    """The text in the message's box for copying."""
    (block,) = [each for each in message.blocks if each["type"] == "rich_text"]
    return str(block["elements"][0]["elements"][0]["text"])


@pytest.mark.parametrize("kind", REFUSED)
async def test_a_refusal_holds_what_was_typed(slack: SlackDouble, tmp_path: Path, kind: str) -> None:
    command, text, how, options = REFUSED[kind]
    fault = options.get("fault")
    async with running_bot(slack, tmp_path, rules=options.get("rules")) as bot:
        if fault is not None:
            await slack.fault(fault)
            slack.clock.advance(61)
        act = await slack.slash(command, text, **how)
        user = how.get("user", MIRA)
        said = await slack.wait_for_message(lambda each: each.ephemeral_for == user and each.blocks)
        assert act.ack is not None
        assert copied(said) == f"{command} {text}".strip()
        assert await bot.jobs() == []
    assert bot.bought == 0


async def test_typed_entities_and_quotes_come_back_as_they_were_typed(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path):
        await slack.slash("/animate", "a “red” fox &lt;3 &amp; a hen —sede 9")
        said = await slack.wait_for_message(lambda each: each.ephemeral_for)
    assert copied(said) == "/animate a “red” fox <3 & a hen —sede 9"
    assert said.text == "There is no flag —sede. Did you mean --seed?"


async def test_what_show_says_asks_for_the_same_clip_again(slack: SlackDouble, tmp_path: Path) -> None:
    flags = "—turbo --size 640 x 384 --frames 24 --fps 12 --steps 6 --guidance 2.5 --motion zoom-in, pan-left"
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip(f"{PROMPT} {flags} --seed 42 --no “blurry, text”", user=NOAH)
        job = await bot.the_job()
        told = await bot.told(await slack.slash("/flipbook", f"show {job.id}", user=NOAH), NOAH)
        line = told.split("Ask for the same again: `/animate ")[1].split("`")[0]
        await bot.clip(line.replace("&amp;", "&"), user=NOAH)
        first, second = [request for _, request in bot.backend.submissions]
    assert first == second
    assert first.negative_prompt == "blurry, text"
