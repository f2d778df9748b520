"""What all parts of the double share."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from doubles.slack.clock import Changes, Clock
from doubles.slack.faults import FaultBox
from doubles.slack.journal import Journal
from doubles.slack.state.workspaces import World
from doubles.slack.web_api.limits import Limiter

if TYPE_CHECKING:
    from doubles.slack.inbound.courier import Courier
    from doubles.slack.inbound.socket_mode import SocketMode


class Tasks:
    """Work the double has started, which ends with it. A failure is a violation, never a silent one."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """Run something beside the exchange that caused it; after the end, nothing."""
        if self._closed:
            work.close()
            return
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (failure := task.exception()):
            self._journal.violate(f"the double failed: {failure!r}")

    async def close(self) -> None:
        """Cancel what still runs."""
        self._closed = True
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


@dataclass
class Platform:
    """The world, its clock and its log, and the transports to the bot. `url` is http://127.0.0.1:port once started."""

    world: World
    clock: Clock
    changes: Changes
    journal: Journal
    limiter: Limiter
    events: frozenset[str]
    ack_limit: float
    faults: FaultBox = field(default_factory=FaultBox)
    url: str = ""
    tasks: Tasks = field(init=False)
    courier: Courier = field(init=False)
    sockets: SocketMode = field(init=False)

    def __post_init__(self) -> None:
        self.tasks = Tasks(self.journal)
