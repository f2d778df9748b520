"""What the single fields of a request cannot tell: whether what they ask for fits together."""

from collections.abc import Iterator
from typing import Final

from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.extensions.loops import MIN_LOOP_FRAMES, Loop, shown_order
from generation.protocol.extensions.scenes import MOST_SCENES, scenes_in, written
from generation.protocol.request import GenerationRequest, bounds_of

SMOOTHED_AT_MOST: Final = 64
"""Frames of 512 × 512 at most, or as many pixels: half a minute of one core."""
_USUAL_PIXELS: Final = 512 * 512


def check_extensions(request: GenerationRequest) -> None:
    """Raise InvalidRequest for a loop of too few frames, scenes out of order, past the end or too
    long together, and a clip that cannot be made smooth."""
    violations = (*_of_loop(request), *_of_scenes(request), *_of_smooth(request))
    if violations:
        raise InvalidRequest(violations)


def _of_loop(request: GenerationRequest) -> Iterator[Violation]:
    least = MIN_LOOP_FRAMES if request.loop is Loop.SEAMLESS else 3
    if request.loop is not None and request.frames < least:
        allowed = f"left out of a clip of fewer than {least} frames"
        yield Violation("loop", allowed, request.loop.value)


def _of_scenes(request: GenerationRequest) -> Iterator[Violation]:
    scenes = scenes_in(request.prompt)
    frames = [scene.frame for scene in scenes]
    # as a backend gets them: lines around the scenes are in each
    characters, (_, most) = len(written(scenes)), bounds_of("prompt")
    if frames and (len(frames) > MOST_SCENES or frames != sorted(set(frames))):
        allowed = f"at most {MOST_SCENES} scenes in the order of their frames"
        yield Violation("prompt", allowed, _shown(frames))
    elif frames and frames[-1] >= request.frames:
        yield Violation("prompt", f"scenes before frame {request.frames}", _shown(frames))
    elif characters > most:
        allowed = f"at most {most:,} characters, where lines around the scenes count in each"
        yield Violation("prompt", allowed, f"{characters:,} characters")


def _shown(frames: list[int]) -> str:
    first = ", ".join(map(str, frames[:MOST_SCENES]))
    return f"scenes at {first}" + (", …" if len(frames) > MOST_SCENES else "")


def _of_smooth(request: GenerationRequest) -> Iterator[Violation]:
    if request.smooth_fps is None:
        return
    given = f"{request.smooth_fps} frames per second"
    if request.smooth_fps <= request.fps:
        yield Violation("smooth_fps", f"more than the clip's {request.fps}", given)
    width, height = request.pixels
    shown = len(shown_order(request.frames, request.loop))
    if shown * width * height > SMOOTHED_AT_MOST * _USUAL_PIXELS:
        most = SMOOTHED_AT_MOST * _USUAL_PIXELS // (width * height)
        allowed = f"left out of a clip of this size with more than {most} frames"
        yield Violation("smooth_fps", allowed, given)
