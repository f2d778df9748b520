"""Renders share forwards, join and leave between steps, without changing each other or starving."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

from doubles.worker.rendering import (
    assert_nearly_equal,
    clip,
    frames_of,
    rows_seen,
    run,
    step_until_done,
    turbo,
    unet_of,
)
from generation.protocol.request import Endpoint, GenerationRequest, Motion
from worker.engines.animatediff import AnimateDiffEngine, EngineOptions, ModelSet
from worker.engines.animatediff.batching.grouping import BatchKey, fill_batch, pick_first

pytestmark = pytest.mark.engine


def test_clips_that_differ_in_everything_but_size_share_their_forwards(engine: AnimateDiffEngine) -> None:
    requests = [
        clip(prompt="a cat", seed=0, num_inference_steps=6, guidance_scale=7.5),
        clip(prompt="a (dog:1.3)", negative_prompt="ugly", seed=5, num_inference_steps=8, guidance_scale=5),
        clip(prompt="sea", seed=9, num_inference_steps=4, guidance_scale=1),
    ]
    alone = [frames_of(engine, request) for request in requests]
    with rows_seen(unet_of(engine)) as rows:
        together = run(engine, *requests)
    assert rows == [5, 5, 5, 5, 4, 4, 2, 2]
    for expected, frames in zip(alone, together.frames, strict=True):
        assert_nearly_equal(frames, expected)


def test_a_clip_joins_between_two_steps_of_another_and_leaves_before_it(engine: AnimateDiffEngine) -> None:
    early, late = clip(num_inference_steps=8, seed=1), clip(num_inference_steps=3, seed=2, guidance_scale=1)
    alone = [frames_of(engine, early), frames_of(engine, late)]
    with rows_seen(unet_of(engine)) as rows:
        first = engine.begin(early)
        engine.step([first])
        second = engine.begin(late)
        assert step_until_done(engine, [first, second]) == []
    assert rows == [2, 3, 3, 3, 2, 2, 2, 2]
    assert_nearly_equal(engine.finish(first), alone[0])
    assert_nearly_equal(engine.finish(second), alone[1])


def test_turbo_clips_share_theirs_with_each_ones_own_noise_schedule(engine: AnimateDiffEngine) -> None:
    requests = [turbo(seed=1), turbo(seed=2, num_inference_steps=8, guidance_scale=2), turbo(seed=3)]
    alone = [frames_of(engine, request) for request in requests]
    with rows_seen(unet_of(engine, Endpoint.TURBO)) as rows:
        together = run(engine, *requests)
    assert rows == [4, 4, 4, 4, 2, 2, 2, 2]
    for expected, frames in zip(alone, together.frames, strict=True):
        assert_nearly_equal(frames, expected)


def test_a_long_prompt_shares_with_a_short_one_and_changes_neither(engine: AnimateDiffEngine) -> None:
    long_one = clip(prompt="a cat walking through tall grass, " * 8, negative_prompt="bad")
    short_one = clip(prompt="sea", seed=4)
    alone = [frames_of(engine, long_one), frames_of(engine, short_one)]
    with rows_seen(unet_of(engine)) as rows:
        together = run(engine, long_one, short_one)
    assert rows == [4, 4, 4]
    assert_nearly_equal(together.frames[0], alone[0])
    assert_nearly_equal(together.frames[1], alone[1])


@pytest.mark.parametrize(
    "other",
    [
        clip(video_size={"width": 72, "height": 64}),
        clip(num_frames=7),
        clip(motions=[Motion.ZOOM_IN]),
        turbo(num_inference_steps=3),
    ],
)
def test_clips_of_other_size_length_motions_or_endpoint_alternate_instead(
    engine: AnimateDiffEngine, other: GenerationRequest
) -> None:
    unets = {id(u): u for u in (unet_of(engine), unet_of(engine, Endpoint.TURBO))}
    with rows_seen(*unets.values()) as rows:
        together = run(engine, clip(), other)
    assert sorted(rows) == sorted([2] * 3 + [2 if other.guidance_scale > 1 else 1] * 3)
    assert_nearly_equal(together.frames[0], frames_of(engine, clip()))
    assert_nearly_equal(together.frames[1], frames_of(engine, other))


def test_no_forward_has_more_rows_than_the_operator_allows(tiny_root: Path) -> None:
    narrow = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu", options=EngineOptions(rows_at_most=4))
    narrow.load()
    with rows_seen(unet_of(narrow)) as rows:
        together = run(narrow, *(clip(seed=seed, num_inference_steps=2) for seed in range(3)))
    assert together.failures == []
    assert (max(rows), sum(rows)) == (4, 12)


def test_clips_that_fill_the_device_alone_go_one_after_the_other(tiny_root: Path) -> None:
    work_of_one = 8 * 8 * 8 * 2
    narrow = AnimateDiffEngine(
        ModelSet.from_folder(tiny_root), device="cpu", options=EngineOptions(shared_work_at_most=work_of_one)
    )
    narrow.load()
    with rows_seen(unet_of(narrow)) as rows:
        first, second = narrow.begin(clip()), narrow.begin(clip(seed=1))
        while first.steps_done < first.total_steps:
            assert narrow.step([first, second]) == []
    assert set(rows) == {2}
    assert second.steps_done == 1  # every fourth batch goes to the one that has waited longest
    with rows_seen(unet_of(narrow)) as rows:
        run(narrow, clip(guidance_scale=1), clip(guidance_scale=1, seed=1))
    assert rows == [2, 2, 2]


def test_a_dropped_clip_costs_no_further_forward_and_no_decoding(engine: AnimateDiffEngine) -> None:
    kept, dropped = engine.begin(clip(num_inference_steps=5)), engine.begin(clip(num_inference_steps=5, seed=1))
    engine.step([kept, dropped])
    with rows_seen(unet_of(engine)) as rows:
        assert step_until_done(engine, [kept]) == []
    assert rows == [2, 2, 2, 2]
    assert dropped.decoding is None
    assert_nearly_equal(engine.finish(kept), frames_of(engine, clip(num_inference_steps=5)))


def test_a_turbo_clip_passes_a_standard_one_that_began_before_it(engine: AnimateDiffEngine) -> None:
    standard = engine.begin(clip(num_inference_steps=20))
    engine.step([standard])
    quick = engine.begin(turbo())
    while quick.steps_done < quick.total_steps:
        assert engine.step([standard, quick]) == []
    assert 0 < standard.steps_done < 5
    step_until_done(engine, [standard])


def test_of_two_equal_clips_that_cannot_share_the_older_is_finished_first(engine: AnimateDiffEngine) -> None:
    older = engine.begin(clip(num_inference_steps=12))
    younger = engine.begin(clip(num_inference_steps=12, num_frames=9))
    while older.steps_done < older.total_steps:
        assert engine.step([older, younger]) == []
    assert 0 < younger.steps_done <= 5
    step_until_done(engine, [younger])


class Waiting:
    """A render as the choice sees it."""

    def __init__(self, request: GenerationRequest, *, last_batch: int = 0) -> None:
        self.key = BatchKey.of(request)
        self.rows = 2 if request.guidance_scale > 1 else 1
        self.text_chunks = 1
        self.work_left = self.key.row_work * self.rows * request.num_inference_steps
        self.last_batch = last_batch
        self.is_denoising = True
        self.uses_cached_features = False


def test_no_clip_starves_under_an_endless_stream_of_shorter_work() -> None:
    large = Waiting(clip(num_inference_steps=50, video_size="square_hd"))
    batches_of_the_large_one = 0
    for batch in range(400):
        newcomer = Waiting(turbo(), last_batch=batch)
        chosen = pick_first([large, newcomer], batch, switch_work=lambda _: 0.0, longest_waiting_every=4)
        chosen.last_batch = batch
        batches_of_the_large_one += chosen is large
    assert batches_of_the_large_one == 100


def test_models_that_have_to_be_swapped_are_not_swapped_for_a_little_less_work() -> None:
    here, elsewhere = Waiting(clip(num_inference_steps=10)), Waiting(turbo(num_inference_steps=8))
    costs = {here.key: 0.0, elsewhere.key: 1e6}
    assert pick_first([elsewhere, here], 0, switch_work=costs.__getitem__, longest_waiting_every=64) is here


@pytest.mark.parametrize(
    ("size", "rows"),
    [("square", 15), ("landscape_16_9", 7), ("portrait_4_3", 5), ("square_hd", 3)],
)
def test_rows_stay_below_the_batch_that_cuda_attention_takes(size: str, rows: int) -> None:
    key = BatchKey.of(clip(video_size=size))
    assert key.rows_at_most == rows
    assert rows * key.latent_pixels <= 65_535 < (rows + 1) * key.latent_pixels


def test_the_longest_waiting_join_first_when_not_all_fit() -> None:
    chosen, fresh, waiting = (Waiting(clip(), last_batch=batch) for batch in (9, 8, 2))
    assert fill_batch(chosen, [chosen, fresh, waiting], rows_at_most=5) == [chosen, waiting]


def test_texts_that_fit_together_only_at_great_length_do_not_share() -> None:
    three, seven = Waiting(clip()), Waiting(clip())
    three.text_chunks, seven.text_chunks = 3, 7
    assert fill_batch(three, [three, seven], rows_at_most=8) == [three]
    assert fill_batch(seven, [three, seven], rows_at_most=8) == [seven]
