"""Steps of tests that deliver outcomes to Slack: how they begin, how time passes, and what is seen at the end."""

import asyncio

from doubles.generation.backend import ScriptedBackend, tiny_mp4
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Message
from generation.domain.job import JobStatus
from slack_bot import Bot, clips


def held() -> ScriptedBackend:
    """A backend that finishes nothing by itself."""
    return ScriptedBackend(hold=asyncio.Event())


async def under_way(bot: Bot, **how: object) -> Message:
    """A message whose job is rendering."""
    message = await bot.animate(**how)
    await bot.until_opened(message)
    await bot.until_status(JobStatus.RUNNING)
    bot.double.clock.advance(1.2)  # the next message in the channel need not wait for its slot
    return message


def the_clip(slack: SlackDouble) -> Message:
    """The only message with a clip, which is the right one."""
    (message,) = clips(slack)
    (file_id,) = message.file_ids
    assert slack.file(file_id).content == tiny_mp4()
    return message


async def recorded(bot: Bot) -> object:
    """The message that the core takes for the job's."""
    delivery = await bot.core.store.delivery_of((await bot.the_job()).id)
    assert delivery is not None
    return delivery.message


class advancing:  # noqa: N801 - reads as a word: async with advancing(slack)
    """Lets Slack's time pass quickly while the body waits."""

    def __init__(self, slack: SlackDouble) -> None:
        self._slack = slack

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._pass_time())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _pass_time(self) -> None:
        while True:
            await asyncio.sleep(0.01)
            self._slack.clock.advance(0.5)
