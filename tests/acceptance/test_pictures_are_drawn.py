"""The script that draws the documentation's pictures runs, and Chromium shows in each the words stored in it."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pictures.browser import MOST_BYTES, words_in
from pictures.motion import NAME, all_words, words_in_motion
from pictures.scenes import moments, scenes

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]


async def test_every_picture_can_be_drawn_anew(tmp_path: Path) -> None:
    if shutil.which("chromium") is None and "CI" not in os.environ:
        pytest.skip("Chromium is not installed")
    done = await asyncio.to_thread(draw, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.stem: words_in(path) for path in tmp_path.glob("*.png")} == {
        scene.name: scene.words() for scene in scenes()
    }
    assert words_in_motion(tmp_path / NAME) == all_words(moments())
    assert all(2_000 < path.stat().st_size < MOST_BYTES for path in tmp_path.glob("*.png"))


def draw(folder: Path) -> subprocess.CompletedProcess[str]:
    """The script as a contributor runs it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "scripts/render_pictures.py"), str(folder)]
    return subprocess.run(
        command, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=110
    )
