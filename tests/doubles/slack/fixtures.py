"""pytest fixtures of the Slack double."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from doubles.slack.server import SlackDouble
from judges.slack_validate import SlackJudge, slack_judge
from judges.specs import specs


@pytest.fixture
def slack_referee() -> SlackJudge:
    """The judge of Slack traffic; skips visibly without the official descriptions."""
    return slack_judge(specs())


@pytest_asyncio.fixture
async def slack_double(slack_referee: SlackJudge) -> AsyncIterator[SlackDouble]:
    """A started Slack double; the test fails when anything that must not happen did, or nothing was judged."""
    double = SlackDouble(slack_referee)
    async with double:
        yield double
    assert_faultless(double)


def assert_faultless(double: SlackDouble) -> None:
    """Nothing happened that must not, and what happened was judged."""
    assert double.violations == []
    assert double.judged > 0, "nothing was judged"
