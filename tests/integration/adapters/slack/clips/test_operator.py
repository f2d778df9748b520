"""What the operator does with a clip: one message all the time, with the clip or without."""

from pathlib import Path

from doubles.slack.server import SlackDouble
from generation.domain.refs import Platform, UserRef
from generation.service.clips import Actor
from slack_bot import public, running_bot


async def test_delivering_again_and_hiding_change_the_one_message(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message = await bot.clip()
        job = await bot.the_job()

        def files() -> list[str]:
            return [each for each in message.file_ids if not slack.file(each).deleted]

        service, operator = bot.core.service, Actor(UserRef(Platform.TERMINAL, "operator"), job.channel.server, True)
        for times in (2, 3):
            slack.clock.advance(5.0)
            assert await service.deliver_anew(job.id, operator)
            await bot.until_recorded(times)
            assert (public(slack), len(files())) == ([message], 1)
        slack.clock.advance(5.0)
        await service.hide(job.id, operator)
        await slack.wait_for(lambda: not files())
        await bot.until_recorded(4)
        slack.clock.advance(5.0)
        await service.unhide(job.id, operator)
        await slack.wait_for(lambda: len(files()) == 1)
        assert public(slack) == [message]
