"""Owns the work that goes on after Slack has been answered; all of it ends with the chat."""

import asyncio
import contextlib
from collections.abc import Coroutine
from types import TracebackType
from typing import Final, Self, TypeVar

import structlog

from generation.protocol.errors import FlipbookError

STOP_SECONDS: Final = 3.0
"""How long unfinished work may still take when the process stops."""

Result = TypeVar("Result")


class NotRunning(Exception):
    """The chat does not run (yet, or any more), so no work can be started."""


class BackgroundTasks:
    """``async with background``: tasks started in it end with it.

    At the end they have :data:`STOP_SECONDS` to finish; the rest is cancelled.
    """

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None
        self._running: set[asyncio.Task[object]] = set()
        self._awaited: set[asyncio.Task[object]] = set()
        self._log = structlog.get_logger("flipbook.slack")

    async def __aenter__(self) -> Self:
        # entered by hand, because start() adds tasks to it from other methods
        self._group = await asyncio.TaskGroup().__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    # work that ends may start more, as an answer does
                    while self._awaited:
                        await asyncio.wait(self._awaited)
        finally:
            await self._cancel_rest(kind, error, trace)

    def start(
        self, work: Coroutine[object, object, Result], name: str
    ) -> asyncio.Task[Result | None]:
        """Begin work that may finish when the process stops; its errors are logged, and its result
        is then None. Raises NotRunning."""
        task = self.start_unawaited(work, name)
        self._awaited.add(task)
        task.add_done_callback(self._awaited.discard)
        return task

    def start_unawaited(
        self, work: Coroutine[object, object, Result], name: str
    ) -> asyncio.Task[Result | None]:
        """As :meth:`start`, for work that is cancelled at once when the process stops."""
        if self._group is None:
            # else Python warns of a coroutine that was never awaited
            work.close()
            raise NotRunning("the Slack part of the bot is not running")
        task = self._group.create_task(self._logging_errors(work, name), name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _cancel_rest(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        group, self._group = self._group, None
        for task in self._running:
            task.cancel()
        if group is not None:
            await group.__aexit__(kind, error, trace)

    async def _logging_errors(
        self, work: Coroutine[object, object, Result], name: str
    ) -> Result | None:
        """An error would cancel every other task of the group, so none leaves."""
        try:
            return await work
        except FlipbookError as error:
            self._log.warning(
                "background work failed",
                work=name,
                error=type(error).__name__,
                detail=str(error)[:300],
            )
        except Exception:  # noqa: BLE001 - one task never breaks another
            self._log.exception("background work failed", work=name)
        return None
