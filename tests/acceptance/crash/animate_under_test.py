"""``flipbook animate`` for the interruption tests: the product's own, with ports that press Ctrl-C at a chosen point.

Run as ``python animate_under_test.py FOLDER POINT TIMES``. Prints the outcome's facts as one JSON object.
"""

import asyncio
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from observed_ports import REQUEST, SIZE, ObservedBackend, ObservedStore

from adapters.terminal.screen import Screen
from bot.commands.animate.terminal_job import make_clip
from bot.composition import Ports
from bot.logging import configure_logging
from bot.settings import LogFormat, LogLevel, load_settings
from generation.domain.style import StyledRequest
from generation.protocol.request import GenerationRequest


class CtrlC:
    """Presses Ctrl-C ``times`` times when the point is reached."""

    def __init__(self, point: str, times: int) -> None:
        self._point = point
        self._times = times

    async def reached(self, point: str) -> None:
        """The job is at this point."""
        self.press(point)

    def press(self, point: str) -> None:
        """Press it at the chosen point, once."""
        if point == self._point:
            for _ in range(self._times):
                os.kill(os.getpid(), signal.SIGINT)
            self._times = 0

    def answered(self) -> None:
        """Nothing waits for the first answer here."""


async def main(folder: Path, point: str, times: int) -> None:
    ctrl_c = CtrlC(point, times)
    settings = load_settings(data_dir=folder / "data", engine="preview", preview_step_seconds=0.3)
    configure_logging(LogFormat.CONSOLE, LogLevel.ERROR)

    def arrange(ports: Ports) -> Ports:
        ctrl_c.press("before insert")
        return replace(
            ports,
            store=ObservedStore(ports.store, ctrl_c),  # type: ignore[arg-type]
            backends={name: ObservedBackend(backend, ctrl_c) for name, backend in ports.backends.items()},  # type: ignore[arg-type, misc]
        )

    request = StyledRequest(GenerationRequest.model_validate({**REQUEST, "video_size": SIZE}))
    with Screen() as screen:
        outcome = await make_clip(settings, request, folder / "clip.mp4", screen, arrange=arrange)
    print(json.dumps(outcome.facts()))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
