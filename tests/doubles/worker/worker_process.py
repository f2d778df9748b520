"""A worker in a process of its own, with the test's engine: ``python worker_process.py FOLDER [name=value …]``.

``engine=broken`` never loads, ``engine=lost`` loses its device at the first render, ``engine=stuck`` is deep in a step
for ever. Others go wrong as often as ``times`` says, over restarts: ``engine=hangs`` in a step, ``engine=hangs hard``
there too but holding the interpreter's lock, as a driver may, ``engine=hangs loading``, ``engine=dies`` by a signal.
``supervised=true`` runs it under a supervisor that pauses shortly and gives up after three deaths in a row.
"""

import contextlib
import ctypes
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

sys.path.insert(0, str(Path(__file__).parents[2]))

from doubles.worker.engine import SteppedEngine
from generation.protocol.backoff import Backoff
from worker.engine import DeviceLost, EngineInfo, Render, StepFailure
from worker.process.listener import listen
from worker.process.serve import serve
from worker.process.supervisor import RestartPolicy, WorkerSupervisor
from worker.settings import WorkerSettings


class StuckEngine(SteppedEngine):
    """Its first step never ends."""

    def step(self, renders: object) -> list[object]:
        threading.Event().wait()
        return []


class SlowToLoad(SteppedEngine):
    """Takes a second to load, which is healthy."""

    def load(self) -> None:
        time.sleep(1.0)


class FaultyEngine(SteppedEngine):
    """Goes wrong as often as a file in the worker's folder says."""

    fault = "hangs"
    folder: Path

    def load(self) -> None:
        if self.fault == "hangs loading":
            self._go_wrong()

    def step(self, renders: Sequence[Render]) -> Sequence[StepFailure]:
        done = super().step(renders)
        if self.fault != "hangs loading" and renders[0].steps_done == 2:
            self._go_wrong()
        return done

    def _go_wrong(self) -> None:
        left = self.folder / "times"
        times = int(left.read_text())
        if not times:
            return
        left.write_text(str(times - 1))
        match self.fault:
            case "hangs hard":
                ctypes.PyDLL(None).sleep(3600)  # unlike CDLL it keeps the lock
            case "dies":
                os.kill(os.getpid(), signal.SIGKILL)
            case _:
                threading.Event().wait()


def faulty(fault: str, folder: Path, times: int) -> FaultyEngine:
    """An engine with that fault; how often it has been wrong already is kept over restarts."""
    left = folder / "times"
    if not left.exists():
        folder.mkdir(parents=True, exist_ok=True)
        left.write_text(str(times))
    engine = FaultyEngine()
    engine.fault, engine.folder = fault, folder
    return engine


ENGINES = {
    "quick": SteppedEngine,
    "broken": lambda: SteppedEngine(unavailable="The models are missing."),
    "lost": lambda: SteppedEngine(raised={"a red fox in snow": DeviceLost("the GPU fell off")}),
    "stuck": StuckEngine,
    "slow to load": SlowToLoad,
}


def main(folder: str, *given: str) -> int:
    """Serve until told to stop."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    values = {name: json.loads(value) for name, value in (pair.split("=", 1) for pair in given)}
    if values.pop("supervised", False):
        return supervise(folder, values)
    name, times = values.pop("engine", "quick"), values.pop("times", 0)
    engine = ENGINES[name]() if name in ENGINES else faulty(name, Path(folder), times)
    settings = WorkerSettings(_env_file=None, **{"data_dir": Path(folder), "port": 0, **values})
    return serve(settings, choose=lambda _: (engine, EngineInfo("preview", "a test")))


def supervise(folder: str, values: dict[str, object]) -> int:
    """The same worker under a supervisor."""
    settings = WorkerSettings(_env_file=None, data_dir=Path(folder), port=0)
    with contextlib.closing(listen(settings)) as listener:
        inner = {**values, "listener_fd": listener.fileno(), "exit_with_parent": True}
        command = [sys.executable, __file__, folder, *(f"{name}={json.dumps(value)}" for name, value in inner.items())]
        quick = RestartPolicy(max_deaths=3, backoff=Backoff(first=0.01, longest=0.02))
        supervisor = WorkerSupervisor(
            command, dict(os.environ), Path(folder), inherited_fds=[listener.fileno()], restarts=quick
        )
        return supervisor.run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
