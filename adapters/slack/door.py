"""Lets every act of a person in once, however often Slack delivers it, and answers Slack in time."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog

from adapters.slack import render
from adapters.slack.errands import Errands
from adapters.slack.values import Content
from generation.errors import FlipbookError

ACK_SECONDS: Final = 1.8
"""Slack wants its answer within three seconds; after this time it gets an empty one and the words come later."""
MOST_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Answered:
    """What to say now (None: nothing, or nothing yet), and whether this delivery of the act was the first."""

    content: Content | None
    is_first: bool


Work = Callable[[], Awaitable[Content | None]]
Later = Callable[[Content], Awaitable[None]]


class Door:
    """Runs what somebody wants and hands back what to say to them alone; None when there is nothing to say."""

    def __init__(self, errands: Errands, patience: float = ACK_SECONDS) -> None:
        self._errands = errands
        self._patience = patience
        self._seen: OrderedDict[str, asyncio.Task[Content | None]] = OrderedDict()
        self._log = structlog.get_logger("flipbook.slack")

    async def let_in(self, key: str, work: Work, later: Later) -> Answered:
        """Do the work unless the act with that key (``team:kind:…``) was let in before; then its answer is given again.

        Work that takes longer goes on, and ``later`` says what there is to say. Raises NotRunning.
        """
        task = self._seen.get(key)
        is_first = task is None
        if task is None:
            task = self._errands.start(self._answer(work), f"answering a {key.split(':')[1]}")
            self._remember(key, task)
        done, _ = await asyncio.wait({task}, timeout=self._patience)
        if done:
            return Answered(None if task.cancelled() else task.result(), is_first)
        if is_first:
            self._errands.start(self._answer_later(task, later), "answering late")
        return Answered(None, is_first)

    async def _answer(self, work: Work) -> Content | None:
        try:
            return await work()
        except FlipbookError as error:
            return render.error_content(error)
        except Exception:  # noqa: BLE001 - one act never spoils another
            self._log.exception("an act could not be served")
            return render.unexpected_content()

    async def _answer_later(self, task: asyncio.Task[Content | None], later: Later) -> None:
        content = await task
        if content is not None:
            await later(content)

    def _remember(self, key: str, task: asyncio.Task[Content | None]) -> None:
        self._seen[key] = task
        while len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)
