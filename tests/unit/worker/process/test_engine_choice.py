"""Which engine a worker takes, and that it says why."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from doubles.worker.engine import SteppedEngine
from worker.engine import EngineUnavailable, device_name_of, engine_label
from worker.process.engine_choice import choose_engine
from worker.settings import WorkerSettings


@dataclass
class EngineWithDevice(SteppedEngine):
    """An engine that names what it renders on."""

    device_name: str | None = None


def settings(folder: Path, engine: str) -> WorkerSettings:
    return WorkerSettings(_env_file=None, data_dir=folder, models_dir=folder / "models", engine=engine)


def test_the_preview_engine_is_taken_when_it_is_asked_for(tmp_path: Path) -> None:
    engine, info = choose_engine(settings(tmp_path, "preview"))
    assert (engine.name, info.name, info.reason) == ("preview", "preview", "the preview engine was asked for")
    assert (device_name_of(engine), engine_label(engine)) == (None, "preview")


@pytest.mark.parametrize(("device", "label"), [("CPU", "stepped-cpu"), ("NVIDIA H100", "stepped")])
def test_the_label_of_an_engine_without_a_gpu_says_so(device: str, label: str) -> None:
    assert engine_label(EngineWithDevice(name="stepped", device_name=device)) == label


def test_auto_falls_back_to_the_preview_and_says_what_is_missing(tmp_path: Path) -> None:
    engine, info = choose_engine(settings(tmp_path, "auto"))
    assert (engine.name, info.name) == ("preview", "preview")
    assert "flipbook" in info.reason.lower()


def test_an_engine_that_was_asked_for_by_name_is_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable):
        choose_engine(settings(tmp_path, "animatediff"))
