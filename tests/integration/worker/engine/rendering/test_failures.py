# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""A failure of one clip fails only that clip, and the next one is right."""

import traceback
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from doubles.worker.rendering import Run, assert_nearly_equal, clip, failing, frames_of, rows_seen, run, unet_of, vae_of
from worker.engine import DeviceLost, EngineError, NonFiniteLatents, OutOfMemory
from worker.engines.animatediff import AnimateDiffEngine, EngineOptions, ModelSet

pytestmark = pytest.mark.engine


@pytest.fixture
def fresh(tiny_root: Path) -> AnimateDiffEngine:
    """A new engine, for tests that change it."""
    engine = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu")
    engine.load()
    return engine


def out_of_memory_beyond(rows: int) -> Any:
    """What torch does when the device has room for that many rows (or frames) and no more."""

    def fault(args: Any) -> None:
        if len(args[0]) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    return fault


def errors(result: Run) -> list[type[Exception]]:
    return [type(failure.error) for failure in result.failures]


def test_out_of_memory_is_answered_with_smaller_forwards_and_the_clips_are_right(fresh: AnimateDiffEngine) -> None:
    requests = [clip(seed=seed) for seed in range(3)]
    alone = [frames_of(fresh, request) for request in requests]
    with rows_seen(unet_of(fresh)) as rows, failing(unet_of(fresh), out_of_memory_beyond(1)):
        together = run(fresh, *requests)
    assert together.failures == []
    assert rows[:7] == [6, 1, 1, 1, 1, 1, 1]
    for expected, frames in zip(alone, together.frames, strict=True):
        assert_nearly_equal(frames, expected)


def test_what_once_did_not_fit_is_not_tried_again_at_that_size(fresh: AnimateDiffEngine) -> None:
    with failing(unet_of(fresh), out_of_memory_beyond(3)):
        run(fresh, *(clip(seed=seed) for seed in range(3)))
    with rows_seen(unet_of(fresh)) as rows:
        assert run(fresh, *(clip(seed=seed) for seed in range(3))).failures == []
    assert max(rows) == 2


def test_a_clip_that_does_not_fit_even_alone_fails_alone_with_a_sentence(fresh: AnimateDiffEngine) -> None:
    small, large = clip(), clip(video_size={"width": 128, "height": 128})
    expected = frames_of(fresh, small)

    def fault(args: Any) -> None:
        if args[0].shape[-1] > 8:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    with failing(unet_of(fresh), fault):
        result = run(fresh, small, large)
    assert errors(result) == [OutOfMemory]
    assert result.frames[1] is None
    assert str(result.failures[0].error) == (
        "There was not enough memory for this clip, even alone and in the smallest pieces. "
        "A smaller size or fewer frames will fit."
    )
    assert_nearly_equal(result.frames[0], expected)
    assert frames_of(fresh, large).shape == (8, 128, 128, 3)


def test_when_a_group_does_not_fit_only_one_of_it_fails_at_a_time(fresh: AnimateDiffEngine) -> None:
    renders = [fresh.begin(clip(seed=seed)) for seed in range(3)]
    with failing(unet_of(fresh), out_of_memory_beyond(0)):
        failures = fresh.step(renders)
    assert [type(failure.error) for failure in failures] == [OutOfMemory]
    survivors = [render for render in renders if render is not failures[0].render]
    assert len(survivors) == 2


def test_memory_that_runs_out_in_decoding_is_answered_with_fewer_frames(tiny_root: Path) -> None:
    options = EngineOptions(frames_decoded_at_once=8)
    engine = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu", options=options)
    engine.load()
    expected = frames_of(engine, clip())
    seen: list[int] = []
    hook = vae_of(engine).decoder.register_forward_pre_hook(lambda _, args: seen.append(len(args[0])))
    with failing(vae_of(engine).decoder, out_of_memory_beyond(1)):
        result = run(engine, clip())
    hook.remove()
    assert result.failures == []
    assert seen == [8, 4, 2] + [1] * 8
    assert_nearly_equal(result.frames[0], expected)


