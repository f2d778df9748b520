"""Slack delivers things again, with the same and with another event id, also to a process that has just started."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from core_running import PROMPT
from doubles.slack import faults
from doubles.slack.inbound.deliveries import Delivery
from doubles.slack.server import SlackDouble
from doubles.slack.world import GENERAL, NOAH
from slack_bot import Bot, SlackTiming, clips, public, running_bot

Act = Callable[[SlackDouble, Bot], Awaitable[Delivery | None]]


async def by_command(slack: SlackDouble, bot: Bot) -> Delivery | None:
    return await slack.slash("/animate", PROMPT)


async def by_mention(slack: SlackDouble, bot: Bot) -> Delivery | None:
    return await slack.mention(f"animate {PROMPT}")


async def by_reaction(slack: SlackDouble, bot: Bot) -> Delivery | None:
    first = await bot.clip()
    return await slack.react(GENERAL, first.ts, "repeat", user=NOAH)


async def by_button(slack: SlackDouble, bot: Bot) -> Delivery | None:
    first = await bot.clip()
    return await slack.click(first, "v1:reroll", user=NOAH)


ACTS = pytest.mark.parametrize(("act", "wanted"), [(by_command, 1), (by_mention, 1), (by_reaction, 2), (by_button, 2)])


@ACTS
async def test_a_second_delivery_in_the_same_process_changes_nothing(
    slack: SlackDouble, tmp_path: Path, act: Act, wanted: int
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        delivery = await act(slack, bot)
        assert delivery is not None
        await slack.redeliver(delivery)
        await bot.until_recorded(wanted)
        slack.clock.advance(300)
        await slack.redeliver(delivery)
        assert (len(await bot.jobs()), bot.bought, len(public(slack))) == (wanted, wanted, wanted)


@ACTS
@pytest.mark.parametrize("fresh_id", [False, True])
async def test_a_second_delivery_to_the_next_process_changes_nothing(
    slack: SlackDouble, tmp_path: Path, act: Act, wanted: int, fresh_id: bool
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        delivery = await act(slack, bot)
        assert delivery is not None
        await bot.until_recorded(wanted)
    if fresh_id and "event_id" in delivery.payload:
        delivery.payload["event_id"] = "Ev0ANOTHERONE"
    async with running_bot(slack, tmp_path) as restarted:
        await slack.redeliver(delivery)
        jobs = await restarted.jobs()
    assert (len(jobs), len(public(slack)), len(clips(slack))) == (wanted, wanted, wanted)


async def test_a_command_whose_ack_was_lost_runs_once(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, timing=SlackTiming(ping=0.3)) as bot:
        await slack.fault(faults.AckLost())
        delivery = await slack.slash("/animate", PROMPT)
        await slack.acknowledged(delivery)
        await bot.until_recorded()
        assert (len(await bot.jobs()), len(public(slack)), len(clips(slack))) == (1, 1, 1)


async def test_a_refusal_is_given_again_to_a_command_whose_ack_was_lost(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, timing=SlackTiming(ping=0.3)):
        await slack.fault(faults.AckLost())
        delivery = await slack.slash("/animate", "a fox --hd")
        ack = await slack.acknowledged(delivery)
        assert ack.payload["text"].startswith("There is no flag --hd.")


async def test_two_equal_commands_a_minute_apart_are_two_clips(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip()
        slack.clock.advance(60)
        await bot.clip()
        assert (len(await bot.jobs()), bot.bought, len(clips(slack))) == (2, 2, 2)
