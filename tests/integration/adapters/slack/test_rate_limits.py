"""With Slack's real limits in force the bot causes no 429, and results do not wait behind progress."""

import asyncio
from pathlib import Path

from doubles.generation.backend import ScriptedBackend
from doubles.slack.server import OpenDouble
from doubles.slack.web_api.limits import RateLimits
from doubles.slack.world import ADMIN, GENERAL, MIRA, NOAH, OWNER, SHARED, STUDIO
from generation.domain.job import JobStatus
from generation.protocol.progress import Phase, Progress, Steps
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from slack_bot import SHIPPED, clips, running_bot

ROOMY = OperatorRules(backends=("worker",), default_limits=Limits(user_active_jobs=100, server_active_jobs=100))
REQUESTS = [(user, channel) for channel in (GENERAL, STUDIO, SHARED) for user in (MIRA, NOAH)] + [
    (ADMIN, GENERAL),
    (OWNER, GENERAL),
]


async def test_many_moving_messages_cause_no_429_and_every_clip_arrives(
    open_slack_double: OpenDouble, tmp_path: Path
) -> None:
    slack = await open_slack_double(**SHIPPED, rate_limits=RateLimits())
    backend = ScriptedBackend(hold=asyncio.Event())
    async with running_bot(slack, tmp_path, backend=backend, rules=ROOMY) as bot:
        for user, channel in REQUESTS:
            await slack.slash("/animate", f"a fox for {user}", user=user, channel=channel)
        await bot.until(lambda: moved_to(bot, JobStatus.RUNNING) == len(REQUESTS))
        jobs = await bot.jobs()
        for second in range(90):
            for job in jobs:
                bot.core.relay.progress(job, Progress(Phase.RENDERING, steps=Steps(second, 90)))
            slack.clock.advance(1.0)
            await asyncio.sleep(0.01)
        edits = len(slack.calls("chat.update"))
        assert 20 <= edits <= 60
        done_at = slack.clock.now()
        bot.release()
        await bot.until_recorded(len(REQUESTS))
        assert slack.clock.now() - done_at < 3.0
    assert [call.name for call in slack.log if call.status == 429] == []
    assert len(clips(slack)) == len(REQUESTS)


def moved_to(bot: object, status: JobStatus) -> int:
    """How many jobs have reached a status."""
    return sum(moved is status for _, moved in bot.core.observer.moves)  # type: ignore[attr-defined]
