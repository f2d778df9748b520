"""A Slack in which the app was made from the manifest that we ship, for every test of the real adapter."""

import pytest

from doubles.slack.server import OpenDouble, SlackDouble
from slack_bot import SHIPPED


@pytest.fixture
async def slack(open_slack_double: OpenDouble) -> SlackDouble:
    """Judged; has granted exactly the scopes of our manifest and tells exactly its events."""
    return await open_slack_double(**SHIPPED)
