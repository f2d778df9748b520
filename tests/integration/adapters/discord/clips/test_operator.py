"""What the operator does with a clip: one message all the time, with the clip or without."""

from discord_bot import Bot, clips
from generation.domain.refs import Platform, UserRef
from generation.service.clips import Actor
from integration.adapters.discord.clips.test_controls import made


async def test_delivering_again_and_hiding_change_the_one_message(bot: Bot) -> None:
    message, job = await made(bot)
    service, operator = bot.core.service, Actor(UserRef(Platform.TERMINAL, "operator"), job.channel.server, True)
    for times in (2, 3):
        assert await service.deliver_anew(job.id, operator)
        await bot.until_recorded(times)
        assert (clips(bot.double), len(message.files)) == ([message], 1)
    await service.hide(job.id, operator)
    await bot.double.wait_until(lambda: not message.files, what="the clip to be hidden")
    await bot.until_recorded(4)
    await service.unhide(job.id, operator)
    await bot.double.wait_until(lambda: message.files, what="the clip to be there again")
    assert clips(bot.double) == [message]
    assert [entry.by for entry in await service.audit_of(job.channel.server, limit=9)] == [operator.user] * 4
