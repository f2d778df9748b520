"""A process beside the worker that compiles a shape into the cache that both share, so that no clip
waits for the compiler and a compiler that breaks ends no worker.

The cached code depends on shapes and not on weights, so the helper needs no model files.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final, Self

import structlog
from pydantic import TypeAdapter

from worker.engines.animatediff.compile.shapes import CompileShape

log = structlog.get_logger("flipbook.engine")

COMPILE_SECONDS: Final = 1200.0
"""How long the helper may take for one shape before it is ended."""
LOG_FILE: Final = "helper.log"
"""In the cache's folder: what the helper and its compiler said of their last shape."""
_TOLD_CHARACTERS: Final = 300
_ASKED_TO_END: Final = frozenset({-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP})
"""Exit codes of a helper that was sent away with the whole service, and did not break."""
_MAIN: Final = ("-m", "worker.engines.animatediff.compile_helper")
_ROOT: Final = Path(__file__).resolve().parents[4]


class HelperProgress(Enum):
    """How far the helper is with a shape."""

    RUNNING = auto()
    CACHED = auto()
    """The shape's code is in the cache: the worker compiles it in seconds."""
    BROKE = auto()
    STOPPED = auto()
    """Ended by the worker, which needed the memory, or with the service: nothing is wrong with the
    shape."""


@dataclass(frozen=True, slots=True)
class CompileOrder:
    """What the helper compiles.

    model: the configuration of the UNet or the decoder. dtype, device, backend: torch's names.
    """

    shape: CompileShape
    model: dict[str, Any]
    dtype: str
    device: str
    text_width: int
    backend: str
    cuda_graphs: bool

    def to_line(self) -> str:
        """One line of JSON."""
        return _ORDER.dump_json(self).decode() + "\n"

    @classmethod
    def from_line(cls, line: str) -> Self:
        """What :meth:`to_line` wrote."""
        order: Self = _ORDER.validate_json(line)
        return order


_ORDER: Final[TypeAdapter[Any]] = TypeAdapter(CompileOrder)


class CompileHelper:
    """Compiles one shape at a time in a process of its own."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str] = (sys.executable, *_MAIN),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`folder`: the cache's, for the helper's log."""
        self._log = folder / LOG_FILE
        self._command = tuple(command)
        self._clock = clock
        self._process: subprocess.Popen[str] | None = None
        self._began = 0.0
        self._was_stopped = False

    @property
    def process(self) -> "subprocess.Popen[str] | None":
        """The process that was begun last; None once its end has been told."""
        return self._process

    def begin(self, order: CompileOrder) -> None:
        """Start compiling; the process ends with this one.

        Raises:
            OSError: no process, or no log, can be made.
        """
        self._was_stopped, self._began = False, self._clock()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        # only of the last shape: written anew by each
        with self._log.open("wb") as said:
            self._process = subprocess.Popen(  # noqa: S603  (our own module, by the running Python)
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
                text=True,
                cwd=_ROOT,
            )
        # left open: the helper ends when the pipe does; one that has ended already is told later
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.write(order.to_line())
                self._process.stdin.flush()

    def progress(self) -> HelperProgress | None:
        """How far it is; None before anything has begun, and after its end was told once."""
        if self._process is None:
            return None
        code = self._process.poll()
        if code is None and self._clock() - self._began < COMPILE_SECONDS:
            return HelperProgress.RUNNING
        was_stopped, self._was_stopped = self._was_stopped, False
        self.close()
        if was_stopped or code in _ASKED_TO_END:
            return HelperProgress.STOPPED
        return HelperProgress.CACHED if code == 0 else HelperProgress.BROKE

    @property
    def last_words(self) -> str:
        """The last line of the helper's log, for ours."""
        with suppress(OSError):
            lines = self._tail().decode(errors="replace").split("\n")
            found = [line.strip() for line in lines if line.strip()]
            return found[-1][:_TOLD_CHARACTERS] if found else ""
        return ""

    def stop(self) -> bool:
        """End it, because its memory is needed; False when it was not running."""
        if self._process is None or self._process.poll() is not None:
            return False
        log.warning("memory ran out; compiling beside the worker was stopped")
        self._process.kill()
        self._process.wait()
        self._was_stopped = True
        return True

    def close(self) -> None:
        """End it for good."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process = None

    def _tail(self) -> bytes:
        # a compiler may have said megabytes
        with self._log.open("rb") as said:
            said.seek(max(0, self._log.stat().st_size - 8 * _TOLD_CHARACTERS))
            return said.read()
