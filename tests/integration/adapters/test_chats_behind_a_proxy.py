"""Both chats work behind an HTTP or a SOCKS proxy, which resolves their names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
from pydantic import SecretStr

from adapters.discord import check_discord
from adapters.proxies import open_session
from adapters.slack import SlackAccess, check_slack
from doubles.clock import ManualClock
from doubles.discord.server import DiscordDouble
from doubles.http.socks_proxy import socks_leading_everybody_to
from doubles.slack.server import OpenDouble
from doubles.slack.world import APP_TOKEN
from slack_bot import SHIPPED


@asynccontextmanager
async def by_socks(port: int) -> AsyncIterator[str]:
    async with socks_leading_everybody_to(port) as proxy:
        yield proxy.url


def port_of(url: str) -> int:
    return int(url.split(":")[2].partition("/")[0])


def elsewhere(url: str, host: str) -> str:
    """The same address under a name that only a proxy can resolve."""
    return url.replace(f"127.0.0.1:{port_of(url)}", host)


async def test_discord_through_socks(discord_double: DiscordDouble) -> None:
    async with by_socks(port_of(discord_double.api_url)) as proxy:
        checkup = await check_discord(
            SecretStr(discord_double.token),
            api_url=elsewhere(discord_double.api_url, "discord.test"),
            gateway_url=elsewhere(discord_double.gateway_url, "gateway.test"),
            clock=ManualClock(datetime.now(UTC)),
            proxy=proxy,
        )
    assert checkup.is_good, checkup


async def test_slack_through_socks(open_slack_double: OpenDouble) -> None:
    slack = await open_slack_double(**SHIPPED)
    async with by_socks(port_of(slack.base_url)) as proxy:
        access = SlackAccess(SecretStr(slack.home.tokens.bot), SecretStr(APP_TOKEN), proxy=proxy)
        api_url = elsewhere(slack.base_url, "slack.test")
        checkup = await check_slack(access, api_url=api_url, clock=ManualClock(datetime.now(UTC)))
    assert checkup.is_good, checkup
    # whether the socket's server can be reached is asked without opening a socket
    assert slack.take_violations() == ["GET /: the double has no such route"]


async def test_a_socks_proxy_that_is_away_fails_as_any_connection_does() -> None:
    async with open_session("socks5://127.0.0.1:9") as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get("http://discord.test")


async def test_slack_sdk_takes_no_proxy_from_the_environment(
    open_slack_double: OpenDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    slack = await open_slack_double(**SHIPPED)
    access = SlackAccess(SecretStr(slack.home.tokens.bot), SecretStr(APP_TOKEN))
    checkup = await check_slack(access, api_url=slack.base_url, clock=ManualClock(datetime.now(UTC)))
    assert checkup.is_good, checkup
