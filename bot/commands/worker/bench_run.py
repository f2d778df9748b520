"""One run of the bench: measures clips, reports progress on standard error, saves the result."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bot import __version__
from bot.commands.worker.bench_text import (
    announcement,
    clip_name,
    facts_of,
    measured_line,
    not_measured,
    table_head,
    table_row,
)
from generation.protocol.request import GenerationRequest
from worker.engine import DeviceLost, EngineError, device_name_of
from worker.process.engine_choice import choose_engine
from worker.render.bench import Bench, BenchMeasurement, clips_to_measure
from worker.scheduling.durations import DURATIONS_FILE, RenderDurations, estimate_of
from worker.settings import WorkerSettings

RESULTS: Final = "bench.json"


class BenchRun:
    """The engine that the settings choose, loaded, and the measurements on it.

    Raises EngineError when there is no engine, or it cannot be loaded.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        *,
        quick: bool,
        now: datetime,
        console: Console | None = None,
    ) -> None:
        self._settings = settings
        self._quick = quick
        self._now = now
        self._console = console or Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._engine, self._info = choose_engine(settings)
        self.measured: list[BenchMeasurement] = []
        self._failures: dict[str, str] = {}
        self._load()
        self._expected = RenderDurations.load(
            settings.data_dir / DURATIONS_FILE, self._info.name, estimate_of(self._engine)
        )
        self._bench = Bench(self._engine, stepped=self._stepped)
        self._task: TaskID = self._bar.add_task("", total=None)

    def _load(self) -> None:
        self._print(f"Loading the {self._info.name} engine: {self._info.reason} …")
        self._engine.load()
        self._device = device_name_of(self._engine)
        if self._device is not None:
            self._print(f"It renders on {self._device}.")

    def measure_all(self, requests: Sequence[GenerationRequest]) -> bool:
        """Measure them all; True where Ctrl-C ended it early. Raises DeviceLost."""
        try:
            with self._bar:
                self._warm_up(requests)
                for request in requests:
                    self._measure(request)
        except KeyboardInterrupt:
            self._print(f"Stopped after {len(self.measured)} of {len(requests)}.")
            return True
        finally:
            self._bar.stop()
        return False

    def _warm_up(self, requests: Sequence[GenerationRequest]) -> None:
        """Do what a running worker has done by now, then announce how long the rest will take."""
        compiled = self._bench.finish_idle_work()
        if compiled:
            self._print(f"Compiled {compiled} shapes.")
        for request in requests:
            # a machine that has rendered such a clip before knows its duration already
            if self._expected.seconds_for(request) is None:
                self._expected.learn(request, self._bench.time_once(request))
        self._print(
            announcement(
                [(request, self._seconds(request)) for request in requests], quick=self._quick
            )
        )

    def _seconds(self, request: GenerationRequest) -> float:
        """How long measuring it will take, the clips before it included."""
        parts = clips_to_measure(request, quick=self._quick)
        return sum(self._expected.seconds_for(part) or 0.0 for part in parts)

    def _measure(self, request: GenerationRequest) -> None:
        self._bar.reset(self._task, description=clip_name(request), total=None)
        try:
            found = self._bench.measure(request, quick=self._quick)
        except DeviceLost:
            raise  # no further clip can be measured
        except EngineError as error:
            self._failures[clip_name(request)] = str(error)
            self._print(not_measured(request, str(error)))
            return
        self.measured.append(found)
        self._expected.learn(request, found.seconds)
        self._print(measured_line(found))

    def _stepped(self, request: GenerationRequest, done: int, total: int) -> None:
        text = f"{clip_name(request)}: step {done} of {total}"
        self._bar.update(self._task, description=text, completed=done, total=total)

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def table(self) -> str:
        """The measurements as a table."""
        head = table_head(self._info.name, self._device)
        return "\n".join([head, *map(table_row, self.measured)])

    def facts(self) -> dict[str, object]:
        """The measurements as JSON values."""
        return {
            "engine": self._info.name,
            "device": self._device,
            "version": __version__,
            "measured_at": self._now.isoformat(timespec="seconds"),
            "clips": [facts_of(found) for found in self.measured],
            "failures": self._failures,
        }

    def save(self) -> None:
        """Write the result and the durations for the worker's estimates to the data folder.

        Raises OSError.
        """
        self._engine.close()
        if self.measured:
            self._expected.save()
            (self._settings.data_dir / RESULTS).write_text(
                json.dumps(self.facts(), indent=1), encoding="utf-8"
            )
            self._print(
                f"Kept in {self._settings.data_dir / RESULTS}; the worker's estimates begin "
                "with it."
            )
