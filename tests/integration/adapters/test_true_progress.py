"""What both chats and the terminal say of a clip's way is true at each moment: no time left where none is known, no
number of another bar, no upload that looks like a queue."""

import re
from collections.abc import Callable

import pytest

from adapters.discord.text import render as discord
from adapters.slack.text import render as slack
from factories import NOW, a_job, moved
from generation.domain.job import Job, JobStatus
from generation.protocol.progress import Phase, Progress, Steps
from generation.text.clips import left_words, progress_words

Say = Callable[[Job, Progress], str]


def on_discord(job: Job, progress: Progress) -> str:
    return discord.under_way(job, progress, NOW)


def on_slack(job: Job, progress: Progress) -> str:
    content = slack.progress_content(job, progress)
    return f"{content.text}\n{content.blocks}"


def in_the_terminal(_job: Job, progress: Progress) -> str:
    return f"{progress_words(progress)} {left_words(progress) or ''}"


EVERYWHERE = pytest.mark.parametrize("say", [on_discord, on_slack, in_the_terminal], ids=lambda say: say.__name__)
LEFT = re.compile(r"\bleft\b|\bready\b")


@EVERYWHERE
@pytest.mark.parametrize(
    ("progress", "said", "never"),
    [
        pytest.param(Progress(Phase.QUEUED), "Queued", LEFT, id="nothing is known yet"),
        pytest.param(Progress(Phase.QUEUED, position=0), "Queued, next", LEFT, id="no estimate"),
        pytest.param(Progress(Phase.WAITING, waiting_for="fal, which is busy"), "fal, which is busy", LEFT, id="waits"),
        pytest.param(
            Progress(Phase.RENDERING, steps=Steps(100, 100), eta_seconds=1),
            "Finishing the clip",
            re.compile(rf"{LEFT.pattern}|step 100|100%"),
            id="every percent is done",
        ),
        pytest.param(
            Progress(Phase.RENDERING, steps=Steps(25, 25), eta_seconds=1),
            "Finishing the clip",
            re.compile(rf"{LEFT.pattern}|step 25|100%"),
            id="every step is done",
        ),
        pytest.param(
            Progress(Phase.RENDERING, steps=Steps(16, 100), eta_seconds=60),
            "Rendering",
            re.compile(r"of 100|step 16"),
            id="percents are no steps",
        ),
        pytest.param(Progress(Phase.FETCHING), "Fetching the clip", LEFT, id="fetching"),
        pytest.param(
            Progress(Phase.UPLOADING), "Uploading the clip", re.compile(rf"{LEFT.pattern}|Queued"), id="uploading"
        ),
    ],
)
def test_what_is_said_under_way_is_true(say: Say, progress: Progress, said: str, never: re.Pattern[str]) -> None:
    text = say(a_job(), progress)
    assert said in text
    assert never.search(text) is None, text


@pytest.mark.parametrize("say", [on_discord, on_slack], ids=lambda say: say.__name__)
@pytest.mark.parametrize("done", [1, 2, 5, 24])
def test_a_bar_that_has_begun_is_neither_empty_nor_full(say: Say, done: int) -> None:
    text = say(a_job(), Progress(Phase.RENDERING, steps=Steps(done, 25)))
    assert "█" in text
    assert "░" in text
    assert f"{done / 25:.0%}" in text


@pytest.mark.parametrize("status", [status for status in JobStatus if status.is_final])
def test_nothing_is_called_done_without_a_clip(status: JobStatus) -> None:
    job = moved(a_job(), status)
    for text in (discord.ended(job, has_clip=False), slack.outcome_content(job, has_clip=False).text):
        assert "Done" not in text
        # making it again draws another seed
        assert "same seed" not in text
