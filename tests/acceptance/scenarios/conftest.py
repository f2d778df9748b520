"""The chats of the scenario, each on a judged double that fails the test at its end for whatever must not happen."""

import pytest

from acceptance.scenarios.chat import Chat
from acceptance.scenarios.discord_chat import DiscordScenario
from acceptance.scenarios.slack_chat import SlackScenario
from doubles.discord.fixtures import OpenDouble as OpenDiscord
from doubles.slack.server import OpenDouble as OpenSlack
from doubles.slack.web_api.limits import RateLimits
from slack_bot import SHIPPED


@pytest.fixture
async def discord(open_discord_double: OpenDiscord) -> DiscordScenario:
    """Discord, with its rate limits."""
    return DiscordScenario(await open_discord_double(buckets=True))


@pytest.fixture
async def slack(open_slack_double: OpenSlack) -> SlackScenario:
    """Slack, with its rate limits, and the app made from the manifest that we ship."""
    return SlackScenario(await open_slack_double(rate_limits=RateLimits(), **SHIPPED))


@pytest.fixture(params=["discord", "slack"])
def chat(request: pytest.FixtureRequest) -> Chat:
    """Each of them in turn."""
    found: Chat = request.getfixturevalue(request.param)
    return found
