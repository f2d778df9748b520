"""What the process beside the worker is to compile next, and what has come of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import structlog

from worker.engines.animatediff.compile.helper import CompileHelper, CompileOrder, HelperProgress
from worker.engines.animatediff.compile.shapes import CompileShape

log = structlog.get_logger("flipbook.engine")


class Prepared(Enum):
    """What has come of the process beside."""

    CACHED = auto()
    """The worker compiles that shape in seconds."""
    NOT_YET = auto()
    BROKE = auto()
    """It cannot be compiled."""
    NO_ROOM = auto()
    """The device has no room for the process now, whatever the shape."""


@dataclass(slots=True)
class CompileBeside:
    """Prepares one shape after the other in the helper's process.

    order_of: what the helper is to be told of a shape. has_room: whether the device has room for
    the helper's model and one run of that shape beside the worker.
    """

    helper: CompileHelper
    order_of: Callable[[CompileShape], CompileOrder]
    has_room: Callable[[CompileShape], bool]
    _begun: CompileShape | None = None
    _told: set[CompileShape] = field(default_factory=set)

    def advance(self, waiting: Sequence[CompileShape]) -> tuple[Prepared, CompileShape]:
        """What has come of the shape that is being prepared; where none is, the first of the
        waiting ones that has room is begun. `waiting` is not empty, and may lose a shape only once
        that is cached or broken."""
        ended = self.helper.progress()
        if ended in (None, HelperProgress.STOPPED) or self._begun is None:
            return self._begin(waiting)
        if ended is HelperProgress.RUNNING:
            return Prepared.NOT_YET, self._begun
        return (Prepared.CACHED if ended is HelperProgress.CACHED else Prepared.BROKE), self._begun

    def _begin(self, waiting: Sequence[CompileShape]) -> tuple[Prepared, CompileShape]:
        fitting = [shape for shape in waiting if self.has_room(shape)]
        if not fitting:
            self._tell(waiting[0])
            return Prepared.NO_ROOM, waiting[0]
        self._begun = fitting[0]
        try:
            self.helper.begin(self.order_of(fitting[0]))
        except OSError as error:
            log.warning("compiling beside the worker cannot start", reason=error.strerror)
            return Prepared.NO_ROOM, fitting[0]
        log.info("compiling a shape beside the worker", shape=str(fitting[0]))
        return Prepared.NOT_YET, fitting[0]

    def _tell(self, shape: CompileShape) -> None:
        # asked again after every clip; said once
        if shape not in self._told:
            self._told.add(shape)
            why = "there is no room to compile it beside the worker"
            log.info("a shape stays eager for now", shape=str(shape), reason=why)
