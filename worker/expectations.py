"""How long clips take on this machine: measured by the bench and by clips rendered alone, kept over restarts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, Self, runtime_checkable

from generation.progress import Pace
from generation.request import GenerationRequest
from worker.engine import Engine

PACE_FILE: Final = "pace.json"
_DECODING: Final = 2.26
"""Decoding a frame takes about as long as this many forwards of it (AnimateDiff at 512 × 512, by its FLOPs)."""
_SQUARE: Final = 512 * 512

Guess = Callable[[GenerationRequest], float | None]


@runtime_checkable
class GivesEstimates(Protocol):
    """An engine that can say how long a request takes. It only reads what it has measured: any thread may ask."""

    def estimate_seconds(self, request: GenerationRequest) -> float | None:
        """Rendered alone; None before anything was measured."""
        ...


def guess_of(engine: Engine) -> Guess:
    """What the engine itself expects, where it expects something."""
    return engine.estimate_seconds if isinstance(engine, GivesEstimates) else lambda _: None


class Expectations:
    """Seconds for each size and endpoint, of one engine; what was measured at the very size counts first."""

    def __init__(self, path: Path, engine: str, guess: Guess = lambda _: None) -> None:
        """Nothing is known yet. `guess` is asked about sizes that were never measured."""
        self._path = path
        self._engine = engine
        self._guess = guess
        self._paces: dict[str, Pace] = {}

    @classmethod
    def load(cls, path: Path, engine: str, guess: Guess = lambda _: None) -> Self:
        """What :meth:`save` wrote for that engine; nothing where it is another's, or not readable."""
        known = cls(path, engine, guess)
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["engine"] == engine:
                known._paces = {str(of): Pace(known=float(seconds)) for of, seconds in found["paces"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass
        return known

    def seconds_for(self, request: GenerationRequest) -> float | None:
        """How long that clip is expected to render when it is rendered alone; None when nobody knows."""
        at_size = self._seconds(_of_size(request), _work(request))
        if at_size is not None:
            return at_size
        guess = self._guess(request)
        return self._seconds(request.endpoint.label, _work_anywhere(request)) if guess is None else guess

    def learn(self, request: GenerationRequest, seconds: float) -> None:
        """A clip that was rendered alone took so long."""
        self._paces.setdefault(_of_size(request), Pace()).learn(_work(request), seconds)
        self._paces.setdefault(request.endpoint.label, Pace()).learn(_work_anywhere(request), seconds)

    def save(self) -> None:
        """Keep it for the next start. Raises OSError."""
        paces = {of: pace.seconds_for(1) for of, pace in sorted(self._paces.items())}
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps({"engine": self._engine, "paces": paces}, indent=1), encoding="utf-8")
        part.replace(self._path)

    def _seconds(self, of: str, work: float) -> float | None:
        pace = self._paces.get(of)
        return None if pace is None else pace.seconds_for(work)


def _of_size(request: GenerationRequest) -> str:
    width, height = request.pixels
    return f"{request.endpoint.label} {width * height}"


def _work(request: GenerationRequest) -> float:
    """In forwards of one frame: guidance doubles them."""
    rows = 2 if request.guidance_scale > 1 else 1
    return request.num_frames * (rows * request.num_inference_steps + _DECODING)


def _work_anywhere(request: GenerationRequest) -> float:
    width, height = request.pixels
    return _work(request) * width * height / _SQUARE
