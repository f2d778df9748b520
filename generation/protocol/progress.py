"""How far a job is: from the worker's labels or a log's progress bar to steps and the time left."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import inf
from typing import Final

_TQDM: Final = re.compile(r"\b(\d{1,4})/(\d{1,4})\s*\[\d+:\d\d")
_PERCENT: Final = re.compile(r"\b(\d{1,3})%\|")
_MOST_STEPS: Final = 9999

MOST_AHEAD: Final = 1000
"""Jobs ahead of another are counted up to this: counting more costs more than it is worth."""


class Phase(StrEnum):
    """What members read that their job is doing."""

    WAITING = "waiting"
    QUEUED = "queued"
    RENDERING = "rendering"
    FETCHING = "fetching"
    UPLOADING = "uploading"


@dataclass(frozen=True, slots=True)
class Steps:
    """``done`` of ``total`` denoising steps."""

    done: int
    total: int

    @property
    def fraction(self) -> float:
        """0…1."""
        return min(1.0, self.done / self.total)


@dataclass(frozen=True, slots=True)
class PreviewFrame:
    """A small moving picture (WebP) of an unfinished clip; ``url`` tells one frame from another."""

    url: str
    picture: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """The newest known state of an unfinished job.

    ``position`` counts the requests ahead (0: next), ``eta_seconds`` is the time until the clip is
    expected, ``waiting_for`` a clause that says what a waiting job waits for, ``preview`` its
    newest preview frame.
    """

    phase: Phase
    position: int | None = None
    steps: Steps | None = None
    eta_seconds: float | None = None
    waiting_for: str | None = None
    preview: PreviewFrame | None = None


def steps_in_labels(labels: Mapping[str, object]) -> Steps | None:
    """Read the labels ``step`` and ``steps`` that Flipbook's worker puts on a log line."""
    # by way of text, because labels are any JSON: 1.5, True and lists are no steps
    try:
        return _steps(int(str(labels["step"])), int(str(labels["steps"])))
    except (KeyError, ValueError):
        return None


def steps_in_line(message: str) -> Steps | None:
    """Read a tqdm line such as ``36%|███▌      | 9/25 [00:02<00:04,  3.6it/s]``; None for others.

    Of a bar that was redrawn within the line, the last drawing counts.
    """
    # the end is enough, and bounds what the patterns have to search
    message = message[-300:]
    if bars := _TQDM.findall(message):
        done, total = bars[-1]
        return _steps(int(done), int(total))
    # some bars have no counts
    if percents := _PERCENT.findall(message):
        return _steps(int(percents[-1]), 100)
    return None


def _steps(done: int, total: int) -> Steps | None:
    return Steps(done, total) if 0 <= done <= total and 0 < total <= _MOST_STEPS else None


class DurationEstimate:
    """Seconds of rendering per unit of work, learnt from finished clips.

    An exponential moving average: a new measurement counts for ``weight`` of it, so the estimate
    follows a machine that slows down within a few clips. One object per backend and endpoint.
    """

    def __init__(self, weight: float = 0.3, *, known: float | None = None) -> None:
        """``known`` are the seconds per unit of work of earlier measurements."""
        self._weight = weight
        self._seconds_per_work = known

    def learn(self, work: float, seconds: float) -> None:
        """Take in that a clip of ``work`` (1: the endpoint's default clip) took ``seconds``."""
        # written so that it is false for NaN too
        if not (work > 0 and 0 <= seconds < inf):
            return
        measured = seconds / work
        known = self._seconds_per_work
        self._seconds_per_work = (
            measured if known is None else known + self._weight * (measured - known)
        )

    def seconds_for(self, work: float) -> float | None:
        """How long a clip of ``work`` is expected to render; None before the first measurement."""
        return None if self._seconds_per_work is None else self._seconds_per_work * work


def eta_of_running(steps: Steps | None, elapsed: float, expected: float | None) -> float | None:
    """Seconds left of a running clip: from its own steps once two are done, else from what such
    clips took."""
    # the first step also loads and warms up, so it says little about the others
    if steps is not None and steps.done >= 2:
        return max(0.0, elapsed) / steps.done * (steps.total - steps.done)
    return None if expected is None else max(0.0, expected - elapsed)


class RunningEta:
    """One running clip since its first reading: steps done before that say nothing about speed."""

    def __init__(self) -> None:
        self._first: tuple[Steps, datetime] | None = None

    def eta(
        self,
        steps: Steps | None,
        at: datetime,
        expected: float | None,
        *,
        told: float | None = None,
    ) -> float | None:
        """Seconds left: from the steps since the first reading, else the backend's own estimate
        (``told``), else from ``expected``, the seconds of a whole clip.
        """
        if steps is None:
            return None
        first, began = self._first or (steps, at)
        if first.total != steps.total or first.done > steps.done:
            # another bar, or a run that began again
            first, began = steps, at
        self._first = (first, began)
        since = (at - began).total_seconds()
        rest = None if expected is None else expected * (1 - first.done / steps.total)
        # eta_of_running takes off what has passed, and the backend has done so already
        rest = rest if told is None else told + since
        return eta_of_running(Steps(steps.done - first.done, steps.total - first.done), since, rest)


def eta_of_queued(
    position: int | None, seconds_per_place: float | None, expected: float | None
) -> float | None:
    """Seconds until a queued clip is ready: until those ahead have moved on, and its own; None
    where one of them is not known."""
    if expected is None or position is None:
        return None
    if position == 0:
        return expected
    # never from the clips' own times: how many are rendered at once only the backend knows
    return None if seconds_per_place is None else position * seconds_per_place + expected
