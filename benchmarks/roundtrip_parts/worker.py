"""The worker of the round-trip benchmark: the real one around an engine that only sleeps.

Run as ``python -m roundtrip_parts.worker FOLDER STEP_SECONDS``; prints the ready
line, then a line per job with the seconds that it kept the engine busy; exits when standard input
closes.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generation.protocol.request import GenerationRequest
from worker.engine import Frames, Render, StepFailure

JOBS_AT_ONCE = 100
KEY = "bench:mark"


@dataclass
class SleepRender:
    """A render that only waits."""

    request: GenerationRequest
    steps_done: int = 0
    busy_seconds: float = 0.0

    @property
    def total_steps(self) -> int:
        return self.request.num_inference_steps


class SleepingEngine:
    """Advances all renders together; a step takes a set time, however many there are."""

    name = "sleeping"
    max_active = JOBS_AT_ONCE

    def __init__(self, step_seconds: float) -> None:
        self._step_seconds = step_seconds
        self._frames = np.zeros((2, 64, 64, 3), np.uint8)

    def load(self) -> None:
        return None

    def check(self, request: GenerationRequest) -> None:  # noqa: ARG002 - takes every request
        return None

    def begin(self, request: GenerationRequest) -> SleepRender:
        return SleepRender(request)

    def step(self, renders: Sequence[Render]) -> Sequence[StepFailure]:
        began = time.perf_counter()
        time.sleep(self._step_seconds)
        for render in renders:
            assert isinstance(render, SleepRender)
            render.steps_done += 1
            render.busy_seconds += time.perf_counter() - began
        return ()

    def finish(self, render: Render) -> Frames:
        assert isinstance(render, SleepRender)
        print(json.dumps({"busy": render.busy_seconds}), flush=True)
        return self._frames

    def close(self) -> None:
        return None


def main(folder: str, step_seconds: str) -> None:
    """Serve with the sleeping engine until standard input closes."""
    from bot.logging import configure_logging
    from bot.settings import LogFormat, LogLevel
    from worker.engine import EngineInfo
    from worker.process.serve import serve
    from worker.settings import WorkerSettings

    configure_logging(LogFormat.JSON, LogLevel.INFO)
    engine = SleepingEngine(float(step_seconds))
    settings = WorkerSettings(data_dir=Path(folder), port=0, key=KEY, exit_with_parent=True)  # type: ignore[arg-type]
    serve(settings, choose=lambda _settings: (engine, EngineInfo("sleeping", "a benchmark")))


if __name__ == "__main__":
    main(*sys.argv[1:])
