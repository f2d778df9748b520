# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""The engine on the worker's own engine thread: loaded, stepped, let go, broken."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from doubles.rendering import assert_nearly_equal, clip, frames_of, turbo
from generation.mp4 import encode, probe
from worker.engine import EngineUnavailable
from worker.engine_thread import Broken, Dropped, EngineEvent, EngineThread, Loaded, Rendered, Stepped
from worker.engines.animatediff import AnimateDiffEngine, ModelSet

pytestmark = pytest.mark.engine

PATIENCE = 60.0


@contextmanager
def running(engine: AnimateDiffEngine) -> Iterator[tuple[EngineThread, "SimpleQueue[EngineEvent]"]]:
    """An engine thread and what it tells."""
    told: SimpleQueue[EngineEvent] = SimpleQueue()
    thread = EngineThread(engine, told.put)
    thread.start()
    try:
        yield thread, told
    finally:
        thread.stop()
        assert thread.join(PATIENCE)


def test_two_clips_are_rendered_while_a_third_is_let_go(tiny_root: Path, engine: AnimateDiffEngine) -> None:
    own = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu")
    with running(own) as (thread, told):
        assert told.get(timeout=PATIENCE) == Loaded()
        thread.begin("standard", clip(num_inference_steps=5))
        thread.begin("turbo", turbo())
        thread.begin("unwanted", clip(num_inference_steps=50))
        thread.drop("unwanted")
        frames: dict[str, object] = {}
        steps: dict[str, list[int]] = {"standard": [], "turbo": [], "unwanted": []}
        dropped = []
        while len(frames) < 2 or not dropped:
            match told.get(timeout=PATIENCE):
                case Stepped(id_, done, _, _):
                    steps[id_].append(done)
                case Rendered(id_, made):
                    frames[id_] = made
                case Dropped(id_):
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
    told: SimpleQueue[EngineEvent] = SimpleQueue()
    EngineThread(engine, told.put).start()
    match told.get(timeout=PATIENCE):
        case Broken(EngineUnavailable() as error):
            assert "base/tokenizer/vocab.json is missing" in str(error)
        case other:
            raise AssertionError(other)
