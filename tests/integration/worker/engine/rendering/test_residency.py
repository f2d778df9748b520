# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""One model at a time where memory is short; another decoder, a dtype or a safety checker where one is wanted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from doubles.worker.rendering import (
    assert_nearly_equal,
    clip,
    failing,
    frames_of,
    rows_seen,
    run,
    turbo,
    unet_of,
    vae_of,
)
from doubles.worker.tiny_models import write_safety_checker
from generation.protocol.request import Endpoint, Motion
from worker.engine import UnsafeClip
from worker.engines.animatediff import AnimateDiffEngine, EngineOptions, ModelSet, Residency
from worker.engines.animatediff.denoise.motions import MotionMerger
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.memory.residency import QUIET_SECONDS, ResidentUNets
from worker.engines.animatediff.models.load import load_models

pytestmark = pytest.mark.engine


def loaded(models: ModelSet, **options: object) -> AnimateDiffEngine:
    engine = AnimateDiffEngine(models, device="cpu", options=EngineOptions(**options))  # type: ignore[arg-type]
    engine.load()
    return engine


@pytest.fixture
def swapping(tiny_root: Path) -> AnimateDiffEngine:
    return loaded(ModelSet.from_folder(tiny_root), residency=Residency.SWAP)


def swaps_of(engine: AnimateDiffEngine) -> int:
    assert engine._parts is not None
    return engine._parts.runner.unets.swaps


def test_a_swapped_model_draws_what_a_resident_one_draws(
    swapping: AnimateDiffEngine, engine: AnimateDiffEngine
) -> None:
    for request in (clip(), turbo(), clip(motions=[Motion.ZOOM_IN]), turbo(motions=[Motion.ZOOM_IN]), clip()):
        assert np.array_equal(frames_of(swapping, request), frames_of(engine, request))
    assert (swaps_of(swapping), swaps_of(engine)) == (4, 0)


def test_mixed_work_swaps_once_for_each_model_and_not_at_every_step(swapping: AnimateDiffEngine) -> None:
    result = run(swapping, clip(num_inference_steps=10), turbo(), clip(seed=1, num_inference_steps=10), turbo(seed=1))
    assert result.failures == []
    assert swaps_of(swapping) == 1


def test_motions_stay_with_the_model_they_were_merged_into(swapping: AnimateDiffEngine) -> None:
    assert swapping._parts is not None
    frames_of(swapping, clip(motions=[Motion.ZOOM_IN], num_inference_steps=1))
    frames_of(swapping, turbo(num_inference_steps=1))
    unets = swapping._parts.runner.unets
    assert unets.motions(Endpoint.STANDARD).merged == {Motion.ZOOM_IN}
    assert unets.motions(Endpoint.TURBO).merged == frozenset()


def test_both_models_are_kept_together_on_a_cpu(engine: AnimateDiffEngine) -> None:
    assert engine._parts is not None
    assert engine._parts.runner.unets.together


def test_the_small_decoder_replaces_the_bases_own(tiny_root: Path, engine: AnimateDiffEngine) -> None:
    quick = loaded(ModelSet.from_folder(tiny_root, fast_decode=True))
    frames = frames_of(quick, clip())
    assert frames.shape == (8, 64, 64, 3)
    assert not np.array_equal(frames, frames_of(engine, clip()))


def unets_of(engine: AnimateDiffEngine) -> ResidentUNets:
    assert engine._parts is not None
    return engine._parts.runner.unets


class Gpu(Device):
    """A CPU that says it is a GPU with that much free."""

    free = 2**40

    @property
    def is_cuda(self) -> bool:
        return True

    def free_bytes(self) -> int:
        return self.free


@pytest.fixture
def on_gpu(tiny_root: Path) -> AnimateDiffEngine:
    """An engine whose models are moved as on a GPU."""
    engine = loaded(ModelSet.from_folder(tiny_root), frames_decoded_at_once=1)
    unets_of(engine)._device = Gpu("cpu")
    return engine


def while_both_are_on_the_device(unets: ResidentUNets) -> Any:
    """What torch does while the idle model still takes the memory that is needed."""

    def fault(_: Any) -> None:
        if unets.together:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    return fault


