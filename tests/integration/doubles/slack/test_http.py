"""Signed HTTP at the Slack double: Bolt answers Slack alone, and a careless bot is found out."""

import pytest
from aiohttp import web

from doubles.slack import faults
from doubles.slack.bolt_servers import bot_behind_http
from doubles.slack.server import SlackDouble
from doubles.slack.world import GENERAL

pytest_plugins = ("doubles.slack.fixtures",)


@pytest.mark.parametrize("fault", [faults.Unsigned(), faults.WronglySigned(), faults.ClockSkewed(360)])
async def test_bolt_refuses_what_slack_cannot_have_sent_now(slack_double: SlackDouble, fault) -> None:
    async with bot_behind_http(slack_double):
        await slack_double.fault(fault)
        delivery = await slack_double.slash("/animate", "a boat")
    assert (delivery.status, delivery.ack) == (401, None)
    assert slack_double.home.messages_in(GENERAL) == []


async def test_a_clock_that_is_a_little_wrong_is_no_reason_to_refuse(slack_double: SlackDouble) -> None:
    async with bot_behind_http(slack_double):
        await slack_double.fault(faults.ClockSkewed(240))
        assert (await slack_double.slash("/quiet")).ack is not None


async def test_bolt_answers_the_challenge_of_its_address(slack_double: SlackDouble) -> None:
    async with bot_behind_http(slack_double):
        assert (await slack_double.verify_url()).ack is not None
        await slack_double.slash("/quiet")


async def test_an_unreachable_bot_loses_the_delivery_until_it_is_redelivered(slack_double: SlackDouble) -> None:
    async with bot_behind_http(slack_double):
        pass
    delivery = await slack_double.slash("/quiet")
    assert [each.lost for each in delivery.attempts] == [True]
    async with bot_behind_http(slack_double):
        await slack_double.redeliver(delivery)
    assert delivery.ack is not None


@pytest.mark.parametrize(
    ("fault", "status", "complaint"),
    [
        (None, 404, "slash: answered with 404"),
        (faults.Unsigned(), 200, "slash: unsigned, but answered with 200"),
        (faults.WronglySigned(), 200, "slash: wrongly signed, but answered with 200"),
        (faults.ClockSkewed(600), 200, "slash: 600 s old, but answered with 200"),
    ],
)
async def test_a_bot_behind_http_answers_200_to_slack_alone(
    slack_double: SlackDouble, fault: faults.Fault | None, status: int, complaint: str
) -> None:
    async def careless(_: web.Request) -> web.Response:
        return web.Response(status=status)

    application = web.Application()
    application.router.add_post("/", careless)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack_double.deliver_over_http(f"http://127.0.0.1:{runner.addresses[0][1]}/")
        if fault:
            await slack_double.fault(fault)
        assert (await slack_double.slash("/quiet")).status == status
    finally:
        await runner.cleanup()
    assert slack_double.take_violations() == [complaint]
