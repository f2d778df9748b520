"""A form that cannot be filled says so; it does not stay empty."""

import pytest

from integration.adapters.slack.forms.test_forms import bot, form, words_of  # noqa: F401
from slack_bot import Bot


async def test_a_form_that_meets_a_bug_says_so(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def broken(*_given: object, **_named: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(bot.core.service, "form", broken)
    (said,) = words_of(await form(bot))
    assert said.startswith("Something went wrong")
