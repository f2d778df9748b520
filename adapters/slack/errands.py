"""Owns the work that goes on after Slack has been answered: nothing is started that nobody waits for."""

import asyncio
import contextlib
from collections.abc import Coroutine
from types import TracebackType
from typing import Final, Self, TypeVar

import structlog

from generation.errors import FlipbookError

LEAVE_SECONDS: Final = 3.0
"""How long what is under way may still take when the process stops."""

Result = TypeVar("Result")


class NotRunning(Exception):
    """Nothing may be started: the chat does not run (yet, or any more)."""


class Errands:
    """``async with errands``: tasks started in it end with it, by themselves within a few seconds or cancelled."""

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None
        self._running: set[asyncio.Task[object]] = set()
        self._awaited: set[asyncio.Task[object]] = set()
        self._log = structlog.get_logger("flipbook.slack")

    async def __aenter__(self) -> Self:
        self._group = await asyncio.TaskGroup().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_SECONDS):
                    while self._awaited:
                        await asyncio.wait(self._awaited)
        finally:
            await self._leave(kind, error, trace)

    def start(
        self, work: Coroutine[object, object, Result], name: str, *, is_awaited: bool = True
    ) -> asyncio.Task[Result | None]:
        """Begin something; what goes wrong in it is logged and stays its own. What is not ``is_awaited`` may be dropped
        at the end without a last moment. Raises NotRunning."""
        if self._group is None:
            work.close()
            raise NotRunning("the Slack part of the bot does not run")
        task = self._group.create_task(self._survive(work, name), name=name)
        for tasks in (self._running, self._awaited) if is_awaited else (self._running,):
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        return task

    async def _leave(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        group, self._group = self._group, None
        for task in self._running:
            task.cancel()
        if group is not None:
            await group.__aexit__(kind, error, trace)

    async def _survive(self, work: Coroutine[object, object, Result], name: str) -> Result | None:
        try:
            return await work
        except FlipbookError as error:
            self._log.warning(f"{name} failed", error=type(error).__name__, detail=str(error)[:300])
        except Exception:  # noqa: BLE001 - one errand never spoils another
            self._log.exception(f"{name} failed")
        return None
