"""Expected durations: measured at the size first, then the engine's own estimate, then the endpoint's."""

from pathlib import Path

import pytest

from generation.protocol.request import Endpoint, GenerationRequest
from worker.scheduling.durations import RenderDurations


def generation(endpoint: Endpoint = Endpoint.STANDARD, side: int = 512, **fields: object) -> GenerationRequest:
    size = {"width": side, "height": side}
    return GenerationRequest.model_validate(
        {"endpoint": endpoint, "prompt": "a", "seed": 1, "video_size": size, **fields}
    )


def of(folder: Path, guess: float | None = None) -> RenderDurations:
    return RenderDurations(folder / "pace.json", "preview", lambda _: guess)


def test_nothing_is_known_before_the_first_measurement(tmp_path: Path) -> None:
    assert of(tmp_path).seconds_for(generation()) is None
    assert of(tmp_path, guess=3.0).seconds_for(generation()) == 3.0


def test_what_was_measured_at_the_size_counts_before_the_engines_guess(tmp_path: Path) -> None:
    known = of(tmp_path, guess=3.0)
    known.learn(generation(), 10)
    assert known.seconds_for(generation()) == pytest.approx(10)
    assert known.seconds_for(generation(side=256)) == 3.0


def test_frames_steps_and_guidance_count_and_the_size_where_nothing_else_is_known(tmp_path: Path) -> None:
    known = of(tmp_path)
    known.learn(generation(num_frames=16, num_inference_steps=25), 10)
    assert known.seconds_for(generation(num_frames=32, num_inference_steps=25)) == pytest.approx(20)
    assert known.seconds_for(generation(num_inference_steps=25, guidance_scale=1)) == pytest.approx(10 * 27.26 / 52.26)
    assert known.seconds_for(generation(side=1024)) == pytest.approx(40)
    assert known.seconds_for(generation(Endpoint.TURBO)) is None


def test_it_is_kept_over_restarts_but_never_taken_from_another_engine(tmp_path: Path) -> None:
    known = of(tmp_path)
    known.learn(generation(), 10)
    known.save()
    assert RenderDurations.load(tmp_path / "pace.json", "preview").seconds_for(generation()) == pytest.approx(10)
    assert RenderDurations.load(tmp_path / "pace.json", "animatediff").seconds_for(generation()) is None


@pytest.mark.parametrize("others", [0.5, 1, 2, 3, 7.5])
def test_what_sharing_costs_is_news_and_kept_too(tmp_path: Path, others: float) -> None:
    known = of(tmp_path)
    known.learn(generation(), 10)
    known.save()
    known.learn(generation(), 10 + 8 * others, others=others)
    assert known.has_news
    known.save()
    assert RenderDurations.load(tmp_path / "pace.json", "preview").stretch(1) == pytest.approx(1.8)


@pytest.mark.parametrize("written", ["", "[]", "{}", '{"engine": "preview", "paces": {"standard": "x"}}', "\udcff"])
def test_what_cannot_be_read_is_nothing(tmp_path: Path, written: str) -> None:
    (tmp_path / "pace.json").write_text(written, errors="surrogateescape")
    assert RenderDurations.load(tmp_path / "pace.json", "preview").seconds_for(generation()) is None
