"""Deletes what a self-test has put into Slack, found by all that Slack can be asked."""

from collections.abc import Awaitable, Collection, Sequence
from typing import Any, Final

from adapters.slack.setup.selftest_calls import (
    Json,
    SelftestCalls,
    is_gone,
    suppress_gone,
    suppress_missing_scope,
)
from generation.selftest import Selftest, StepFailed

METADATA: Final = {"event_type": "flipbook_selftest", "event_payload": {"part": "status"}}
"""By it a message is found whose answer got lost."""
_SEARCH_BEFORE: Final = 60.0
"""Seconds: this machine's clock may be ahead of Slack's."""


class SelftestCleanup:
    """What was posted in one channel since ``began`` (seconds since the epoch). Whatever is noted
    here is deleted at the end."""

    def __init__(self, test: Selftest, calls: SelftestCalls, channel: str, began: float) -> None:
        self._test = test
        self._calls = calls
        self._channel = channel
        self._since = f"{began - _SEARCH_BEFORE:.6f}"
        self.parent: str | None = None
        """The ``ts`` of the message in whose thread files were shared."""
        self.files: list[str] = []
        self.shared: list[str] = []
        """Those of the files that have a message of their own."""

    async def newest(self) -> Sequence[Json]:
        """The channel's messages since the beginning, with their metadata."""
        return await self._listed("conversations.history", {})

    async def shares_of(self, file_id: str) -> list[tuple[str, str]]:
        """Channel and ``ts`` of the messages that show a file, as ``files.info`` lists them."""
        file = (await self._calls.get("files.info", file=file_id))["file"]
        return [
            (channel, str(share["ts"]))
            for side in (file.get("shares") or {}).values()
            for channel, shares in side.items()
            for share in shares
        ]

    async def run(self) -> None:
        """Delete the files, then the messages, each in a step of its own."""
        look = self._test.step("look for its messages", self._messages(), _count_words)
        messages = await look
        if messages is None:
            self._test.left_behind.append("its messages")
            messages = [] if self.parent is None else [(self._channel, self.parent)]
        # the file first: without its message Slack keeps it
        for number, file_id in enumerate(self.files, 1):
            what = f"files.delete {number} of {len(self.files)}"
            await self._delete(what, "a file", self._file_deleted(file_id))
        # replies before what they answer
        parent = (self._channel, self.parent)
        ordered = sorted(messages, key=lambda message: message == parent)
        for number, (channel, ts) in enumerate(ordered, 1):
            act = self._message_deleted(channel, ts)
            await self._delete(f"chat.delete {number} of {len(ordered)}", "a message", act)

    async def _messages(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        unlisted: list[str] = []
        for file_id in self.files:
            shares: list[tuple[str, str]] = []
            with suppress_gone():
                shares = await self.shares_of(file_id)
            found += shares
            if file_id in self.shared and not shares:
                unlisted.append(file_id)
        if self.parent is not None:
            found.append((self._channel, self.parent))
        with suppress_missing_scope():
            seen = await self._own_messages()
            found += [(self._channel, str(each["ts"])) for each in seen]
            unlisted = [
                file_id for file_id in unlisted if not any(_has(m, (file_id,)) for m in seen)
            ]
        self._test.left_behind += ["perhaps a message that Slack lists nowhere"] * len(unlisted)
        return list(dict.fromkeys(found))

    async def _own_messages(self) -> list[Json]:
        listed = list(await self.newest())
        if self.parent is not None:
            with suppress_gone():
                listed += await self._listed("conversations.replies", {"ts": self.parent})
        return [each for each in listed if _is_ours(each) or _has(each, self.files)]

    async def _listed(self, method: str, more: dict[str, Any]) -> list[Json]:
        asked = {"channel": self._channel, "oldest": self._since, "limit": 50, **more}
        answer = await self._calls.get(method, include_all_metadata=True, **asked)
        return list(answer.get("messages") or ())

    async def _delete(self, what: str, named: str, act: Awaitable[bool]) -> None:
        if await self._test.step(what, act) is None:
            self._test.left_behind.append(named)

    async def _file_deleted(self, file_id: str) -> bool:
        await is_gone(self._calls.post("files.delete", file=file_id))
        if not await is_gone(self._calls.get("files.info", file=file_id)):
            raise StepFailed("it is still there")
        return True

    async def _message_deleted(self, channel: str, ts: str) -> bool:
        await is_gone(self._calls.post("chat.delete", channel=channel, ts=ts))
        return True


def _is_ours(message: Json) -> bool:
    return (message.get("metadata") or {}).get("event_type") == METADATA["event_type"]


def _has(message: Json, files: Collection[str]) -> bool:
    return any(str(file.get("id")) in files for file in message.get("files") or ())


def _count_words(messages: list[tuple[str, str]]) -> str:
    return f"{len(messages)} found"
