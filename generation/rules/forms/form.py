"""The form for a clip, defined once: its fields, what may be filled in under a server's limits, and
what stands in it from the start. The chats lay it out, and bring back what was filled in.

Every value is text, as a person would type it (``turbo``, ``640x384``, ``zoom-in,pan-left``), so
that a value that is wrong can be shown again in its field. An absent value is an empty field. Pure.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from generation.domain.job import Job, JobId
from generation.domain.parsing import parse_request, shown
from generation.domain.style import StyledRequest
from generation.protocol.errors import InvalidRequest, LimitExceeded, Violation
from generation.protocol.extensions.capabilities import Capability
from generation.protocol.extensions.loops import Loop
from generation.protocol.request import (
    DEFAULT_NEGATIVE_PROMPT,
    DEFAULTS,
    MAX_SEED,
    PLAIN_FRAMES,
    Endpoint,
    GenerationRequest,
    VideoSize,
    VideoSizePreset,
    bounds_of,
)
from generation.rules.choices import MemberChoices
from generation.rules.forms.styles import Styles, with_shape
from generation.rules.limits import LimitName, Limits


class FormField(StrEnum):
    """A field of the form, by the name of the request's field; in the order in which they stand."""

    PROMPT = "prompt"
    NEGATIVE = "negative_prompt"
    QUALITY = "endpoint"
    SIZE = "video_size"
    MOTIONS = "motions"
    STYLE = "style"
    LOOP = "loop"
    FRAMES = "num_frames"
    SECONDS = "seconds"
    FPS = "fps"
    SMOOTH = "smooth_fps"
    STEPS = "num_inference_steps"
    GUIDANCE = "guidance_scale"
    SEED = "seed"
    PRIVATE = "private"
    """``yes`` where the member alone is to see the clip; no field of the request."""
    MORE = "more"
    """What could not be read of a line that stands for several fields, where a chat has one."""


NUMBERS: Final = (
    FormField.FRAMES,
    FormField.SECONDS,
    FormField.FPS,
    FormField.STEPS,
    FormField.GUIDANCE,
    FormField.SEED,
)
SMOOTH_RATES: Final = (16, 24)
NO_SMOOTH: Final = "no"
"""What is chosen where a clip is not made smooth."""
FormValues = Mapping[FormField, str]
_SIDES: Final = re.compile(r"(\d{1,9})\s*[x×*]\s*(\d{1,9})", re.IGNORECASE)
_YES: Final = frozenset({"yes", "y", "true", "on", "1"})
_NO: Final = frozenset({"", "no", "n", "false", "off", "0"})
_NOTHING_SAID: Final = GenerationRequest.model_validate({"prompt": "-", "seed": 0})


@dataclass(frozen=True, slots=True)
class Form:
    """A form about to be shown: what stands in it, what may be chosen, and the smallest and largest
    value of each number. ``usual`` are the values of a form that nobody has touched; ``lowered``
    are fields whose value was changed because the server does not allow it, or no longer.
    ``parent`` is the clip that is edited."""

    values: FormValues
    usual: FormValues
    qualities: tuple[Endpoint, ...]
    sizes: tuple[str, ...]
    styles: tuple[str, ...]
    loops: tuple[Loop, ...]
    smooth: tuple[int, ...]
    bounds: Mapping[FormField, tuple[int, int]]
    lowered: tuple[FormField, ...] = ()
    parent: JobId | None = None

    def value(self, field: FormField) -> str:
        """What stands in a field; empty where nothing does."""
        return self.values.get(field, "")


def form_of(
    given: FormValues,
    limits: Limits,
    styles: Styles,
    *,
    parent: JobId | None = None,
    offered: frozenset[Capability] = frozenset(),
) -> Form:
    """The form with these values in it, and with the usual ones where none are given. ``offered``:
    what some backend offers beyond fal's endpoints. Raises LimitExceeded where the server allows no
    quality at all."""
    if not limits.endpoints:
        raise LimitExceeded(LimitName.ENDPOINTS, allowed="none", used=Endpoint.STANDARD.label)
    style = styles.find(given.get(FormField.STYLE, ""))
    usual = _usual(limits.fitted(with_shape(_NOTHING_SAID, style, limits)))
    named = {FormField.STYLE: style.name} if style is not None else {}
    filled = {field: text for field, text in {**usual, **given, **named}.items() if text.strip()}
    bounds = _bounds(limits)
    allowed = dict(_allowed(filled, usual, limits, styles, bounds))
    lowered = tuple(field for field in FormField if filled.get(field) != allowed.get(field))
    return Form(
        allowed,
        usual,
        qualities=tuple(endpoint for endpoint in Endpoint if endpoint in limits.endpoints),
        sizes=_sizes(limits, allowed[FormField.SIZE]),
        styles=styles.names,
        loops=tuple(Loop) if Capability.LOOP in offered else (),
        smooth=SMOOTH_RATES if Capability.SMOOTH in offered else (),
        bounds=bounds,
        lowered=lowered,
        parent=parent,
    )


