"""A form that cannot be filled says so; it does not stay empty."""

from pathlib import Path

from doubles.generation.slow_store import SlowStore
from doubles.slack.server import SlackDouble
from integration.adapters.slack.forms.test_forms import form, words_of
from slack_bot import running_bot


async def test_a_form_that_meets_a_bug_says_so(slack: SlackDouble, tmp_path: Path) -> None:
    stores: list[SlowStore] = []

    def around(store: object) -> SlowStore:
        stores.append(SlowStore(store))
        return stores[0]

    async with running_bot(slack, tmp_path, around=around) as bot:
        stores[0].bugs["standing"] = RuntimeError("a bug")
        (said,) = words_of(await form(bot))
    assert said.startswith("Something went wrong")
