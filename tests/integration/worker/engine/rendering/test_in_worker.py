# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""The engine on the worker's own engine thread: loaded, stepped, dropped, broken."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from doubles.worker.rendering import assert_nearly_equal, clip, frames_of, turbo
from generation.mp4 import encode, probe
from worker.engine import EngineUnavailable
from worker.engines.animatediff import AnimateDiffEngine, ModelSet
from worker.render.engine_thread import (
    EngineBroken,
    EngineEvent,
    EngineLoaded,
    EngineThread,
    RenderDropped,
    RenderFinished,
    RenderStepped,
)

pytestmark = pytest.mark.engine

TIMEOUT_SECONDS = 60.0


@contextmanager
def running(engine: AnimateDiffEngine) -> Iterator[tuple[EngineThread, "SimpleQueue[EngineEvent]"]]:
    """An engine thread and its events."""
    events: SimpleQueue[EngineEvent] = SimpleQueue()
    thread = EngineThread(engine, events.put)
    thread.start()
    try:
        yield thread, events
    finally:
        thread.stop()
        assert thread.join(TIMEOUT_SECONDS)


def test_two_clips_are_rendered_while_a_third_is_dropped(tiny_root: Path, engine: AnimateDiffEngine) -> None:
    own = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu")
    with running(own) as (thread, events):
        assert events.get(timeout=TIMEOUT_SECONDS) == EngineLoaded()
        thread.begin("standard", clip(num_inference_steps=5))
        thread.begin("turbo", turbo())
        thread.begin("unwanted", clip(num_inference_steps=50))
        thread.drop("unwanted")
        frames: dict[str, object] = {}
        steps: dict[str, list[int]] = {"standard": [], "turbo": [], "unwanted": []}
        dropped = []
        while len(frames) < 2 or not dropped:
            match events.get(timeout=TIMEOUT_SECONDS):
                case RenderStepped(id_, done, _, _):
                    steps[id_].append(done)
                case RenderFinished(id_, made):
                    frames[id_] = made
                case RenderDropped(id_):
                    dropped.append(id_)
                case other:
                    raise AssertionError(other)
    assert dropped == ["unwanted"]
    assert (steps["standard"], steps["turbo"]) == ([1, 2, 3, 4, 5], [1, 2, 3, 4])
    assert_nearly_equal(frames["standard"], frames_of(engine, clip(num_inference_steps=5)))
    assert_nearly_equal(frames["turbo"], frames_of(engine, turbo()))


def test_the_frames_become_a_real_mp4(engine: AnimateDiffEngine) -> None:
    frames = frames_of(engine, turbo(num_frames=16))
    video = probe(encode(frames, 8))
    assert (video.width, video.height) == (64, 64)
    assert np.ptp(frames) > 20


def test_an_engine_without_models_breaks_with_the_files_name(tmp_path: Path) -> None:
    engine = AnimateDiffEngine(ModelSet.from_folder(tmp_path), device="cpu")
    events: SimpleQueue[EngineEvent] = SimpleQueue()
    EngineThread(engine, events.put).start()
    match events.get(timeout=TIMEOUT_SECONDS):
        case EngineBroken(EngineUnavailable() as error):
            assert "base/tokenizer/vocab.json is missing" in str(error)
        case other:
            raise AssertionError(other)
