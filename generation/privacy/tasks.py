"""The background work on what is kept: forget whom it is time to forget, remove what is old."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from generation.ports import Observer, Store
from generation.privacy.forgetting import Forgetter, Round
from generation.privacy.gone_servers import GoneServers
from generation.privacy.retention import Retention
from generation.protocol.clock import Clock, sleep_or
from generation.protocol.errors import FlipbookError

_EVERY: Final = 30.0
_WHILE_FORGETTING: Final = 2.0
_RETENTION_EVERY: Final = timedelta(hours=1)
_TRACES_EVERY: Final = timedelta(hours=12)
"""Writing the database's file anew keeps other writers waiting, a second for each 150 MB or so."""


@dataclass(frozen=True, slots=True)
class KeepingParts:
    """Who does the work."""

    forgetter: Forgetter
    retention: Retention
    gone_servers: GoneServers


class KeepingTasks:
    """Does it for as long as :meth:`run` runs; an error is reported and waits for the next
    round."""

    def __init__(
        self,
        store: Store,
        parts: KeepingParts,
        *,
        clock: Clock,
        observer: Observer,
        woken: asyncio.Event | None = None,
    ) -> None:
        """``woken`` is set when there is somebody to forget."""
        self.parts = parts
        self._store = store
        self._clock = clock
        self._observer = observer
        self._woken = woken or asyncio.Event()
        self._stopped = False
        self._last: dict[str, datetime] = {}
        self._log = structlog.get_logger("flipbook.privacy")

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopped = True
        self._woken.set()

    async def run(self) -> None:
        """Work until :meth:`stop`."""
        while not self._stopped:
            # cleared before looking, so that what comes meanwhile is seen in the next round
            self._woken.clear()
            left = await self.round()
            if not self._stopped:
                pause = _WHILE_FORGETTING if left else _EVERY
                await sleep_or(self._clock, pause, self._woken)

    async def round(self) -> int:
        """Do everything that is due; how many members are still to be forgotten."""
        forgot = Round()
        with self._surviving("forgetting members"):
            forgot = await self.parts.forgetter.go_on()
        if forgot.done:
            self._log.info("members forgotten", count=forgot.done)
            # promised to be gone, so not at the next usual time
            self._last.pop("traces", None)
        if self._is_time("retention", _RETENTION_EVERY):
            with self._surviving("removing what is old"):
                await self._prune()
            with self._surviving("deleting what is kept of servers"):
                await self.parts.gone_servers.purge()
        if self._is_time("traces", _TRACES_EVERY):
            with self._surviving("writing the database's file anew"):
                await self._store.remove_traces()
        return forgot.left

    async def _prune(self) -> None:
        pruned = await self.parts.retention.prune()
        if pruned.clips or pruned.prompts:
            self._log.info(
                "old clips and prompts removed",
                clips=pruned.clips,
                bytes=pruned.bytes,
                prompts=pruned.prompts,
            )

    def _is_time(self, what: str, every: timedelta) -> bool:
        now, last = self._clock.now(), self._last.get(what)
        # a clock that was set back must not stop it
        if last is not None and last <= now < last + every:
            return False
        self._last[what] = now
        return True

    @contextmanager
    def _surviving(self, what: str) -> Iterator[None]:
        try:
            yield
        except FlipbookError as error:
            self._observer.trouble(what, error)
