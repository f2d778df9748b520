"""One clip of the real engine on tiny models, through the bot's whole path: command, service, queue, worker, relay."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from generation import mp4

pytestmark = pytest.mark.engine

SMALL = ["--size", "64x64", "--frames", "4", "--fps", "8", "--seed", "7"]


@pytest.mark.parametrize("quality", [["--turbo"], ["--steps", "3", "--motion", "zoom-in"]])
def test_a_clip_goes_through_the_whole_path(tiny_root: Path, tmp_path: Path, quality: list[str]) -> None:
    pytest.importorskip("torch")
    command = [sys.executable, "-m", "bot", "animate", "a red fox in snow", *SMALL, *quality]
    command += ["--engine", "animatediff", "--models", str(tiny_root), "--data-dir", str(tmp_path / "data")]
    done = subprocess.run([*command, "--json", "-o", str(tmp_path / "a.mp4")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    facts = json.loads(done.stdout)
    assert (facts["status"], facts["backend"]) == ("succeeded", "worker")
    video = mp4.probe(tmp_path / "a.mp4")
    assert (video.width, video.height, video.frames) == (64, 64, 4)