def test_memory_that_runs_out_is_answered_first_by_moving_the_idle_model_away(
    on_gpu: AnimateDiffEngine, engine: AnimateDiffEngine
) -> None:
    unets, unet = unets_of(on_gpu), unet_of(on_gpu)
    with rows_seen(unet) as rows, failing(unet, while_both_are_on_the_device(unets)):
        assert_nearly_equal(frames_of(on_gpu, clip()), frames_of(engine, clip()))
    # the same rows again, and not a row at a time
    assert rows == [2, 2, 2, 2]
    assert not unets.is_on_device(Endpoint.TURBO)
    assert_nearly_equal(frames_of(on_gpu, turbo()), frames_of(engine, turbo()))
    assert unets.swaps == 1


def test_memory_that_runs_out_in_decoding_moves_the_idle_model_away_too(on_gpu: AnimateDiffEngine) -> None:
    with failing(vae_of(on_gpu).decoder, while_both_are_on_the_device(unets_of(on_gpu))):
        assert run(on_gpu, clip()).failures == []
    assert not unets_of(on_gpu).together


def test_the_model_that_was_moved_away_comes_back_after_ten_quiet_minutes_if_there_is_room(tiny_root: Path) -> None:
    models, now = load_models(ModelSet.from_folder(tiny_root), Device("cpu"), EngineOptions()), [0.0]
    mergers = {endpoint: MotionMerger(unet, {}) for endpoint, unet in models.unets.items()}
    gpu = Gpu("cpu")
    unets = ResidentUNets(models.unets, mergers, gpu, Residency.AUTO, clock=lambda: now[0])
    assert [unets.together, unets.make_room(Endpoint.TURBO), unets.together] == [True, True, False]
    assert not unets.make_room(Endpoint.TURBO)
    now[0] = QUIET_SECONDS - 1
    unets.use(Endpoint.STANDARD)
    assert (unets.together, unets.swaps) == (False, 1)
    now[0], gpu.free = QUIET_SECONDS, 0
    unets.use(Endpoint.TURBO)
    assert (unets.together, unets.swaps) == (False, 2)
    gpu.free = 2**40
    unets.use(Endpoint.STANDARD)
    assert (unets.together, unets.swaps) == (True, 2)


@pytest.mark.parametrize("frames_at_once", [1, 3, 8, 100])
def test_how_many_frames_are_decoded_at_once_changes_nothing(
    tiny_root: Path, engine: AnimateDiffEngine, frames_at_once: int
) -> None:
    other = loaded(ModelSet.from_folder(tiny_root), frames_decoded_at_once=frames_at_once)
    assert_nearly_equal(frames_of(other, clip()), frames_of(engine, clip()))


def test_half_precision_draws_nearly_the_same_from_the_same_seed(tiny_root: Path, engine: AnimateDiffEngine) -> None:
    half = loaded(ModelSet.from_folder(tiny_root), dtype="bfloat16")
    ours, exact = (frames_of(e, clip()).astype(float) for e in (half, engine))
    assert 10 * np.log10(255**2 / np.mean((ours - exact) ** 2)) > 30


@pytest.fixture(scope="module")
def checked(tiny_root: Path) -> ModelSet:
    """A set with a safety checker, in the base's folder."""
    write_safety_checker(tiny_root / "base" / "safety_checker")
    return ModelSet.from_folder(tiny_root, safety_checker=True)


def test_a_clip_that_the_safety_checker_passes_is_handed_out(checked: ModelSet, engine: AnimateDiffEngine) -> None:
    watched = loaded(checked)
    assert np.array_equal(frames_of(watched, clip()), frames_of(engine, clip()))


def test_a_clip_that_the_safety_checker_stops_is_refused_and_the_next_one_is_checked_anew(checked: ModelSet) -> None:
    watched = loaded(checked)
    assert watched._parts is not None
    checker = watched._parts.safety_checker.checker
    checker.concept_embeds_weights.fill_(-2.0)
    with pytest.raises(UnsafeClip, match="safety checker"):
        frames_of(watched, clip(num_frames=1))
    checker.concept_embeds_weights.fill_(2.0)
    assert frames_of(watched, clip(num_frames=1)).shape == (1, 64, 64, 3)


def test_a_missing_safety_checker_is_named_like_any_other_file(tiny_root: Path, tmp_path: Path) -> None:
    from worker.engines.animatediff import missing_files

    models = replace(ModelSet.from_folder(tiny_root), safety_checker=tmp_path)
    assert [problem.path.name for problem in missing_files(models)] == ["config.json", "model.safetensors"]


def test_a_clip_that_is_to_be_checked_is_not_shown_before(checked: ModelSet) -> None:
    watched = loaded(checked, looks=True)
    render = watched.begin(clip(num_frames=1))
    watched.step([render])
    assert watched.preview(render) is None
