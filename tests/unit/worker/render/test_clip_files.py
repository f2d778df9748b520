"""A render's prepared file becomes its clip, or is removed."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from doubles.worker.engine import SteppedEngine
from generation.protocol.request import Endpoint, GenerationRequest
from worker.engine import Frames
from worker.render.clip_files import ClipFiles
from worker.render.clip_storage import ClipStorage

REQUEST = GenerationRequest(endpoint=Endpoint.STANDARD, prompt="a", seed=1)


async def files_after(folder: Path, frames: Frames, *, max_bytes: int = 10**9) -> tuple[bool, list[str]]:
    """Whether a clip was made of those frames, and what is in the folder once its render has ended."""
    storage = ClipStorage(folder / "clips", max_bytes, min_free_bytes=0)
    storage.open(())
    files = ClipFiles(storage, SteppedEngine())
    async with asyncio.TaskGroup() as group:
        files.expect("1", group)
    try:
        made = await files.make("1", frames, REQUEST)
    except Exception:  # noqa: BLE001 - whatever the encoder says
        made = None
    await files.drop("1")
    return made is not None, [path.name for path in (folder / "clips").iterdir()]


@pytest.mark.parametrize("shape", [(0, 1, 1, 3), (2, 0, 64, 3), (2, 64, 0, 3), (2, 64, 64), (2, 64, 64, 7)])
async def test_frames_that_cannot_be_encoded_leave_no_file(tmp_path: Path, shape: tuple[int, ...]) -> None:
    assert await files_after(tmp_path, np.zeros(shape, np.uint8)) == (False, [])


async def test_a_clip_without_room_leaves_no_file(tmp_path: Path) -> None:
    assert await files_after(tmp_path, np.zeros((2, 64, 64, 3), np.uint8), max_bytes=10) == (False, [])


async def test_a_clip_that_was_made_stays(tmp_path: Path) -> None:
    was_made, left = await files_after(tmp_path, np.zeros((2, 64, 64, 3), np.uint8))
    assert (was_made, len(left)) == (True, 1)
