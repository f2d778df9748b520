"""What one command costs: calls of the store, of Slack, and of the checks that its way in needs."""

from pathlib import Path
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from doubles.slack.server import SlackDouble
from generation.lifecycle.dispatcher import DispatcherTiming
from slack_bot import running_bot
from slack_outcomes import held


class CountingStore:
    """The store; notes which deliveries are read."""

    def __init__(self, store: Any, read: list[str]) -> None:
        self._store = store
        self._read = read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def delivery_of(self, job_id: str) -> Any:
        self._read.append(job_id)
        return await self._store.delivery_of(job_id)


@pytest.mark.parametrize("over_http", [False, True], ids=["socket", "http"])
async def test_a_command_costs_one_post_one_check_and_no_reading_of_what_it_has_just_written(
    slack: SlackDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, over_http: bool
) -> None:
    read: list[str] = []
    checked: list[bytes] = []
    is_valid = SignatureVerifier.is_valid

    def noted(self: SignatureVerifier, body: bytes, timestamp: str, signature: str) -> bool:
        checked.append(body)
        return is_valid(self, body, timestamp, signature)

    monkeypatch.setattr(SignatureVerifier, "is_valid", noted)
    one_at_once = DispatcherTiming(in_flight=1)
    async with running_bot(
        slack,
        tmp_path,
        backend=held(),
        over_http=over_http,
        around=lambda store: CountingStore(store, read),
        dispatcher_timing=one_at_once,
    ) as bot:
        await bot.until_opened(await bot.animate())
        slack.clock.advance(1.2)
        checked.clear()
        before = len(slack.log)
        message = await bot.animate("a second clip, which waits for the first")
        await bot.until_opened(message)
        (_, waiting) = await bot.jobs()
        asked = [each.name for each in slack.log[before:] if each.kind == "call"]
        seen = list(read)
        bot.release()
    # the first clip may show its progress meanwhile
    assert [name for name in asked if name != "chat.update"] == ["chat.postMessage"]
    assert waiting.id not in seen
    assert len(checked) == int(over_http)