def test_decoding_that_does_not_fit_frame_by_frame_fails_that_clip_only(fresh: AnimateDiffEngine) -> None:
    with failing(vae_of(fresh).decoder, out_of_memory_beyond(0)):
        assert errors(run(fresh, clip())) == [OutOfMemory]
    assert frames_of(fresh, clip()).shape == (8, 64, 64, 3)


def test_numbers_that_run_away_are_an_error_and_never_a_black_clip(fresh: AnimateDiffEngine) -> None:
    expected = frames_of(fresh, clip())
    hook = unet_of(fresh).register_forward_hook(lambda *_: (torch.full((2, 4, 8, 8, 8), float("nan")),))
    result = run(fresh, clip())
    hook.remove()
    assert errors(result) == [NonFiniteLatents]
    assert result.frames == [None]
    assert_nearly_equal(frames_of(fresh, clip()), expected)


def test_one_clip_whose_numbers_run_away_does_not_touch_its_neighbour(fresh: AnimateDiffEngine) -> None:
    expected = frames_of(fresh, clip(seed=1))
    diverging, intact = fresh.begin(clip()), fresh.begin(clip(seed=1))
    fresh.step([diverging, intact])
    assert diverging.denoising is not None
    diverging.denoising.latents = torch.full_like(diverging.denoising.latents, float("inf"))
    failures = []
    while intact.steps_done < intact.total_steps:
        active = [r for r in (diverging, intact) if r not in [f.render for f in failures]]
        failures += fresh.step([r for r in active if r.steps_done < r.total_steps])
    assert [(f.render, type(f.error)) for f in failures] == [(diverging, NonFiniteLatents)]
    assert_nearly_equal(fresh.finish(intact), expected)


def nan_in_one_frame(*, only_in: Any) -> Any:
    """What a decoder gives whose numbers overflow in that dtype, or in any (None)."""

    def overflow(_: Any, __: Any, decoded: Any) -> Any:
        if only_in in (None, decoded.dtype):
            decoded[0, 0, 0, 0] = float("nan")
        return decoded

    return overflow


def test_pixels_that_overflow_in_half_precision_are_decoded_again_in_float32(
    tiny_root: Path, engine_log: list[Any]
) -> None:
    half = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu", options=EngineOptions(vae_dtype="bfloat16"))
    half.load()
    vae_of(half).decoder.register_forward_hook(nan_in_one_frame(only_in=torch.bfloat16))
    result = run(half, clip(), clip(seed=1))
    assert result.failures == []
    warnings = [event["event"] for event in engine_log if event["log_level"] == "warning"]
    assert warnings[-1:] == ["the decoder overflows in half precision; it goes on in float32"]
    # the decoder stays in float32: the next clip is decoded once, and to the same picture
    assert_nearly_equal(frames_of(half, clip()), result.frames[0])


