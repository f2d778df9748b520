"""What ``flipbook worker bench`` says: text only."""

from collections.abc import Sequence
from typing import Final

from generation.request import GenerationRequest
from worker.bench import Measurement, presets_of
from worker.engines.animatediff.speed import span

LONG: Final = 600.0
"""From so many seconds on, the quick way is pointed out."""


def announcement(expected: Sequence[tuple[GenerationRequest, float]], *, quick: bool) -> str:
    """How long it will take, and which clip most of it."""
    total = sum(seconds for _, seconds in expected)
    longest, seconds = max(expected, key=lambda pair: pair[1])
    clips = "1 clip" if len(expected) == 1 else f"{len(expected)} clips"
    lines = [
        f"{clips} to measure: about {span(total)}, of which {name_of(longest)} takes {span(seconds)}.",
        "Ctrl-C stops and prints what there is.",
    ]
    if total > LONG and not quick:
        lines.append("Much quicker, and nearly as right: --quick, or one size with --preset.")
    return "\n".join(lines)


def name_of(request: GenerationRequest) -> str:
    """A clip of the bench in words: ``standard square``."""
    return f"{request.endpoint.label} {' / '.join(preset.value for preset in presets_of(request))}"


def not_measured(request: GenerationRequest, why: str) -> str:
    """A clip that this machine cannot make."""
    return f"{name_of(request)}: not measured. {why}"


def measured_words(found: Measurement) -> str:
    """One row in words, as soon as it is known."""
    return f"{name_of(found.request)}: {found.seconds:.2f} s"


def heads() -> str:
    """The table's first line."""
    size = f"{'size':<11} {'endpoint':<9} {'steps':>5} {'s/clip':>8} {'s/MP4':>6} {'GB':>5} {'clips/h':>8}"
    return f"{size}  presets"


def line_of(found: Measurement) -> str:
    """One row; what was reckoned is marked with ~."""
    width, height = found.request.pixels
    seconds = f"{'~' if found.reckoned else ''}{found.seconds:.2f}"
    numbers = f"{seconds:>8} {found.encode_seconds:>6.2f} {found.peak_bytes / 1e9:>5.1f} {found.clips_per_hour:>8.0f}"
    clip = f"{f'{width}×{height}':<11} {found.request.endpoint.label:<9} {found.request.num_inference_steps:>5}"
    return f"{clip} {numbers}  {', '.join(preset.value for preset in presets_of(found.request))}"


def facts_of(found: Measurement) -> dict[str, object]:
    """One row for programs. Seconds and bytes."""
    width, height = found.request.pixels
    return {
        "presets": [preset.value for preset in presets_of(found.request)],
        "width": width,
        "height": height,
        "endpoint": found.request.endpoint.label,
        "frames": found.request.num_frames,
        "steps": found.request.num_inference_steps,
        "seconds": round(found.seconds, 3),
        "encode_seconds": round(found.encode_seconds, 3),
        "peak_bytes": found.peak_bytes,
        "clips_per_hour": round(found.clips_per_hour, 1),
        "reckoned": found.reckoned,
    }
