"""The Home tab: a member's clips with their buttons, what is left to them, and the limits for admins."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from doubles.generation.backend import ScriptedBackend
from doubles.slack import faults
from doubles.slack.inbound import payloads
from doubles.slack.inbound.deliveries import Delivery
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import OpenView
from doubles.slack.world import ADMIN, EXTERNAL, GENERAL, LENA, MIRA, NOAH, OTHER
from generation.domain.job import Job, JobStatus
from generation.domain.refs import Platform, UserRef
from generation.protocol.request import Endpoint
from generation.rules.limits import Limits
from generation.rules.policy import NotifyWhen
from slack_bot import Bot, running_bot

BY = UserRef(Platform.SLACK, ADMIN)
CHOICES = ["v1:home:notify", "v1:home:defaults"]


@pytest.fixture
async def bot(slack: SlackDouble, tmp_path: Path) -> AsyncIterator[Bot]:
    async with running_bot(slack, tmp_path) as running:
        yield running


def said_on(view: OpenView) -> str:
    """Everything that a page says."""
    found = []
    for block in view.body["blocks"]:
        found += [block["text"]["text"]] if "text" in block else []
        found += [e["text"] for e in block.get("elements", ()) if isinstance(e.get("text"), str)]
    return "\n".join(found)


def controls(view: OpenView) -> list[str]:
    """The ids of its buttons and menus, in order."""
    rows = [block for block in view.body["blocks"] if block["type"] == "actions"]
    return [element["action_id"] for row in rows for element in row["elements"]]


async def page(bot: Bot, has: str = "", user: str = MIRA) -> OpenView:
    """A member's tab, as soon as it says that."""

    def shown() -> OpenView | None:
        view = bot.double.home.homes.get(user)
        return view if view is not None and has in said_on(view) else None

    found = await bot.double.wait_for(shown)
    assert isinstance(found, OpenView)
    return found


async def opened(bot: Bot, has: str = "", user: str = MIRA) -> OpenView:
    """The tab of a member who has just opened it."""
    await bot.double.open_home(user=user)
    return await page(bot, has, user)


async def modal(bot: Bot, has: str = "") -> OpenView:
    """The view over the tab, as soon as it says that."""

    def shown() -> OpenView | None:
        views = [v for v in bot.double.home.views.values() if v.is_open and v.body["type"] == "modal"]
        return views[-1] if views and has in said_on(views[-1]) else None

    found = await bot.double.wait_for(shown)
    assert isinstance(found, OpenView)
    return found


async def press(bot: Bot, view: OpenView, action_id: str, value: str | None = None, user: str = MIRA) -> Delivery:
    """A button in the tab, or one that never was there."""
    action: dict[str, Any] = {"action_id": action_id, "block_id": "b", "type": "button"}
    action |= {"action_ts": bot.double.state().next_ts(bot.double.clock.now()), "value": value or "x"}
    action["text"] = {"type": "plain_text", "text": "x"}
    workspace = bot.double.state().workspaces[view.team]
    payload = payloads.view_click(bot.double.platform, workspace, view, user, action)
    return await bot.double._deliver(Delivery("interactive", "block_actions", payload, view.team))


async def a_clip(bot: Bot, text: str = "a paper boat", user: str = MIRA) -> Job:
    await bot.clip(text, user=user)
    return (await bot.jobs())[-1]


async def test_an_empty_page_says_what_will_be_there(bot: Bot) -> None:
    view = await opened(bot)
    assert "Nothing of yours is under way." in said_on(view)
    assert "Your clips appear here, with their buttons." in said_on(view)
    assert "clips today: *20* of 20 left" in said_on(view)
    assert controls(view) == ["v1:make", "v1:home:refresh", *CHOICES]


async def test_clips_stand_there_with_their_own_buttons_and_a_link(bot: Bot) -> None:
    await a_clip(bot)
    await a_clip(bot, "of somebody else", NOAH)
    view = await opened(bot, "a paper boat")
    said = said_on(view)
    assert "somebody else" not in said
    assert f"in <#{GENERAL}> · <https://home.slack.com/archives/{GENERAL}/p" in said
    rows = ["v1:reroll", "v1:edit", "v1:other_quality", "v1:settings", "v1:more"]
    assert controls(view) == ["v1:make", "v1:home:refresh", *rows, *CHOICES]
    assert "clips today: *19* of 20 left" in said


