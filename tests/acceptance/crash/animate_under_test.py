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

from mortal import REQUEST, SIZE, MortalBackend, MortalStore

from adapters.terminal.screen import Screen
from bot.animate import animate
from bot.app import Ports
from bot.logging import configure_logging
from bot.settings import LogFormat, LogLevel, load_settings
from generation.request import GenerationRequest


class Impatient:
    """Presses Ctrl-C when the point is reached, so many times."""

    def __init__(self, point: str, times: int) -> None:
        self._point = point
        self._times = times

    async def reached(self, point: str) -> None:
        """The job is at this point."""
        self.press(point)

    def press(self, point: str) -> None:
        """Press it now, unless it has been pressed or this is another point."""
        if point == self._point:
            for _ in range(self._times):
                os.kill(os.getpid(), signal.SIGINT)
            self._times = 0

    def answered(self) -> None:
        """Nothing waits for that here."""


async def main(folder: Path, point: str, times: int) -> None:
    impatient = Impatient(point, times)
    settings = load_settings(data_dir=folder / "data", engine="preview", preview_step_seconds=0.3)
    configure_logging(LogFormat.CONSOLE, LogLevel.ERROR)

    def arrange(ports: Ports) -> Ports:
        impatient.press("before insert")
        return replace(
            ports,
            store=MortalStore(ports.store, impatient),  # type: ignore[arg-type]
            backends={name: MortalBackend(backend, impatient) for name, backend in ports.backends.items()},  # type: ignore[arg-type, misc]
        )

    request = GenerationRequest.model_validate({**REQUEST, "video_size": SIZE})
    with Screen() as screen:
        outcome = await animate(settings, request, folder / "clip.mp4", screen, arrange=arrange)
    print(json.dumps(outcome.facts()))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
