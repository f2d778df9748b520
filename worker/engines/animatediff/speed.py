"""How long things take here: learned from the steps, told before a slow start and to whoever wants an estimate."""

import json
from dataclasses import dataclass
from pathlib import Path

from generation.request import Endpoint, GenerationRequest
from worker.engines.animatediff.sharing import GroupKey
from worker.engines.animatediff.shortcuts import NONE, Shortcuts

NEWEST_COUNTS = 0.2
"""Weight of the newest measurement in the running mean."""


@dataclass(slots=True)
class SpeedBook:
    """Seconds per unit of work, as `GroupKey` counts it, for both parts; None until something was measured."""

    denoise: float | None = None
    decode: float | None = None

    def note_step(self, work: float, seconds: float) -> None:
        """Learn from a forward."""
        self.denoise = _mean(self.denoise, seconds / work)

    def note_decode(self, work: float, seconds: float) -> None:
        """Learn from decoded frames."""
        self.decode = _mean(self.decode, seconds / work)

    def step_seconds(self, request: GenerationRequest) -> float | None:
        """One step of a request rendered alone."""
        return None if self.denoise is None else self.denoise * GroupKey.of(request).row_work * _rows(request)

    def clip_seconds(self, request: GenerationRequest, shortcuts: Shortcuts = NONE) -> float | None:
        """A whole request rendered alone, from its first step to its frames."""
        if self.denoise is None:
            return None
        key, decode = GroupKey.of(request), self.denoise if self.decode is None else self.decode
        return self.denoise * key.row_work * shortcuts.rows_left(request) + decode * key.decode_work

    def save(self, path: Path) -> None:
        """Keep it for the next start."""
        path.write_text(json.dumps({"denoise": self.denoise, "decode": self.decode}), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "SpeedBook":
        """What :meth:`save` wrote; an empty book where there is nothing readable."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return cls(*(None if found[key] is None else float(found[key]) for key in ("denoise", "decode")))
        except (OSError, ValueError, KeyError, TypeError):
            return cls()


def _mean(old: float | None, new: float) -> float:
    return new if old is None else old + NEWEST_COUNTS * (new - old)


def _rows(request: GenerationRequest) -> int:
    return 2 if request.guidance_scale > 1 else 1


def slow_note(book: SpeedBook) -> str | None:
    """What to tell an operator without a GPU before the first clip; None when nothing was measured."""
    clips = [
        GenerationRequest.model_validate({"endpoint": e, "prompt": "a", "seed": 0})
        for e in (Endpoint.STANDARD, Endpoint.TURBO)
    ]
    seconds = [book.clip_seconds(clip) for clip in clips]
    if seconds[0] is None or seconds[1] is None:
        return None
    standard, turbo = (span(s) for s in seconds if s is not None)
    return (
        f"There is no GPU here: a standard clip of 16 frames at 512 × 512 will take about {standard}, a turbo clip "
        f"about {turbo}."
    )


def span(seconds: float) -> str:
    """A stretch of time in words, rounded: 40 seconds, 12 minutes, 3.5 hours."""
    if seconds < 90:
        return f"{seconds:.0f} seconds" if seconds >= 2 else f"{seconds:.1f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
