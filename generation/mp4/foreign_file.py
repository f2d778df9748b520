"""Pictures and videos of strangers as frames: unpacked in a process of their own, which may take
only so much memory and time, and knows no secrets."""

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from generation.protocol.errors import UnreadableFile
from generation.protocol.inputs.trouble import FileTrouble

SECONDS: Final = 30.0
AT_ONCE: Final = 2
"""Files that are unpacked at the same time; others wait."""
MOST_BYTES: Final = 160 * 2**20
"""Of the frames that one file may give."""


@dataclass(frozen=True, slots=True)
class WantedFrames:
    """The frames that are wanted of a file.

    is_video: whether it is a video, of whose first ``seconds`` ``fps`` frames each are taken.
    width, height: the size that the frames are cropped and scaled to; 0: they follow the file.
    area, multiple: where they follow it, width × height at most, and what both are multiples of.
    """

    is_video: bool
    width: int = 0
    height: int = 0
    area: int = 0
    multiple: int = 8
    seconds: float = 4.0
    fps: float = 8.0
    frames_at_most: int = 32


class ForeignFiles:
    """Unpacks files, some at a time."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._places = asyncio.Semaphore(AT_ONCE)

    async def frames(self, data: bytes, wanted: WantedFrames) -> NDArray[np.uint8]:
        """Shape (frames, height, width, 3), RGB. Raises UnreadableFile."""
        async with self._places:
            return await _unpacked(data, wanted, self._seconds)


async def _unpacked(data: bytes, wanted: WantedFrames, seconds: float) -> NDArray[np.uint8]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "generation.mp4.foreign_reading",
        json.dumps(asdict(wanted)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
    )
    try:
        async with asyncio.timeout(seconds):
            answer = await _exchange(process, data)
            code = await process.wait()
    except TimeoutError:
        raise UnreadableFile(FileTrouble.TOO_MUCH) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _frames_of(answer, code)


def _environment() -> dict[str, str]:
    """What the process knows of this one: where its code is, and nothing secret."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


async def _exchange(process: asyncio.subprocess.Process, data: bytes) -> bytes:
    assert process.stdin is not None  # noqa: S101 -- both were asked for
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(data)
        await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError, RuntimeError):
        # it has seen enough, or has ended, of which uvloop makes a RuntimeError
        pass
    finally:
        process.stdin.close()
    answer = bytearray()
    while chunk := await process.stdout.read(2**20):
        answer += chunk
        if len(answer) > MOST_BYTES:
            raise UnreadableFile(FileTrouble.TOO_MUCH)
    return bytes(answer)


def _frames_of(answer: bytes, code: int) -> NDArray[np.uint8]:
    head, _, rest = answer.partition(b"\n")
    try:
        found = json.loads(head)
        if "why" in found:
            raise UnreadableFile(FileTrouble(found["why"]))
        count, height, width = (int(number) for number in found["shape"])
        return np.frombuffer(rest, np.uint8).reshape(count, height, width, 3)
    except (ValueError, TypeError, KeyError):
        # it ended in the middle: by its own bounds, or by a file that breaks FFmpeg
        raise UnreadableFile(FileTrouble.TOO_MUCH if code else FileTrouble.DAMAGED) from None
