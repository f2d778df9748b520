"""What every chat says of a clip: its settings, its progress, the time left, its prompt in short.

Plain text without any platform's markup: the platforms escape it and add their own. Pure.
"""

import unicodedata
from typing import Final

from generation.domain.job import Job, JobStatus
from generation.domain.prompt_syntax import taken_out_of
from generation.protocol.progress import MOST_AHEAD, Phase, Progress
from generation.protocol.request import GenerationRequest

_JOINERS: Final = frozenset("\u200c\u200d")
"""Invisible, but Persian, Indic scripts and emoji are spelled with them."""
_FAL: Final = "fal"
_PREVIEW: Final = "preview"
_ENGINES: Final = {
    _PREVIEW: "preview engine",
    "animatediff": "AnimateDiff on our GPU",
    "animatediff-cpu": "AnimateDiff on our CPU",
}
_SECONDS_UNTIL_MINUTES: Final = 90
_MINUTES_UNTIL_HOURS: Final = 90


def excerpt(text: str, limit: int) -> str:
    """Any text on one line of at most ``limit`` characters, without those that are invisible or
    change its direction."""
    # split twice: an invisible character may be between two spaces
    line = " ".join("".join(c for c in " ".join(text.split()) if _shows(c)).split())
    if not line:
        return "…"
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def settings_words(request: GenerationRequest) -> str:
    """``standard · 512×512 · 16 frames at 8 fps · 25 steps · guidance 7.5 · seed 42``: enough to
    make the clip again."""
    width, height = request.pixels
    parts = [
        request.endpoint.label,
        f"{width}×{height}",
        f"{request.num_frames} frames at {request.fps} fps",
        f"{request.num_inference_steps} steps",
        f"guidance {request.guidance_scale:g}",
        f"seed {request.seed}",
        *(motion.value for motion in request.motions),
        *left_out_words(request),
    ]
    return " · ".join(parts)


def left_out_words(request: GenerationRequest) -> list[str]:
    """``left out of the prompt: BREAK``: other programs' syntax that the clip is made without; none
    for most prompts. It never quotes the prompt."""
    taken = taken_out_of(request)
    return [f"left out of the prompt: {', '.join(taken)}"] if taken else []


def engine_words(job: Job) -> str | None:
    """``AnimateDiff on fal``, ``AnimateDiff on our GPU``, ``preview engine``: what made a clip;
    None for a job without one."""
    if job.status is not JobStatus.SUCCEEDED or job.backend is None:
        return None
    if job.backend == _FAL and job.engine != _PREVIEW:
        return "AnimateDiff on fal"  # whatever fal says: the endpoint is AnimateDiff
    if job.engine is None:
        return "our worker"
    return _ENGINES.get(job.engine, f"{job.engine} on our worker")


def seconds_words(seconds: float) -> str:
    """``8 s``, ``3 min``, ``2 h``: rounded to what a person needs."""
    whole = max(1, round(seconds))
    if whole < _SECONDS_UNTIL_MINUTES:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < _MINUTES_UNTIL_HOURS else f"{round(minutes / 60)} h"


def bar(fraction: float, width: int = 12) -> str:
    """``█████░░░░░░░``: full only when everything is done."""
    full = int(min(1.0, max(0.0, fraction)) * width)
    return "█" * full + "░" * (width - full)


def progress_words(progress: Progress) -> str:
    """How far a job is, without the time left: ``queued, 2 ahead``, ``rendering, step 9 of 25``."""
    match progress.phase:
        case Phase.WAITING:
            return f"waiting for {progress.waiting_for}" if progress.waiting_for else "waiting"
        case Phase.QUEUED:
            return "queued" + (
                "" if progress.position is None else f", {ahead_words(progress.position)}"
            )
        case Phase.RENDERING:
            steps = progress.steps
            return "rendering" + (
                f", step {steps.done} of {steps.total}" if steps is not None else ""
            )
        case Phase.FETCHING:
            return "fetching the clip" + (
                f" from {progress.waiting_for}" if progress.waiting_for else ""
            )


def ahead_words(position: int) -> str:
    """``next``, ``2 ahead``, ``1,000 or more ahead``."""
    if position == 0:
        return "next"
    return f"{position:,} ahead" if position < MOST_AHEAD else f"{MOST_AHEAD:,} or more ahead"


def _shows(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co"}
