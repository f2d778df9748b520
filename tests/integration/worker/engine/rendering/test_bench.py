"""``flipbook worker bench`` with the real engine on tiny models: measured, kept, and used at the next start."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app

pytest.importorskip("torch")

from generation.protocol.request import Endpoint, VideoSizePreset
from worker.engines.animatediff import AnimateDiffEngine, ModelSet
from worker.render.bench import bench_requests
from worker.scheduling.durations import RenderDurations, estimate_of

pytestmark = pytest.mark.engine


def test_the_bench_measures_the_real_engine(tiny_root: Path, tmp_path: Path) -> None:
    line = ["worker", "--engine", "animatediff", "--models", str(tiny_root), "--data-dir", str(tmp_path)]
    line += ["bench", "--preset", "square", "--endpoint", "turbo", "--frames", "1", "--quick", "--json"]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    (clip,) = facts["clips"]
    assert (facts["engine"], facts["device"], clip["endpoint"], clip["steps"]) == ("animatediff", "CPU", "turbo", 4)
    assert clip["peak_bytes"] > 10_000_000
    assert "1 clip to measure" in result.stderr
    (request,) = bench_requests([VideoSizePreset.SQUARE], [Endpoint.TURBO], num_frames=1)
    known = RenderDurations.load(tmp_path / "pace.json", "animatediff")
    assert known.seconds_for(request) == pytest.approx(clip["seconds"], abs=0.001)


def test_the_engines_own_estimate_serves_sizes_that_were_never_measured(tiny_root: Path, tmp_path: Path) -> None:
    engine = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu")
    engine.load()
    (request,) = bench_requests([VideoSizePreset.SQUARE], [Endpoint.TURBO], num_frames=1)
    known = RenderDurations.load(tmp_path / "pace.json", "animatediff", estimate_of(engine))
    assert known.seconds_for(request) == engine.estimate_seconds(request)
