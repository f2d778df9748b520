"""``flipbook worker bench`` on the preview engine: what it prints, and what it saves."""

import json
from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from bot.cli import app
from worker.scheduling.durations import RenderDurations
from worker.settings import WorkerSettings

runner = CliRunner()
SMALL = ("--preset", "square", "--frames", "1")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    for field in WorkerSettings.model_fields:
        monkeypatch.delenv(f"FLIPBOOK_WORKER_{field.upper()}", raising=False)
    monkeypatch.setenv("FLIPBOOK_WORKER_DATA_DIR", str(tmp_path / "worker"))
    return tmp_path / "worker"


def bench(*arguments: str, engine: str = "preview") -> tuple[int, str, str]:
    """Exit code, output and errors."""
    result = runner.invoke(app, ["worker", "--engine", engine, "bench", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_it_prints_a_row_for_each_clip_and_announces_how_long_it_takes(folder: Path) -> None:
    code, printed, errors = bench(*SMALL)
    engine, heads, *rows = printed.splitlines()
    assert engine == "preview engine on this machine"
    assert (code, heads.split()) == (0, ["size", "endpoint", "steps", "s/clip", "s/MP4", "GB", "clips/h", "presets"])
    assert [(row.split()[:3], row.split()[-1]) for row in rows] == [
        (["512×512", "standard", "25"], "square"),
        (["512×512", "turbo", "4"], "square"),
    ]
    assert "2 clips to measure: about " in errors
    assert errors.index("2 clips to measure") < errors.index("standard square: ")


def test_the_result_is_kept_and_the_workers_estimates_begin_with_it(folder: Path) -> None:
    code, printed, _ = bench(*SMALL, "--json", "--quick", "--endpoint", "standard")
    facts = json.loads(printed)
    assert (code, json.loads((folder / "bench.json").read_text())) == (0, facts)
    (clip,) = facts["clips"]
    assert (facts["engine"], clip["presets"], clip["reckoned"]) == ("preview", ["square"], True)
    rounded = 0.0005 / clip["seconds"]  # the seconds are printed to the millisecond
    assert clip["seconds"] * clip["clips_per_hour"] == pytest.approx(3600, rel=0.001 + rounded)
    from worker.render.bench import bench_requests

    known = RenderDurations.load(folder / "pace.json", "preview")
    (request, *_) = bench_requests(num_frames=1)
    assert known.seconds_for(request) is not None


def test_one_endpoint_may_be_asked_for_and_a_wrong_one_is_refused() -> None:
    assert len(bench(*SMALL, "--endpoint", "turbo")[1].splitlines()) == 3
    assert bench("--endpoint", "fast") == (2, "", "--endpoint takes standard or turbo, not 'fast'.\n")


def test_a_worker_beside_it_would_spoil_the_measurement(folder: Path) -> None:
    folder.mkdir()
    with FileLock(folder / "worker.lock"):
        code, printed, errors = bench(*SMALL)
    assert (code, printed) == (75, "")
    assert errors == f"A worker is using {folder}, and with it the GPU. Stop it, then measure.\n"


def test_an_engine_that_is_not_there_is_one_sentence() -> None:
    code, printed, errors = bench(*SMALL, engine="animatediff")
    assert (code, printed, errors.count("\n")) == (1, "", 1)


def test_what_is_missing_is_said_once(folder: Path) -> None:
    _, printed, errors = bench(*SMALL, "--quick", engine="auto")
    assert (printed.splitlines()[0], errors.count("Loading the preview engine: ")) == (
        "preview engine on this machine",
        1,
    )
    assert "rendering previews only" not in errors
