"""A request in memory, with what changes while it waits and renders."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from generation.protocol.wire import LogEntry
from worker.records import Request


@dataclass(frozen=True, slots=True)
class PreviewImage:
    """The newest preview of one render. Its ``name`` is random, so only those who know its URL can
    load it."""

    name: str
    step: int
    picture: bytes


@dataclass(frozen=True, slots=True)
class RenderPace:
    """How far a render is at a moment: ``done`` of ``total`` steps, ``seconds`` after its start.
    ``others`` is how many renders have shared the engine with it, on average over its steps."""

    done: int
    total: int
    seconds: float
    others: float
    at: datetime

    def rest(self, now: datetime) -> float | None:
        """Seconds left at this pace; None before the second step, as the first one warms up."""
        if self.done < 2:
            return None
        left = self.seconds / self.done * (self.total - self.done)
        return max(0.0, left - (now - self.at).total_seconds())


def new_preview_name() -> str:
    """One name for all previews of a request: 192 random bits."""
    return f"{secrets.token_urlsafe(24)}.webp"


class LiveRequest:
    """A request in memory: its record, its log lines, its preview, the pace of its render, and ways
    to wait for changes.

    ``version`` grows with every change that a watcher could see, ``turns`` with those for which no
    watcher should wait: of its state and its preview. ``is_discarded``: it was never stored, so its
    render is for nobody.
    """

    def __init__(self, request: Request, logs: Sequence[LogEntry] = ()) -> None:
        self.request = request
        self.logs = list(logs)
        self.preview: PreviewImage | None = None
        self.pace: RenderPace | None = None
        self.lock = asyncio.Lock()
        self.is_discarded = False
        self.version = 0
        self.turns = 0
        self._changed: asyncio.Event | None = None
        self._turned: asyncio.Event | None = None

    @property
    def is_unwanted(self) -> bool:
        """Whether its render should be dropped."""
        return self.is_discarded or self.request.cancel_requested

    @property
    def watched(self) -> bool:
        """True while a task waits for the next change."""
        return self._changed is not None

    async def changed_since(self, version: int) -> None:
        """Wait until the request differs from what it was at that version."""
        while self.version == version:
            self._changed = self._changed or asyncio.Event()
            await self._changed.wait()

    async def turned_since(self, turns: int) -> None:
        """Wait until its state or its preview has changed that often."""
        while self.turns == turns:
            self._turned = self._turned or asyncio.Event()
            await self._turned.wait()

    def notify(self) -> None:
        """Its state or its preview has changed: wake all tasks that wait."""
        self.turns += 1
        if self._turned is not None:
            self._turned.set()
            self._turned = None
        self.notify_of_detail()

    def notify_of_detail(self) -> None:
        """A log line was added, or the position has changed: wake the tasks that wait for any
        change."""
        self.version += 1
        if self._changed is not None:
            # every change has its own event, so a waiter never misses one that comes while it runs
            self._changed.set()
            self._changed = None
