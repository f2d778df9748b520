"""Many clips in one channel under Discord's own rate limits: nothing is refused, nothing queues, results go first."""

import asyncio
from pathlib import Path

from discord_bot import Bot, clips, running_bot
from doubles.discord.fixtures import OpenDouble
from doubles.generation.backend import ScriptedBackend
from generation.ports import BackendState, BackendUpdate
from generation.protocol.progress import Steps
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules

MANY = Limits(user_active_jobs=100, server_active_jobs=100, user_clips_per_day=None, server_clips_per_day=None)
RULES = OperatorRules(backends=("worker",), default_limits=MANY)


async def go_on_until(bot: Bot, count: int) -> None:
    """Let time pass until ``count`` clips have arrived."""
    async with asyncio.timeout(30):
        while len(bot.sent) < count:
            bot.advance(0.25)
            await asyncio.sleep(0.01)


async def let_pass(bot: Bot, seconds: float) -> None:
    """Let time pass in small steps: what is on the wire while it jumps would arrive in another window than it left."""
    for _ in range(round(seconds / 0.5)):
        bot.advance(0.5)
        await asyncio.sleep(0.005)


async def test_thirty_clips_of_one_channel_meet_no_rate_limit(open_discord_double: OpenDouble, tmp_path: Path) -> None:
    double = await open_discord_double(buckets=True)
    backend = ScriptedBackend(hold=asyncio.Event())
    async with running_bot(double, tmp_path, backend=backend, rules=RULES) as bot:
        messages = [await bot.animate(prompt=f"boat {n}") for n in range(30)]
        bot.release()
        await bot.until_recorded(30)
    assert clips(double) == messages
    assert double.served_429 == 0


async def test_re_rolls_share_the_channels_rate_limit_and_results_come_before_progress(
    open_discord_double: OpenDouble, tmp_path: Path
) -> None:
    double = await open_discord_double(buckets=True)
    updates = (
        *(BackendUpdate(BackendState.IN_PROGRESS, steps=Steps(n, 25)) for n in range(1, 25)),
        BackendUpdate(BackendState.COMPLETED, inference_seconds=2.0),
    )
    async with running_bot(double, tmp_path, backend=ScriptedBackend(updates=updates), rules=RULES) as bot:
        first = await bot.clip()
        await bot.until_recorded()
        bot.backend.hold = asyncio.Event()
        bot.advance(10)
        for n in range(10):
            user = [double.people.member, double.people.other_member, double.people.moderator, double.people.owner][
                n % 4
            ]
            await double.react(first, user=user)
            await double.unreact(first, user=user)
            await let_pass(bot, 11)
            await bot.until(lambda n=n: len(bot.backend.submissions) == n + 2)
        await bot.until(lambda: len([m for m in double.world.messages() if m.replies_to is first]) == 10)
        await let_pass(bot, 20)
        bot.release()
        await go_on_until(bot, 11)
    assert len(clips(double)) == 11
    # Time jumps here by more than a reaction's window, so the invitations to react are left out.
    assert [item.name for item in double.log if item.status == 429 and "/reactions/" not in item.name] == []


async def test_an_edit_that_is_late_does_not_undo_the_outcome(slow_bot: Bot) -> None:
    people = slow_bot.double.people
    first = await slow_bot.clip()
    await slow_bot.double.react(first)  # its edits let the library know the channel's bucket
    await slow_bot.until_recorded(2)
    assert slow_bot.backend.hold is not None
    slow_bot.backend.hold.clear()
    slow_bot.advance(10)
    await slow_bot.double.fault("rate_limit", route="^PATCH /channels", retry_after=0.3)
    await slow_bot.double.react(first, user=people.other_member)
    await slow_bot.double.wait_until(lambda: slow_bot.double.served_429 == 1)  # the first progress waits in the library
    slow_bot.release()
    await slow_bot.until_recorded(3)
    last = slow_bot.double.world.messages()[-1]
    await slow_bot.until(lambda: len(last.edits) == 2)
    assert last.content.startswith("> a paper boat")
    assert [edit.with_files for edit in last.edits] == [False, True]
