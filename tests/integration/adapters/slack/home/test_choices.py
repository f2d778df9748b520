"""The Home tab's history, page by page, and the form for one's own defaults; after a restart too."""

from pathlib import Path

from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import OpenView
from doubles.slack.world import MIRA
from factories import a_channel, a_delivery, a_job, later, moved
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import JobStatus
from generation.domain.refs import MessageRef, Platform, UserRef
from generation.protocol.request import Endpoint, VideoSizePreset
from generation.rules.choices import MemberChoices
from generation.rules.policy import NotifyWhen
from generation.service.pages import HOME_PAGE_SIZE
from integration.adapters.slack.home.test_home import controls, opened, page, press, said_on
from slack_bot import Bot, running_bot

ME = UserRef(Platform.SLACK, MIRA)


async def add_clips(bot: Bot, count: int) -> None:
    """Failed clips of the member, from long ago."""
    channel = a_channel("C1", server=bot.server)
    async with bot.core.store.transaction() as tx:
        for n in range(1, count + 1):
            number = await tx.next_number(bot.server)
            job = a_job(number=number, created_at=later(seconds=n), requested_by=ME, channel=channel)
            shown = a_delivery(job, message=MessageRef(channel, f"1700000000.{n:06}"), status=DeliveryStatus.SENT)
            await tx.add_job(moved(job, JobStatus.FAILED), shown, None)


async def form(bot: Bot) -> OpenView:
    def shown() -> OpenView | None:
        views = [v for v in bot.double.home.views.values() if v.is_open and v.body.get("callback_id") == "v1:defaults"]
        return views[-1] if views else None

    found = await bot.double.wait_for(shown)
    assert isinstance(found, OpenView)
    return found


async def test_the_history_is_turned_after_a_restart_too(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, kill=True) as bot:
        await add_clips(bot, HOME_PAGE_SIZE + 3)
        view = await opened(bot, "`#13`")
        assert ("`#4`" in said_on(view), "`#3`" in said_on(view)) == (True, False)
        assert [each for each in controls(view) if ":history:" in each] == ["v1:history:older"]
    async with running_bot(slack, tmp_path) as bot:
        await bot.double.click(slack.home.homes[MIRA], "v1:history:older")
        older = await page(bot, "`#3`")
        assert "`#4`" not in said_on(older)
        # another act leaves the page as it is turned
        await bot.double.click(older, "v1:home:notify", value="always")
        assert "`#3`" in said_on(await page(bot, "You are told of every clip of yours"))
        await bot.double.click(slack.home.homes[MIRA], "v1:history:newer")
        await page(bot, "`#13`")
        await press(bot, slack.home.homes[MIRA], "v1:history:older", "nonsense")
        await page(bot, "There is no such clip here.")
        # beside a clip that there is not nothing stands, and opened anew it is the newest page
        await press(bot, slack.home.homes[MIRA], "v1:history:older", "f" * 24)
        await page(bot, "Your clips appear here, with their buttons.")
        await opened(bot, "`#13`")


async def test_ones_own_defaults_are_changed_in_a_form(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.core.service.choose(ME, bot.server, {"fps": 12, "notify": NotifyWhen.NEVER})
        await bot.double.click(await opened(bot), "v1:home:defaults")
        opening = await form(bot)
        # what was changed elsewhere meanwhile is not undone
        await bot.core.service.choose(ME, bot.server, {"num_frames": 8})
        await bot.double.submit(opening, {"num_inference_steps": "many", "video_size": "square"})
        assert (opening.is_open, opening.errors.keys()) == (True, {"num_inference_steps"})
        changes = {"endpoint": "turbo", "style": "film", "num_inference_steps": "6", "fps": ""}
        await bot.double.submit(opening, changes | {"video_size": "square"})
        await page(bot, "Quality: *turbo*")
        chosen = (await bot.core.service.choices_of(ME, bot.server)).chosen
        assert chosen == MemberChoices(
            notify=NotifyWhen.NEVER,
            endpoint=Endpoint.TURBO,
            video_size=VideoSizePreset.SQUARE,
            style="film",
            num_inference_steps=6,
            num_frames=8,
        )
