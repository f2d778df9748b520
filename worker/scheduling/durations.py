"""How long clips take on this machine, alone and beside others: measured by the bench and by every
clip, kept over restarts."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from generation.protocol.progress import DurationEstimate
from generation.protocol.request import GenerationRequest
from generation.protocol.work import DEFAULT_PIXELS, forwards
from worker.engine import Engine, EstimatesRenders

DURATIONS_FILE: Final = "pace.json"
"""In the data folder; the stored name is older than the word "durations"."""

SAVE_PAUSE: Final = timedelta(seconds=10)
"""How often durations are saved at most while clips are rendered."""

EngineEstimate = Callable[[GenerationRequest], float | None]
"""The engine's own estimate of a request in seconds; None where it has none."""


def estimate_of(engine: Engine) -> EngineEstimate:
    """The engine's own estimate; one that is always None for an engine that gives none."""
    return engine.estimate_seconds if isinstance(engine, EstimatesRenders) else lambda _: None


class RenderDurations:
    """Seconds for each size and endpoint on one engine. A measurement at the same size comes before
    the engine's estimate, and that before a measurement at another size."""

    def __init__(self, path: Path, engine: str, estimate: EngineEstimate = lambda _: None) -> None:
        """Starts empty. ``estimate`` is asked about sizes that were never measured."""
        self._path = path
        self._engine = engine
        self._estimate = estimate
        self._known: dict[str, DurationEstimate] = {}
        self._sharing = DurationEstimate()
        self.has_news = False
        """Whether something was learned that is not saved."""
        self._saved_at: datetime | None = None

    @classmethod
    def load(cls, path: Path, engine: str, estimate: EngineEstimate = lambda _: None) -> Self:
        """What :meth:`save` wrote for that engine; empty where the file is another engine's or not
        readable."""
        durations = cls(path, engine, estimate)
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["engine"] == engine:
                durations._known = {
                    str(key): DurationEstimate(known=float(seconds))
                    for key, seconds in found["paces"].items()
                }
                if found.get("sharing") is not None:
                    durations._sharing = DurationEstimate(known=float(found["sharing"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # measurements can be repeated: a broken file never keeps the worker from starting
        return durations

    def seconds_for(self, request: GenerationRequest) -> float | None:
        """How long the clip is expected to render alone; None when nothing like it was measured."""
        # work scales with frames and steps at one size; with the size it does not quite
        at_size = self._seconds(_size_key(request), forwards(request))
        if at_size is not None:
            return at_size
        estimate = self._estimate(request)
        if estimate is not None:
            return estimate
        return self._seconds(request.endpoint.label, _work_at_default_size(request))

    def stretch(self, others: float) -> float:
        """How many times longer a clip takes beside that many others."""
        # until it was measured as if they took turns: better late than early
        sharing = self._sharing.seconds_for(1)
        return 1 + others * (1.0 if sharing is None else sharing)

    def learn(self, request: GenerationRequest, seconds: float, *, others: float = 0.0) -> None:
        """Add the measurement of a clip that was rendered beside ``others`` on average."""
        alone = self.seconds_for(request)
        if others <= 0:
            self._learn_alone(request, seconds)
        elif alone is None:
            # the first clips of a busy worker: with the same stretch they give the right throughput
            self._learn_alone(request, seconds / self.stretch(others))
        elif alone > 0:
            self._sharing.learn(others, max(0.0, seconds / alone - 1))
            self.has_news = True

    def _learn_alone(self, request: GenerationRequest, seconds: float) -> None:
        self._known.setdefault(_size_key(request), DurationEstimate()).learn(
            forwards(request), seconds
        )
        self._known.setdefault(request.endpoint.label, DurationEstimate()).learn(
            _work_at_default_size(request), seconds
        )
        self.has_news = True

    def is_due(self, now: datetime) -> bool:
        """Whether there is something to save, and the last time is :data:`SAVE_PAUSE` ago; that
        counts as the next time."""
        if not self.has_news or (self._saved_at is not None and now - self._saved_at < SAVE_PAUSE):
            return False
        self._saved_at = now
        return True

    def save(self) -> None:
        """Write everything for the next start. Raises OSError."""
        # seconds per unit of work, from which the next start continues
        paces = {key: known.seconds_for(1) for key, known in sorted(self._known.items())}
        # replaced whole, so that a crash never leaves half a file
        part = self._path.with_suffix(".part")
        sharing = self._sharing.seconds_for(1)
        found = {"engine": self._engine, "paces": paces, "sharing": sharing}
        part.write_text(json.dumps(found, indent=1), encoding="utf-8")
        part.replace(self._path)
        self.has_news = False

    def _seconds(self, key: str, work: float) -> float | None:
        known = self._known.get(key)
        return None if known is None else known.seconds_for(work)


def _size_key(request: GenerationRequest) -> str:
    width, height = request.pixels
    return f"{request.endpoint.label} {width * height}"


def _work_at_default_size(request: GenerationRequest) -> float:
    """The request's work in forwards of a frame of the default size."""
    width, height = request.pixels
    return forwards(request) * width * height / DEFAULT_PIXELS
