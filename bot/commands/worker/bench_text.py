"""Every text of ``flipbook worker bench``."""

from collections.abc import Sequence
from typing import Final

from generation.protocol.request import GenerationRequest
from worker.engines.animatediff.durations import duration_text
from worker.render.bench import BenchMeasurement, presets_of

LONG_SECONDS: Final = 600.0
"""A longer run is announced with a hint at ``--quick``."""


def announcement(expected: Sequence[tuple[GenerationRequest, float]], *, quick: bool) -> str:
    """How long the run will take, and its longest clip."""
    total = sum(seconds for _, seconds in expected)
    longest, seconds = max(expected, key=lambda pair: pair[1])
    clips = "1 clip" if len(expected) == 1 else f"{len(expected)} clips"
    lines = [
        (
            f"{clips} to measure: about {duration_text(total)}, "
            f"of which {clip_name(longest)} takes {duration_text(seconds)}."
        ),
        "Ctrl-C stops and prints what there is.",
    ]
    if total > LONG_SECONDS and not quick:
        lines.append("Much quicker, and nearly as accurate: --quick, or one size with --preset.")
    return "\n".join(lines)


def clip_name(request: GenerationRequest) -> str:
    """The name of a clip of the bench: ``standard square``."""
    return f"{request.endpoint.label} {' / '.join(preset.value for preset in presets_of(request))}"


def not_measured(request: GenerationRequest, why: str) -> str:
    """The line for a clip that this machine cannot render."""
    return f"{clip_name(request)}: not measured. {why}"


def measured_line(found: BenchMeasurement) -> str:
    """The line for a clip as soon as it is measured."""
    return f"{clip_name(found.request)}: {found.seconds:.2f} s"


def table_head(engine: str, device: str | None) -> str:
    """The head of the table, with what was measured."""
    size = (
        f"{'size':<11} {'endpoint':<9} {'steps':>5} {'s/clip':>8} {'s/MP4':>6} {'GB':>5} "
        f"{'clips/h':>8}"
    )
    return f"{engine} engine on {device or 'this machine'}\n{size}  presets"


def table_row(found: BenchMeasurement) -> str:
    """One row; computed seconds are marked with ~."""
    width, height = found.request.pixels
    seconds = f"{'~' if found.extrapolated else ''}{found.seconds:.2f}"
    numbers = (
        f"{seconds:>8} {found.encode_seconds:>6.2f} {found.peak_bytes / 1e9:>5.1f} "
        f"{found.clips_per_hour:>8.0f}"
    )
    clip = (
        f"{f'{width}×{height}':<11} {found.request.endpoint.label:<9} "
        f"{found.request.num_inference_steps:>5}"
    )
    return f"{clip} {numbers}  {', '.join(preset.value for preset in presets_of(found.request))}"


def facts_of(found: BenchMeasurement) -> dict[str, object]:
    """One row as JSON values. Seconds and bytes."""
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
        "reckoned": found.extrapolated,
    }
