"""How long steps and clips take on this machine: measured while rendering, kept over restarts."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generation.protocol.request import Endpoint, GenerationRequest
from worker.engines.animatediff.batch_key import BatchKey, rows_per_step
from worker.engines.animatediff.shortcuts import NO_SHORTCUTS, Shortcuts

NEWEST_WEIGHT: Final = 0.2
"""Weight of the newest measurement in the running mean."""


@dataclass(slots=True)
class StepDurations:
    """Seconds per unit of :class:`BatchKey`'s work, for denoising and decoding; None until
    measured."""

    denoise: float | None = None
    decode: float | None = None

    def record_step(self, work: float, seconds: float) -> None:
        """Learn from one forward."""
        # a running mean: a compiled shape or a busy machine shows within a few steps
        self.denoise = _mean(self.denoise, seconds / work)

    def record_decode(self, work: float, seconds: float) -> None:
        """Learn from decoded frames."""
        self.decode = _mean(self.decode, seconds / work)

    def step_seconds(self, request: GenerationRequest) -> float | None:
        """One step of a request rendered alone; None before the first measurement."""
        if self.denoise is None:
            return None
        return self.denoise * BatchKey.of(request).row_work * rows_per_step(request)

    def clip_seconds(
        self, request: GenerationRequest, shortcuts: Shortcuts = NO_SHORTCUTS
    ) -> float | None:
        """A whole request rendered alone, from its first step to its frames; None before the first
        measurement."""
        if self.denoise is None:
            return None
        # work is scaled so that a unit of decoding takes about as long as a unit of denoising
        key, decode = BatchKey.of(request), self.denoise if self.decode is None else self.decode
        decoding = decode * key.frame_decode_work * request.frames
        return self.denoise * key.row_work * shortcuts.rows_left(request) + decoding

    def save(self, path: Path) -> None:
        """Keep them for the next start."""
        path.write_text(
            json.dumps({"denoise": self.denoise, "decode": self.decode}), encoding="utf-8"
        )

    @classmethod
    def load(cls, path: Path) -> "StepDurations":
        """What :meth:`save` wrote; nothing measured where the file is missing or damaged."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                *(
                    None if found[key] is None else float(found[key])
                    for key in ("denoise", "decode")
                )
            )
        except (OSError, ValueError, KeyError, TypeError):
            return cls()


def _mean(old: float | None, new: float) -> float:
    return new if old is None else old + NEWEST_WEIGHT * (new - old)


def cpu_warning(durations: StepDurations) -> str | None:
    """What an operator without a GPU should know before the first clip; None before the first
    measurement."""
    # the defaults of both endpoints: what a member gets without options
    clips = [
        GenerationRequest.model_validate({"endpoint": endpoint, "prompt": "a", "seed": 0})
        for endpoint in (Endpoint.STANDARD, Endpoint.TURBO)
    ]
    seconds = [durations.clip_seconds(clip) for clip in clips]
    if seconds[0] is None or seconds[1] is None:
        return None
    standard, turbo = (duration_text(s) for s in seconds if s is not None)
    return (
        "There is no GPU here: a standard clip of 16 frames at 512 × 512 will take about "
        f"{standard}, a turbo clip about {turbo}."
    )


def duration_text(seconds: float) -> str:
    """A duration in words, rounded: 40 seconds, 12 minutes, 3.5 hours."""
    if seconds < 90:
        return f"{seconds:.0f} seconds" if seconds >= 2 else f"{seconds:.1f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