async def test_what_is_under_way_is_kept_up_to_date_while_its_member_looks(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=ScriptedBackend(hold=asyncio.Event())) as bot:
        await opened(bot)
        message = await bot.animate("a slow boat", user=MIRA)
        slack.clock.advance(6)
        view = await page(bot, "a slow boat")
        assert "v1:cancel" in controls(view)
        assert slack.home.homes.keys() == {MIRA}, "nobody else has opened theirs"
        bot.release()
        await bot.delivered(message)
        slack.clock.advance(6)
        await page(bot, "*Made*")


async def test_a_page_is_left_alone_five_minutes_after_its_last_use(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        before = (await opened(bot)).hash
        slack.clock.advance(301)
        await bot.until(lambda: "watching Home tabs" not in {task.get_name() for task in asyncio.all_tasks()})
        await a_clip(bot)
        assert slack.home.homes[MIRA].hash == before


async def test_a_clip_is_made_again_where_it_was(bot: Bot) -> None:
    job = await a_clip(bot)
    view = await opened(bot, "a paper boat")
    await bot.double.click(view, "v1:reroll")
    await bot.until_recorded(2)
    child = (await bot.jobs())[1]
    assert (child.parent, child.channel, child.requested_by.id) == (job.id, job.channel, MIRA)
    await bot.double.click(await page(bot), "v1:other_quality")
    await bot.until_recorded(3)
    assert (await bot.jobs())[2].request.endpoint is Endpoint.TURBO


async def test_settings_and_the_form_open_over_the_page(bot: Bot) -> None:
    job = await a_clip(bot)
    view = await opened(bot, "a paper boat")
    await bot.double.click(view, "v1:settings")
    assert f"--seed {job.request.seed}" in said_on(await modal(bot, "Ask for the same again"))
    await bot.double.close_view(await modal(bot))
    await bot.double.click(view, "v1:edit")
    form = await bot.double.wait_for(lambda: _form(bot, "v1:edit"))
    assert isinstance(form, OpenView)
    await bot.double.submit(form, {"prompt": "another boat", "where": GENERAL})
    await bot.until_recorded(2)
    assert (await bot.jobs())[1].parent == job.id


def _form(bot: Bot, callback_id: str) -> OpenView | None:
    views = [v for v in bot.double.home.views.values() if v.is_open and v.body.get("callback_id") == callback_id]
    return views[-1] if views else None


async def test_a_clip_is_asked_for_from_the_page(bot: Bot) -> None:
    await bot.double.click(await opened(bot), "v1:make")
    form = await bot.double.wait_for(lambda: _form(bot, "v1:animate"))
    assert isinstance(form, OpenView)
    await bot.double.submit(form, {"prompt": "a paper boat", "where": GENERAL})
    await bot.until_recorded()


async def test_when_one_is_told_is_chosen_on_the_page(bot: Bot) -> None:
    view = await opened(bot, "You are told when a clip of yours is ready that took more than a minute.")
    await bot.double.click(view, "v1:home:notify", value="always")
    await page(bot, "You are told of every clip of yours that is ready.")
    own = await bot.core.service.choices_of(UserRef(Platform.SLACK, MIRA), bot.server)
    assert own.notify is NotifyWhen.ALWAYS
    await press(bot, view, "v1:home:notify", "hourly")
    await page(bot, "never, when slow, always or default")


async def test_a_clip_is_cancelled_and_deleted_and_the_page_says_so(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=ScriptedBackend(hold=asyncio.Event())) as bot:
        await bot.animate("a slow boat", user=MIRA)
        await bot.until_status(JobStatus.RUNNING)
        await slack.click(await opened(bot, "a slow boat"), "v1:cancel")
        await page(bot, "The clip is being cancelled.")
        await bot.until_recorded()
        slack.clock.advance(6)
        await page(bot, "*Cancelled*")
    async with running_bot(slack, tmp_path) as bot:
        job = await a_clip(bot)
        await slack.click(await opened(bot, "*Made*"), "v1:more", value=f"delete:{job.id}")
        question = await slack.wait_for(lambda: _form(bot, "v1:delete"))
        assert isinstance(question, OpenView)
        await slack.submit(question)
        assert "*Deleted*" in said_on(await page(bot, "Deleted: the clip, its message and its files."))


async def test_everything_works_on_a_page_of_before_a_restart(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, kill=True) as bot:
        await a_clip(bot)
        await opened(bot, "a paper boat")
    async with running_bot(slack, tmp_path) as bot:
        await slack.click(slack.home.homes[MIRA], "v1:reroll")
        await bot.until_recorded()
        assert len(await bot.jobs()) == 2


async def test_nothing_is_made_again_in_a_closed_channel_that_the_member_has_left(bot: Bot) -> None:
    channel = bot.double.home.channels[GENERAL]
    channel.kind = "private"
    job = await a_clip(bot)
    view = await opened(bot, "a paper boat")
    channel.members.remove(MIRA)
    await press(bot, view, "v1:reroll", job.id)
    await page(bot, "You are no longer in the channel of that clip, so nothing was made.")
    channel.members.add(MIRA)
    await press(bot, view, "v1:reroll", job.id)
    await bot.until_recorded(2)
    assert bot.bought == 2


async def test_forged_and_stale_buttons_are_answered_on_the_page(bot: Bot) -> None:
    job = await a_clip(bot, user=NOAH)
    view = await opened(bot)
    await press(bot, view, "v1:reroll", job.id)
    await page(bot, "There is no such clip here.")
    await press(bot, view, "v1:reroll", "nonsense")
    await page(bot, "There is no such clip here.")
    await press(bot, view, "v1:dance", job.id)
    await page(bot, "This button no longer does anything.")
    await press(bot, view, "v1:home:limits")
    await page(bot, "Only admins of this workspace")
    assert bot.bought == 1
    # the view that was opened for the answer does not wait for ever
    await press(bot, view, "v1:settings", job.id)
    await modal(bot, "There is no such clip here.")


async def test_strangers_see_nothing_of_the_workspace(bot: Bot) -> None:
    await a_clip(bot)
    view = await opened(bot, "Here only members of the bot's own workspace", EXTERNAL)
    assert len(view.body["blocks"]) == 1
    await press(bot, view, "v1:home:used", user=EXTERNAL)
    await press(bot, view, "v1:make", user=EXTERNAL)
    await bot.double.open_home(user=LENA, team=OTHER)
    assert bot.double.state().workspaces[OTHER].homes == {}
    assert [v for v in bot.double.home.views.values() if v.body["type"] == "modal"] == []


async def test_admins_see_and_change_the_limits(bot: Bot) -> None:
    await a_clip(bot)
    view = await opened(bot, "Limits of this workspace", ADMIN)
    assert controls(view)[-2:] == ["v1:home:limits", "v1:home:used"]
    assert "Limits of this workspace" not in said_on(await opened(bot))
    await bot.double.click(view, "v1:home:used")
    assert f"<@{MIRA}>: 1 clip, $0" in said_on(await modal(bot, "Used this month"))
    await bot.double.click(view, "v1:home:limits")
    form = await bot.double.wait_for(lambda: _form(bot, "v1:limits"))
    assert isinstance(form, OpenView)
    # another admin's change is not undone by a form that was opened before
    await bot.core.service.change_rules(bot.server, {"max_frames": 8}, by=BY)
    await bot.double.submit(form, {"user_clips_per_day": "many", "max_pixels": "10x10"})
    assert form.is_open
    assert form.errors.keys() == {"user_clips_per_day", "max_pixels"}
    await bot.double.submit(form, {"user_clips_per_day": "5", "server_budget_per_day": "none"})
    await page(bot, "Clips per member per day: *5* from now on.", ADMIN)
    limits = (await bot.core.service.rules_of(bot.server)).limits
    assert (limits.user_clips_per_day, limits.server_budget_per_day, limits.max_frames) == (5, None, 8)
    newest, *_ = await bot.core.service.audit_of(bot.server)
    assert (newest.by, newest.what) == (BY, "rules")


async def test_a_form_of_a_former_admin_changes_nothing(bot: Bot) -> None:
    await bot.double.click(await opened(bot, "Limits of", ADMIN), "v1:home:limits")
    form = await bot.double.wait_for(lambda: _form(bot, "v1:limits"))
    assert isinstance(form, OpenView)
    bot.double.home.users[ADMIN].is_admin = False
    bot.double.clock.advance(61)
    await bot.double.submit(form, {"user_clips_per_day": "5"})
    await page(bot, "Only admins of this workspace", ADMIN)
    assert (await bot.core.service.rules_of(bot.server)).limits == Limits()


async def test_a_tab_that_is_switched_off_breaks_nothing(bot: Bot) -> None:
    await bot.double.fault(faults.AnswersError("views.publish", "not_enabled"))
    await bot.double.open_home(user=MIRA)
    await opened(bot, "Nothing of yours")
