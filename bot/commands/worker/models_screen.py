"""A download's progress on standard error: bars on a terminal, a line for each file elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from worker.engines.animatediff.models.download import DownloadProgress


class DownloadScreen:
    """Shows the progress of the current file and of all files together."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._all = self._bars.add_task("all files", total=None)
        self._file = self._bars.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def show(self, now: DownloadProgress) -> None:
        """Show this state instead of the last one; without a terminal, print a line for each
        finished file."""
        name = f"{now.file.source.name}: {now.file.name}"
        self._bars.update(self._all, completed=now.all_bytes, total=now.all_total)
        self._bars.update(
            self._file, description=name, completed=now.file_bytes, total=now.file.size
        )
        if not self._console.is_terminal and now.file_bytes == now.file.size:
            self._console.print(
                f"{now.all_bytes / now.all_total:4.0%} {name}", highlight=False, markup=False
            )