def values_of(job: Job) -> FormValues:
    """What was filled in for a clip, its seed too: the same words with it make the same clip."""
    request = job.request
    defaults = DEFAULTS[request.endpoint]
    values = _usual(request) | {
        FormField.PROMPT: request.prompt,
        FormField.MOTIONS: ",".join(request.motions),
        FormField.STYLE: job.style.name if job.style else "",
        FormField.SEED: str(request.seed),
        FormField.PRIVATE: "yes" if job.is_private else "",
    }
    if request.seconds is not None:
        values[FormField.SECONDS] = f"{request.seconds:g}"
    if request.smooth_fps is not None:
        values[FormField.SMOOTH] = str(request.smooth_fps)
    if request.loop is not None:
        values[FormField.LOOP] = request.loop.value
    if request.negative_prompt != DEFAULT_NEGATIVE_PROMPT:
        values[FormField.NEGATIVE] = request.negative_prompt
    # another quality has other ones of its own
    if request.num_inference_steps != defaults.num_inference_steps:
        values[FormField.STEPS] = str(request.num_inference_steps)
    if request.guidance_scale != defaults.guidance_scale:
        values[FormField.GUIDANCE] = f"{request.guidance_scale:g}"
    return {field: text for field, text in values.items() if text}


def values_of_choices(own: MemberChoices) -> FormValues:
    """What a member has chosen to stand in every new form."""
    values = {FormField(name): str(value) for name, value in own.defaults.items()}
    if own.endpoint is not None:
        values[FormField.QUALITY] = own.endpoint.label
    if own.video_size is not None:
        values[FormField.SIZE] = size_text(own.video_size)
    if own.style is not None:
        values[FormField.STYLE] = own.style
    return values


def size_text(size: VideoSize) -> str:
    """A size as a person would type it."""
    return size.value if isinstance(size, VideoSizePreset) else f"{size.width}x{size.height}"


def request_in(values: FormValues, draw_seed: Callable[[], int]) -> StyledRequest:
    """What a form asks for, with a drawn seed where it names none. Raises InvalidRequest naming
    each field that is wrong."""
    is_private = is_private_in(values)
    filled: dict[str, object] = {
        field.value: text.strip()
        for field, text in values.items()
        if text.strip() and field is not FormField.PRIVATE
    }
    filled.setdefault("prompt", "")
    filled.setdefault("seed", draw_seed())
    style = filled.pop("style", None)
    if more := filled.pop("more", None):
        raise InvalidRequest((Violation("more", "pairs such as style=film seed=7", shown(more)),))
    if quality := filled.get("endpoint"):
        filled["endpoint"] = next((e.value for e in Endpoint if e.label == quality), quality)
    if filled.get("smooth_fps") == NO_SMOOTH:
        del filled["smooth_fps"]
    if size := filled.get("video_size"):
        filled["video_size"] = size_in(str(size))
    if motions := filled.get("motions"):
        parts = str(motions).lower().replace("_", "-").split(",")
        filled["motions"] = list(dict.fromkeys(part.strip() for part in parts if part.strip()))
    request = parse_request(filled)
    return StyledRequest(request, None if style is None else str(style), is_private)


def is_private_in(values: FormValues) -> bool:
    """Whether the member alone is to see the clip. Raises InvalidRequest for neither yes nor no."""
    text = values.get(FormField.PRIVATE, "").strip().lower()
    if text in _NO:
        return False
    if text not in _YES:
        raise InvalidRequest((Violation(FormField.PRIVATE.value, "yes or no", shown(text)),))
    return True


def size_in(text: str) -> object:
    """``640x384`` as width and height; a named size, and what is neither, as it is."""
    sides = _SIDES.fullmatch(text.strip())
    return {"width": int(sides[1]), "height": int(sides[2])} if sides else text.strip().lower()


def pixels_in(text: str) -> int | None:
    """How many pixels a size has; None for what is no size."""
    size = size_in(text)
    if isinstance(size, dict):
        return int(size["width"]) * int(size["height"])
    if size not in set(VideoSizePreset):
        return None
    width, height = VideoSizePreset(str(size)).pixels
    return width * height


def _usual(request: GenerationRequest) -> dict[FormField, str]:
    return {
        FormField.QUALITY: request.endpoint.label,
        FormField.SIZE: size_text(request.video_size),
        FormField.FRAMES: str(request.num_frames),
        FormField.FPS: str(request.fps),
    }


def _bounds(limits: Limits) -> Mapping[FormField, tuple[int, int]]:
    bounds = {field: bounds_of(field.value) for field in NUMBERS}
    bounds[FormField.FRAMES] = (1, min(limits.max_frames, PLAIN_FRAMES))
    bounds[FormField.SECONDS] = (1, limits.max_frames)
    bounds[FormField.STEPS] = (1, limits.max_steps)
    bounds[FormField.SEED] = (0, MAX_SEED)
    return bounds


def _allowed(
    values: FormValues,
    usual: FormValues,
    limits: Limits,
    styles: Styles,
    bounds: Mapping[FormField, tuple[int, int]],
) -> Iterator[tuple[FormField, str]]:
    """Each value that the server allows, or the nearest that it does: a form must not be refused
    for what it was opened with."""
    for field, text in values.items():
        match field:
            case FormField.QUALITY:
                labels = {endpoint.label for endpoint in limits.endpoints}
                yield field, text if text in labels else usual[field]
            case FormField.SIZE:
                pixels = pixels_in(text)
                fits = pixels is not None and pixels <= limits.max_pixels
                yield field, text if fits else usual[field]
            case FormField.STYLE:
                if text in styles.names:
                    yield field, text
            case FormField.FRAMES | FormField.STEPS:
                yield field, _at_most(text, bounds[field][1])
            case _:
                yield field, text


def _at_most(text: str, most: int) -> str:
    # what is no number stays: the field says so
    return str(most) if text.strip().isdecimal() and int(text) > most else text


def _sizes(limits: Limits, chosen: str) -> tuple[str, ...]:
    named = [
        preset.value
        for preset in VideoSizePreset
        if preset.pixels[0] * preset.pixels[1] <= limits.max_pixels
    ]
    return tuple(dict.fromkeys([*named, chosen]))
