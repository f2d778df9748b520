"""How far a job is: from the worker's labels or a log's progress bar to a fraction and an honest estimate."""

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
"""Jobs ahead of another are counted up to so many: the exact place in a longer line is worth nobody's while."""


class Phase(StrEnum):
    """What a member is told that their job is doing."""

    WAITING = "waiting"
    QUEUED = "queued"
    RENDERING = "rendering"
    FETCHING = "fetching"


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
class Look:
    """A small moving picture (WebP) of a clip while it appears; ``url`` tells one look from another."""

    url: str
    picture: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """The newest state of an unfinished job, as far as anybody has told us.

    ``position`` counts the requests ahead (0: next), ``eta_seconds`` is the time until the clip is expected,
    ``waiting_for`` a clause saying what a waiting job waits for, ``look`` what the clip looks like by now.
    """

    phase: Phase
    position: int | None = None
    steps: Steps | None = None
    eta_seconds: float | None = None
    waiting_for: str | None = None
    look: Look | None = None


def steps_in_labels(labels: Mapping[str, object]) -> Steps | None:
    """Read the labels ``step`` and ``steps`` that Flipbook's worker puts on a log line."""
    try:
        return _steps(int(str(labels["step"])), int(str(labels["steps"])))
    except (KeyError, ValueError):
        return None


def steps_in_line(message: str) -> Steps | None:
    """Read a tqdm line such as ``36%|███▌      | 9/25 [00:02<00:04,  3.6it/s]``; None when it is none.

    A bar that was redrawn within the line counts as it was drawn last.
    """
    message = message[-300:]
    if bars := _TQDM.findall(message):
        done, total = bars[-1]
        return _steps(int(done), int(total))
    if percents := _PERCENT.findall(message):
        return _steps(int(percents[-1]), 100)
    return None


def _steps(done: int, total: int) -> Steps | None:
    return Steps(done, total) if 0 <= done <= total and 0 < total <= _MOST_STEPS else None


class Pace:
    """Seconds of rendering per unit of work, learnt from finished clips and from steps of this one.

    A running average over the last clips: new measurements count for ``weight`` of it, so a machine that warms up or
    slows down is believed after a few clips. One object per backend and endpoint.
    """

    def __init__(self, weight: float = 0.3, *, known: float | None = None) -> None:
        """`known` are the seconds per unit of work that somebody has measured before."""
        self._weight = weight
        self._seconds_per_work = known

    def learn(self, work: float, seconds: float) -> None:
        """A clip of ``work`` (1: the endpoint's default clip) took ``seconds`` to render."""
        if not (work > 0 and 0 <= seconds < inf):
            return
        measured = seconds / work
        known = self._seconds_per_work
        self._seconds_per_work = measured if known is None else known + self._weight * (measured - known)

    def seconds_for(self, work: float) -> float | None:
        """How long a clip of ``work`` is expected to render; None before anything was measured."""
        return None if self._seconds_per_work is None else self._seconds_per_work * work


def eta_of_running(steps: Steps | None, elapsed: float, expected: float | None) -> float | None:
    """Seconds left of a running clip: from its own steps once two are done, else from what such clips took."""
    if steps is not None and steps.done >= 2:
        return max(0.0, elapsed) / steps.done * (steps.total - steps.done)
    return None if expected is None else max(0.0, expected - elapsed)


class Sighting:
    """One running clip since we look at it: steps that were done before say nothing about its speed."""

    def __init__(self) -> None:
        self._first: tuple[Steps, datetime] | None = None

    def eta(
        self, steps: Steps | None, at: datetime, expected: float | None, *, told: float | None = None
    ) -> float | None:
        """Seconds left: from the steps seen since, else as the backend has ``told`` us, else what such clips take.

        The last (``expected``) is for a whole clip; the part done is taken off.
        """
        if steps is None:
            return None
        if self._first is None or self._first[0].total != steps.total or self._first[0].done > steps.done:
            self._first = (steps, at)
        done, since = self._first[0].done, (at - self._first[1]).total_seconds()
        rest = None if expected is None else expected * (1 - done / steps.total)
        rest = rest if told is None else told + since
        return eta_of_running(Steps(steps.done - done, steps.total - done), since, rest)


def eta_of_queued(position: int | None, expected: float | None) -> float | None:
    """Seconds until a queued clip is ready when those ahead are like it."""
    if expected is None:
        return None
    return expected * ((position or 0) + 1)
