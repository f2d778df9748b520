"""The two chats as a running bot meets them."""

import pytest

from doubles.discord.fixtures import OpenDouble as OpenDiscord
from doubles.slack.server import OpenDouble as OpenSlack
from kills_in_chats import InDiscord, InSlack
from slack_bot import SHIPPED


@pytest.fixture
async def discord(open_discord_double: OpenDiscord) -> InDiscord:
    """Discord, judged."""
    return InDiscord(await open_discord_double())


@pytest.fixture
async def slack(open_slack_double: OpenSlack) -> InSlack:
    """Slack, judged, with the app made from the manifest that we ship."""
    return InSlack(await open_slack_double(**SHIPPED))