def test_a_decoder_without_room_in_float32_fails_that_clip_and_decodes_the_next_as_before(
    tiny_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu", options=EngineOptions(vae_dtype="bfloat16"))
    half.load()
    vae = vae_of(half)
    expected = frames_of(half, clip())
    move = vae.to

    def half_way(dtype: Any) -> Any:
        if dtype is not torch.float32:
            return move(dtype)
        vae.encoder.to(dtype)
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with monkeypatch.context() as patched:
        patched.setattr(vae, "to", half_way)
        hook = vae.decoder.register_forward_hook(nan_in_one_frame(only_in=torch.bfloat16))
        assert errors(run(half, clip())) == [OutOfMemory]
    hook.remove()
    assert {parameter.dtype for parameter in vae.parameters()} == {torch.bfloat16}
    assert_nearly_equal(frames_of(half, clip()), expected)


def test_pixels_that_overflow_even_in_float32_are_an_error_and_never_a_black_clip(fresh: AnimateDiffEngine) -> None:
    hook = vae_of(fresh).decoder.register_forward_hook(nan_in_one_frame(only_in=None))
    assert errors(run(fresh, clip())) == [NonFiniteLatents]
    hook.remove()
    assert run(fresh, clip()).failures == []


@pytest.mark.parametrize(
    "message",
    [
        "CUDA error: an illegal memory access was encountered",
        "CUDA error: invalid configuration argument",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        "CUDA error: device-side assert triggered",
        "No CUDA GPUs are available",
    ],
)
def test_a_poisoned_device_is_lost_for_good(fresh: AnimateDiffEngine, message: str) -> None:
    def fault(_: Any) -> None:
        raise RuntimeError(message)

    render = fresh.begin(clip())
    with failing(unet_of(fresh), fault), pytest.raises(DeviceLost, match="The worker has to start again"):
        fresh.step([render])
    with pytest.raises(DeviceLost):
        fresh.step([render])
    with pytest.raises(DeviceLost):
        fresh.begin(clip())


class LostEvent:
    """An event of a device that died after it was launched."""

    def query(self) -> bool:
        raise RuntimeError("CUDA error: unspecified launch failure")


def test_a_device_that_dies_while_pixels_are_awaited_is_lost_too(fresh: AnimateDiffEngine) -> None:
    render = fresh.begin(clip(num_frames=8))
    while render.decoding is None or render.decoding.frames_launched == 0:
        fresh.step([render])
    fresh.step([render])
    other = fresh.begin(clip())
    other.decoding, other.decoding.done = render.decoding, LostEvent()
    with pytest.raises(DeviceLost):
        fresh.step([other])
    with pytest.raises(DeviceLost):
        fresh.idle()


def test_a_bug_in_the_engine_itself_is_not_mistaken_for_a_lost_device(fresh: AnimateDiffEngine) -> None:
    render = fresh.begin(clip())
    render.decoding = object()
    with pytest.raises(AttributeError):
        fresh.step([render])
    assert frames_of(fresh, clip()).shape == (8, 64, 64, 3)


@pytest.mark.parametrize(
    "message", ["CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"]
)
def test_memory_errors_in_other_words_are_still_memory_errors(fresh: AnimateDiffEngine, message: str) -> None:
    def fault(_: Any) -> None:
        raise RuntimeError(message)

    with failing(unet_of(fresh), fault):
        assert errors(run(fresh, clip())) == [OutOfMemory]


def test_an_unforeseen_error_fails_only_the_clip_that_causes_it(fresh: AnimateDiffEngine) -> None:
    failing_request = clip(prompt="failing words", seed=1)
    expected = frames_of(fresh, clip())

    def fault(args: Any) -> None:
        if any(bool((row == 0).all()) for row in args[0]):
            raise ValueError("a bug")

    renders = [fresh.begin(clip()), fresh.begin(failing_request)]
    fresh.step(renders)
    assert renders[1].denoising is not None
    renders[1].denoising.latents = torch.zeros_like(renders[1].denoising.latents)
    with failing(unet_of(fresh), fault):
        failures = fresh.step(renders)
        assert [(f.render, type(f.error)) for f in failures] == [(renders[1], EngineError)]
        assert renders[0].steps_done == 2
        while renders[0].steps_done < renders[0].total_steps:
            assert fresh.step(renders[:1]) == []
    assert_nearly_equal(fresh.finish(renders[0]), expected)


def test_no_prompt_reaches_the_log_when_a_clip_fails(fresh: AnimateDiffEngine, engine_log: list[Any]) -> None:
    def fault(_: Any) -> None:
        raise ValueError("a bug")

    with failing(unet_of(fresh), fault):
        run(fresh, clip(prompt="a very private prompt"))
    logged = [(event["event"], event["doing"]) for event in engine_log]
    assert logged == [("the engine failed on a clip", "drawing a clip")]
    tracebacks = ["".join(traceback.format_exception(event["exc_info"])) for event in engine_log]
    assert "a bug" in tracebacks[0]
    assert "private" not in f"{engine_log} {tracebacks}"


def test_an_unfinished_render_cannot_be_turned_into_frames(engine: AnimateDiffEngine) -> None:
    with pytest.raises(ValueError, match="not finished"):
        engine.finish(engine.begin(clip()))
