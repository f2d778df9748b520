"""From the options of ``/animate`` to a request; violations name the options as the member sees
them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from generation.domain.job import Job
from generation.domain.parsing import parse_request, shown
from generation.domain.style import StyledRequest
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.request import (
    DEFAULT_NEGATIVE_PROMPT,
    Endpoint,
    VideoSizePreset,
)
from generation.rules.forms.form import FormField, FormValues

_OPTION_OF: Final[Mapping[str, str]] = {
    "endpoint": "quality",
    "num_inference_steps": "steps",
    "guidance_scale": "guidance",
    "motions": "motion",
    "smooth_fps": "smooth",
    "video_size": "size",
    "video_size.width": "width",
    "video_size.height": "height",
}


@dataclass(frozen=True, slots=True)
class AnimateOptions:
    """The options as Discord sends them; None is an option that the member left out."""

    prompt: str
    negative_prompt: str | None = None
    quality: str | None = None
    size: str | None = None
    width: int | None = None
    height: int | None = None
    motion: str | None = None
    num_frames: int | None = None
    seconds: float | None = None
    loop: str | None = None
    smooth: int | None = None
    fps: int | None = None
    steps: int | None = None
    guidance: float | None = None
    seed: int | None = None
    style: str | None = None
    private: bool | None = None


def request_from_options(options: AnimateOptions, draw_seed: Callable[[], int]) -> StyledRequest:
    """The request, with a drawn seed where none was given. Raises InvalidRequest."""
    try:
        request = parse_request(
            {
                "prompt": options.prompt,
                "negative_prompt": options.negative_prompt,
                "endpoint": _endpoint(options.quality),
                "video_size": _size(options),
                "motions": None if options.motion is None else (options.motion,),
                "num_frames": options.num_frames,
                "seconds": options.seconds,
                "loop": options.loop,
                "smooth_fps": options.smooth,
                "fps": options.fps,
                "num_inference_steps": options.steps,
                "guidance_scale": options.guidance,
                "seed": draw_seed() if options.seed is None else options.seed,
            }
        )
    except InvalidRequest as error:
        # the core's field names mean nothing to a member, who has typed the options
        violations = (
            Violation(_OPTION_OF.get(v.field, v.field), v.allowed, v.given)
            for v in error.violations
        )
        raise InvalidRequest(tuple(violations)) from error
    return StyledRequest(request, options.style, options.private is True)


def values_from_options(options: AnimateOptions) -> FormValues:
    """The same in the fields of the form."""
    sides = (options.width, options.height)
    own_size = None if sides == (None, None) else "x".join(str(side or "?") for side in sides)
    given = {
        FormField.PROMPT: options.prompt,
        FormField.NEGATIVE: options.negative_prompt,
        FormField.QUALITY: options.quality,
        FormField.SIZE: own_size or options.size,
        FormField.MOTIONS: options.motion,
        FormField.STYLE: options.style,
        FormField.FRAMES: options.num_frames,
        FormField.SECONDS: None if options.seconds is None else f"{options.seconds:g}",
        FormField.LOOP: options.loop,
        FormField.SMOOTH: options.smooth,
        FormField.FPS: options.fps,
        FormField.STEPS: options.steps,
        FormField.GUIDANCE: options.guidance,
        FormField.SEED: options.seed,
        FormField.PRIVATE: "yes" if options.private else None,
    }
    return {field: str(value) for field, value in given.items() if value is not None}


def _endpoint(quality: str | None) -> str | None:
    # members see labels; an unknown one is passed on, and the core refuses it
    return next((endpoint.value for endpoint in Endpoint if endpoint.label == quality), quality)


def _size(options: AnimateOptions) -> object:
    sides = {
        name: side
        for name, side in (("width", options.width), ("height", options.height))
        if side is not None
    }
    # one side alone is passed on: the core names the one that is missing or wrong
    if not sides:
        return options.size
    if options.size is not None:
        raise InvalidRequest(
            (Violation("size", "left out where width or height is given", shown(options.size)),)
        )
    return sides


def command_line(job: Job) -> str:
    """``/animate prompt:a fox quality:turbo …``. Of several camera motions it has the first: the
    option takes one."""
    request = job.request
    size = request.video_size
    options = [
        ("prompt", " ".join(request.prompt.split())),
        ("quality", request.endpoint.label),
        *(
            [("size", size.value)]
            if isinstance(size, VideoSizePreset)
            else [("width", size.width), ("height", size.height)]
        ),
        (
            ("num_frames", request.num_frames)
            if request.seconds is None
            else ("seconds", f"{request.seconds:g}")
        ),
        *([] if request.loop is None else [("loop", request.loop.value)]),
        *([] if request.smooth_fps is None else [("smooth", request.smooth_fps)]),
        ("fps", request.fps),
        ("steps", request.num_inference_steps),
        ("guidance", f"{request.guidance_scale:g}"),
        ("seed", request.seed),
        *([("motion", request.motions[0].value)] if request.motions else []),
        *([("style", job.style.name)] if job.style else []),
        *([("private", "True")] if job.is_private else []),
        *(
            [("negative_prompt", " ".join(request.negative_prompt.split()))]
            if request.negative_prompt not in {"", DEFAULT_NEGATIVE_PROMPT}
            else []
        ),
    ]
    return " ".join(["/animate", *(f"{name}:{value}" for name, value in options)])
