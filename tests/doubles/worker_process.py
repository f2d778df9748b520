"""A worker in a process of its own, with the test's engine: ``python worker_process.py FOLDER [name=value …]``.

``engine=broken`` never loads, ``engine=lost`` loses its device at the first render, ``engine=stuck`` is deep in a step
for ever.
"""

import json
import logging
import sys
import threading
from pathlib import Path

import structlog

sys.path.insert(0, str(Path(__file__).parents[1]))

from doubles.engine import SteppedEngine
from worker.engine import DeviceLost
from worker.parts import EngineInfo
from worker.serve import serve
from worker.settings import WorkerSettings


class StuckEngine(SteppedEngine):
    """Its first step never ends."""

    def step(self, renders: object) -> list[object]:
        threading.Event().wait()
        return []


ENGINES = {
    "quick": SteppedEngine,
    "broken": lambda: SteppedEngine(unavailable="The models are missing."),
    "lost": lambda: SteppedEngine(blunders={"a red fox in snow": DeviceLost("the GPU fell off")}),
    "stuck": StuckEngine,
}


def main(folder: str, *given: str) -> int:
    """Serve until told to stop."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    values = {name: json.loads(value) for name, value in (pair.split("=", 1) for pair in given)}
    engine = ENGINES[values.pop("engine", "quick")]()
    settings = WorkerSettings(_env_file=None, **{"data_dir": Path(folder), "port": 0, **values})
    return serve(settings, choose=lambda _: (engine, EngineInfo("preview", "a test")))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
