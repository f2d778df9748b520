"""pytest fixtures of the Slack double; a conftest (or a test module) registers this module as a plugin."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from doubles.slack.server import OpenDouble, SlackDouble
from judges.slack_validate import SlackJudge, slack_judge
from judges.specs import specs, specs_if_any


@pytest.fixture
def slack_referee() -> SlackJudge:
    """The judge of Slack traffic; skips visibly without the official descriptions."""
    return slack_judge(specs())


@pytest.fixture
async def slack_double(open_slack_double: OpenDouble) -> SlackDouble:
    """A started Slack double, judged where the official descriptions are there; the test fails when anything that must
    not happen did, or nothing was judged."""
    return await open_slack_double()


@pytest.fixture
async def open_slack_double() -> AsyncIterator[OpenDouble]:
    """Opens doubles with options of SlackDouble (`scopes=`, `rate_limits=`, …); each is checked at the end."""
    folder = specs_if_any()
    judge = None if folder is None else slack_judge(folder)
    opened: list[SlackDouble] = []
    async with AsyncExitStack() as stack:

        async def open_double(**options: Any) -> SlackDouble:
            double = await stack.enter_async_context(SlackDouble(judge, **options))
            opened.append(double)
            return double

        yield open_double
    for double in opened:
        double.assert_faultless()
