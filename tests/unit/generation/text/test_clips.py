"""What chats say of a clip: short, exact enough, and nothing of a stranger's text that acts or hides."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import a_job, a_request, moved
from generation.domain.job import JobStatus
from generation.protocol.progress import MOST_AHEAD, Phase, Progress, Steps
from generation.text.clips import bar, engine_words, progress_words, seconds_words, settings_words
from generation.text.dialect import excerpt


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("a boat", 10, "a boat"),
        ("  a \n\t boat\r\n at  sea ", 20, "a boat at sea"),
        ("abcdefghij", 10, "abcdefghij"),
        ("abcdefghijk", 10, "abcdefghi…"),
        ("abcd efghij", 6, "abcd…"),
        ("a\u200bb\u202ec\u2066d\u2069e\ufefff\u00adg", 20, "abcdefg"),
        ("\u200b\u202e", 20, "…"),
        ("👩\u200d🚀 می\u200cروم", 20, "👩\u200d🚀 می\u200cروم"),
        ("\ud800x\x07", 20, "x"),
    ],
)
def test_an_excerpt_is_one_visible_line(text: str, limit: int, shown: str) -> None:
    assert excerpt(text, limit) == shown


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_an_excerpt_is_never_empty_nor_too_long_nor_has_lines(text: str, limit: int) -> None:
    shown = excerpt(text, limit)
    assert 1 <= len(shown) <= limit
    assert len(shown.splitlines()) == 1


def test_settings_are_enough_to_make_the_clip_again() -> None:
    request = a_request(
        endpoint="fal-ai/fast-animatediff/turbo/text-to-video",
        video_size={"width": 640, "height": 360},
        motions=("zoom-in", "pan-left"),
        guidance_scale=1.25,
    )
    assert settings_words(request) == (
        "turbo · 640×360 · 16 frames at 8 fps · 4 steps · guidance 1.25 · seed 42 · zoom-in · pan-left"
    )
    assert settings_words(a_request()) == (
        "standard · 512×512 · 16 frames at 8 fps · 25 steps · guidance 7.5 · seed 42"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "1 s"), (0.4, "1 s"), (12.6, "13 s"), (89, "89 s"), (90, "2 min"), (600, "10 min"), (7200, "2 h")],
)
def test_a_time_is_rounded_to_what_a_person_needs(seconds: float, words: str) -> None:
    assert seconds_words(seconds) == words


@pytest.mark.parametrize(
    ("fraction", "drawn"),
    [
        (0, "░░░░"),
        (0.01, "█░░░"),
        (0.08, "█░░░"),
        (0.25, "█░░░"),
        (0.99, "███░"),
        (1, "████"),
        (7, "████"),
        (-1, "░░░░"),
    ],
)
def test_a_bar_is_full_only_at_the_end(fraction: float, drawn: str) -> None:
    assert bar(fraction, 4) == drawn


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress(Phase.WAITING), "Waiting"),
        (Progress(Phase.WAITING, waiting_for="fal, which is busy"), "Waiting for fal, which is busy"),
        (Progress(Phase.QUEUED), "Queued"),
        (Progress(Phase.QUEUED, position=0), "Queued, next"),
        (Progress(Phase.QUEUED, position=3), "Queued, 3 ahead"),
        (Progress(Phase.QUEUED, position=MOST_AHEAD - 1), "Queued, 999 ahead"),
        (Progress(Phase.QUEUED, position=MOST_AHEAD), "Queued, 1,000 or more ahead"),
        (Progress(Phase.QUEUED, position=MOST_AHEAD + 7), "Queued, 1,000 or more ahead"),
        (Progress(Phase.RENDERING), "Rendering"),
        (Progress(Phase.RENDERING, steps=Steps(9, 25)), "Rendering, step 9 of 25"),
        (Progress(Phase.RENDERING, steps=Steps(16, 100)), "Rendering"),
        (Progress(Phase.RENDERING, steps=Steps(25, 25)), "Finishing the clip"),
        (Progress(Phase.FETCHING), "Fetching the clip"),
        (Progress(Phase.UPLOADING), "Uploading the clip"),
    ],
)
def test_every_phase_has_words(progress: Progress, words: str) -> None:
    assert progress_words(progress) == words


def test_fetching_from_a_backend_that_is_away_says_so() -> None:
    away = Progress(Phase.FETCHING, waiting_for="fal, which cannot be reached")
    assert progress_words(away) == "Fetching the clip from fal, which cannot be reached"


@pytest.mark.parametrize(
    ("backend", "engine", "words"),
    [
        ("fal", None, "AnimateDiff on fal"),
        ("fal", "preview", "preview engine"),
        ("worker", "animatediff", "AnimateDiff on our GPU"),
        ("worker", "animatediff-cpu", "AnimateDiff on our CPU"),
        ("worker", "preview", "preview engine"),
        ("worker", "dreams", "dreams on our worker"),
        ("worker", None, "our worker"),
    ],
)
def test_a_finished_clip_says_who_made_it(backend: str, engine: str | None, words: str) -> None:
    job = moved(a_job(), JobStatus.SUCCEEDED)
    assert engine_words(replace(job, backend=backend, engine=engine)) == words


@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.SUCCEEDED])
def test_a_job_without_a_clip_has_no_maker(status: JobStatus) -> None:
    assert engine_words(moved(a_job(), status)) is None
