"""The worker of the queue server's benchmark: the real one, on one core, around an engine that only
sleeps.

Run as ``python -m queue_server_parts.worker FOLDER STEP_SECONDS CORE``; prints the
ready line, then a line with the time at which each step ended; exits when standard input closes.
Its other settings come from the environment.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from roundtrip_parts.worker import KEY, SleepingEngine

from worker.engine import Render, StepFailure


class TimedEngine(SleepingEngine):
    """Renders one request at a time, and prints when each step ended."""

    max_active = 1

    def step(self, renders: Sequence[Render]) -> Sequence[StepFailure]:
        """One step of the one render."""
        failures = super().step(renders)
        for render in renders:
            print(json.dumps({"step": render.steps_done, "at": time.time()}), flush=True)
        return failures


def main(folder: str, step_seconds: str, core: str) -> None:
    """Serve until standard input closes."""
    os.sched_setaffinity(0, {int(core)})
    from bot.logging import configure_logging
    from bot.settings import LogFormat, LogLevel
    from worker.engine import EngineInfo
    from worker.process.serve import serve
    from worker.settings import WorkerSettings

    configure_logging(LogFormat.JSON, LogLevel.WARNING)
    engine = TimedEngine(float(step_seconds))
    settings = WorkerSettings(data_dir=Path(folder), port=0, key=KEY, exit_with_parent=True)  # type: ignore[arg-type]
    serve(settings, choose=lambda _settings: (engine, EngineInfo("timed", "a benchmark")))


if __name__ == "__main__":
    main(*sys.argv[1:])
