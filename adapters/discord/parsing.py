"""From the options of ``/animate`` to a request; complaints name the options as the member sees them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from generation.errors import InvalidRequest, Violation
from generation.parsing import parse_request, shown
from generation.request import Endpoint, GenerationRequest

_OPTION_OF: Final[Mapping[str, str]] = {
    "endpoint": "quality",
    "num_inference_steps": "steps",
    "guidance_scale": "guidance",
    "motions": "motion",
    "video_size": "size",
    "video_size.width": "width",
    "video_size.height": "height",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """The options as Discord hands them over; None is what the member left out."""

    prompt: str
    negative_prompt: str | None = None
    quality: str | None = None
    size: str | None = None
    width: int | None = None
    height: int | None = None
    motion: str | None = None
    num_frames: int | None = None
    fps: int | None = None
    steps: int | None = None
    guidance: float | None = None
    seed: int | None = None


def request_of(wish: Wish, draw_seed: Callable[[], int]) -> GenerationRequest:
    """The request; a seed is drawn where none was given. Raises InvalidRequest."""
    try:
        return parse_request(
            {
                "prompt": wish.prompt,
                "negative_prompt": wish.negative_prompt,
                "endpoint": _endpoint(wish.quality),
                "video_size": _size(wish),
                "motions": None if wish.motion is None else (wish.motion,),
                "num_frames": wish.num_frames,
                "fps": wish.fps,
                "num_inference_steps": wish.steps,
                "guidance_scale": wish.guidance,
                "seed": draw_seed() if wish.seed is None else wish.seed,
            }
        )
    except InvalidRequest as error:
        violations = (Violation(_OPTION_OF.get(v.field, v.field), v.allowed, v.given) for v in error.violations)
        raise InvalidRequest(tuple(violations)) from error


def _endpoint(quality: str | None) -> str | None:
    return next((endpoint.value for endpoint in Endpoint if endpoint.label == quality), quality)


def _size(wish: Wish) -> object:
    sides = {name: side for name, side in (("width", wish.width), ("height", wish.height)) if side is not None}
    if not sides:
        return wish.size
    if wish.size is not None:
        raise InvalidRequest((Violation("size", "left out where width or height is given", shown(wish.size)),))
    return sides
