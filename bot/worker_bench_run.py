"""One run of the bench: what is said before and meanwhile, what is measured, and what is kept of it."""

import json
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bot.worker_bench_lines import announcement, facts_of, heads, line_of, measured_words, name_of, not_measured
from generation.request import GenerationRequest
from worker.bench import Bench, Measurement, clips_to_measure
from worker.engine import DeviceLost, EngineError
from worker.engine_choice import choose_engine
from worker.expectations import PACE_FILE, Expectations, guess_of
from worker.maker import device_of
from worker.settings import WorkerSettings

RESULTS: Final = "bench.json"


class BenchRun:
    """The engine of the settings, loaded, and what was measured on it. Talks on standard error.

    Raises EngineError when there is no engine, or it cannot be loaded.
    """

    def __init__(self, settings: WorkerSettings, *, quick: bool, now: datetime, console: Console | None = None) -> None:
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
        self.measured: list[Measurement] = []
        self._failures: dict[str, str] = {}
        self._load()
        self._expected = Expectations.load(settings.data_dir / PACE_FILE, self._info.name, guess_of(self._engine))
        self._bench = Bench(self._engine, stepped=self._stepped)
        self._task: TaskID = self._bar.add_task("", total=None)

    def _load(self) -> None:
        self._say(f"Loading the {self._info.name} engine: {self._info.reason} …")
        self._engine.load()
        self._device = device_of(self._engine)
        if self._device is not None:
            self._say(f"It renders on {self._device}.")

    def through(self, requests: Sequence[GenerationRequest]) -> bool:
        """Measure them all; whether somebody stopped it before its end. Raises DeviceLost."""
        try:
            with self._bar:
                self._get_ready(requests)
                for request in requests:
                    self._measure(request)
        except KeyboardInterrupt:
            self._say(f"Stopped after {len(self.measured)} of {len(requests)}.")
            return True
        finally:
            self._bar.stop()
        return False

    def _get_ready(self, requests: Sequence[GenerationRequest]) -> None:
        """Everything that a running worker would have done by now, then how long the rest will take."""
        compiled = self._bench.settle()
        if compiled:
            self._say(f"Compiled {compiled} shapes.")
        for request in requests:
            if self._expected.seconds_for(request) is None:
                self._expected.learn(request, self._bench.sound(request))
        self._say(announcement([(request, self._seconds(request)) for request in requests], quick=self._quick))

    def _seconds(self, request: GenerationRequest) -> float:
        """How long measuring it will take: the clip and what goes before it."""
        parts = clips_to_measure(request, quick=self._quick)
        return sum(self._expected.seconds_for(part) or 0.0 for part in parts)

    def _measure(self, request: GenerationRequest) -> None:
        self._bar.reset(self._task, description=name_of(request), total=None)
        try:
            found = self._bench.measure(request, quick=self._quick)
        except DeviceLost:
            raise
        except EngineError as error:
            self._failures[name_of(request)] = str(error)
            self._say(not_measured(request, str(error)))
            return
        self.measured.append(found)
        self._expected.learn(request, found.seconds)
        self._say(measured_words(found))

    def _stepped(self, request: GenerationRequest, done: int, total: int) -> None:
        text = f"{name_of(request)}: step {done} of {total}"
        self._bar.update(self._task, description=text, completed=done, total=total)

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def table(self) -> str:
        """What was measured, for people."""
        return "\n".join([heads(), *map(line_of, self.measured)])

    def facts(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "engine": self._info.name,
            "device": self._device,
            "version": version("flipbook"),
            "measured_at": self._now.isoformat(timespec="seconds"),
            "clips": [facts_of(found) for found in self.measured],
            "failures": self._failures,
        }

    def keep(self) -> None:
        """Into the data folder: the result, and what the worker's estimates begin with. Raises OSError."""
        self._engine.close()
        if self.measured:
            self._expected.save()
            (self._settings.data_dir / RESULTS).write_text(json.dumps(self.facts(), indent=1), encoding="utf-8")
            self._say(f"Kept in {self._settings.data_dir / RESULTS}; the worker's estimates begin with it.")
