"""A live progress line on standard error: phase, step and time left."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from generation.protocol.progress import Phase
from generation.protocol.progress import Progress as JobProgress
from generation.text.clips import left_words, progress_words


def describe(progress: JobProgress) -> str:
    """The progress in words: ``Queued, 2 ahead, about 12 s left``."""
    left = left_words(progress)
    return ", ".join([progress_words(progress), *([left] if left else [])])


class Screen:
    """Shows one job's progress; without a terminal, a line for each new phase or reason to wait."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._live = Progress(
            BarColumn(bar_width=30),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._live.add_task("Starting", total=None)
        self._last: tuple[Phase, str | None] | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the live line."""
        self._live.stop()

    def show(self, progress: JobProgress) -> None:
        """Replace the live line; without a terminal, print what is new as a line."""
        if self._console.is_terminal:
            # no steps yet: a bar without an end, which moves to and fro
            done = None if progress.steps is None else progress.steps.fraction
            total = None if done is None else 1.0
            self._live.update(
                self._task, description=describe(progress), completed=done or 0, total=total
            )
        elif (progress.phase, progress.waiting_for) != self._last:
            self._console.print(describe(progress), highlight=False, soft_wrap=True)
        self._last = progress.phase, progress.waiting_for

    def say(self, line: str) -> None:
        """Print a line above the live line."""
        self._console.print(line, highlight=False)
