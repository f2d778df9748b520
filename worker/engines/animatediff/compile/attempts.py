"""Remembers which shapes could not be compiled, also over a worker's sudden end: a shape that ended
the worker is not tried again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from pydantic import TypeAdapter

from worker.engines.animatediff.compile.shapes import CompileShape

log = structlog.get_logger("flipbook.engine")

ATTEMPTS_FILE: Final = "attempts.json"


@dataclass(frozen=True, slots=True)
class _Record:
    """The file's content. trying: what the worker was compiling when it was written."""

    torch: str
    failed: tuple[CompileShape, ...] = ()
    trying: CompileShape | None = None


_RECORD: Final = TypeAdapter(_Record)


class CompileAttempts:
    """The shapes that failed with one version of torch; kept in a file of the cache's folder."""

    def __init__(self, folder: Path | None, *, version: str) -> None:
        """`folder` None keeps nothing. `version`: of torch; another one may compile what this one
        could not."""
        self._file = None if folder is None else folder / ATTEMPTS_FILE
        self._version = version
        found = self._load()
        self._failed = set(found.failed)
        if found.trying is not None:
            log.warning(
                "the worker ended while it compiled; the shape stays eager", shape=str(found.trying)
            )
            self.failed(found.trying)

    def has_failed(self, shape: CompileShape) -> bool:
        """Whether that shape is not to be tried again."""
        return shape in self._failed

    def begin(self, shape: CompileShape) -> None:
        """The worker itself starts to compile that shape."""
        self._save(trying=shape)

    def succeeded(self) -> None:
        """It did not end the worker."""
        self._save(trying=None)

    def failed(self, shape: CompileShape) -> None:
        """It cannot be compiled."""
        self._failed.add(shape)
        self._save(trying=None)

    def _load(self) -> _Record:
        fresh = _Record(self._version)
        try:
            found = fresh if self._file is None else _RECORD.validate_json(self._file.read_bytes())
        except (OSError, ValueError):
            # a damaged record costs one more attempt
            return fresh
        return found if found.torch == self._version else fresh

    def _save(self, *, trying: CompileShape | None) -> None:
        if self._file is None:
            return
        failed = tuple(sorted(self._failed, key=str))
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part = self._file.with_suffix(".part")
            part.write_bytes(_RECORD.dump_json(_Record(self._version, failed, trying)))
            part.replace(self._file)
        except OSError as error:
            log.warning("what was compiled is not remembered", reason=error.strerror)
