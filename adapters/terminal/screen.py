"""A live progress line on standard error: where the clip is, how far, how long still."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from generation.clip_words import ahead_words
from generation.progress import Phase
from generation.progress import Progress as JobProgress

_WORDS = {Phase.WAITING: "waiting", Phase.QUEUED: "queued", Phase.RENDERING: "rendering", Phase.FETCHING: "fetching"}


def describe(progress: JobProgress) -> str:
    """Where the job is in words: ``queued, 2 ahead, about 12 s``."""
    parts = [_WORDS[progress.phase]]
    if progress.waiting_for:
        parts.append(f"for {progress.waiting_for}")
    if progress.phase is Phase.QUEUED and progress.position is not None:
        parts.append(ahead_words(progress.position))
    if progress.steps is not None:
        parts.append(f"step {progress.steps.done} of {progress.steps.total}")
    if progress.eta_seconds is not None:
        parts.append(f"about {max(1, round(progress.eta_seconds))} s left")
    return parts[0] + (" " if progress.waiting_for else ", ") + ", ".join(parts[1:]) if parts[1:] else parts[0]


class Screen:
    """Shows one job's progress; quiet on a terminal that is none."""

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
        self._task = self._live.add_task("starting", total=None)
        self._last = ""

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal back as it was."""
        self._live.stop()

    def show(self, progress: JobProgress) -> None:
        """The newest state replaces the last one; without a terminal each new phase is one line."""
        if self._console.is_terminal:
            done = None if progress.steps is None else progress.steps.fraction
            total = None if done is None else 1.0
            self._live.update(self._task, description=describe(progress), completed=done or 0, total=total)
        elif progress.phase != self._last:
            self._console.print(describe(progress))
        self._last = progress.phase

    def say(self, line: str) -> None:
        """One line above the bar."""
        self._console.print(line, highlight=False)
