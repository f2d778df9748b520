"""What a member may ask for: fal's input fields with their defaults and bounds, for all commands,
forms and endpoints.

Field names, defaults and presets are fal's (the published schema of ``fal-ai/fast-animatediff``).
Where fal states no range, the bounds are ours. A value outside its bounds is an error, never
rounded.
"""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Self, get_args

import annotated_types
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    StringConstraints,
    Tag,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticKnownError

from generation.protocol.extensions.loops import Loop, drawn_frames, shown_order
from generation.protocol.extensions.scenes import scenes_in
from generation.protocol.inputs.file import InputFile

DEFAULT_NEGATIVE_PROMPT: Final = "(bad quality, worst quality:1.2), ugly faces, bad anime"
MAX_PIXELS: Final = 1_048_576
"""Width × height at most; the largest preset, square_hd, is exactly this."""
SIDE_MULTIPLE: Final = 8
"""Sides must be multiples of this: one latent pixel of Stable Diffusion 1.5 covers 8 × 8 pixels."""
MAX_SEED: Final = 2**32 - 1
PLAIN_FRAMES: Final = 32
"""Frames of a clip at most, as fal's endpoints make it."""
MAX_FRAMES: Final = 128
"""Frames of a clip at most, where a backend makes longer ones."""


class Endpoint(StrEnum):
    """The two endpoints, by fal's endpoint id."""

    STANDARD = "fal-ai/fast-animatediff/text-to-video"
    TURBO = "fal-ai/fast-animatediff/turbo/text-to-video"

    @property
    def app_id(self) -> str:
        """Owner and alias only: the path under which fal keeps the requests of both endpoints."""
        owner, alias, *_ = self.value.split("/")
        return f"{owner}/{alias}"

    @property
    def label(self) -> str:
        """The word for people: ``standard`` or ``turbo``."""
        return self.name.lower()


class Motion(StrEnum):
    """A camera motion; several may be combined."""

    ZOOM_OUT = "zoom-out"
    ZOOM_IN = "zoom-in"
    PAN_LEFT = "pan-left"
    PAN_RIGHT = "pan-right"
    TILT_UP = "tilt-up"
    TILT_DOWN = "tilt-down"


class VideoSizePreset(StrEnum):
    """fal's named sizes."""

    SQUARE_HD = "square_hd"
    SQUARE = "square"
    PORTRAIT_4_3 = "portrait_4_3"
    PORTRAIT_16_9 = "portrait_16_9"
    LANDSCAPE_4_3 = "landscape_4_3"
    LANDSCAPE_16_9 = "landscape_16_9"

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height in pixels (fal's ``IMAGE_SIZE_PRESETS``)."""
        return _PRESET_PIXELS[self]


_PRESET_PIXELS: Final = {
    VideoSizePreset.SQUARE_HD: (1024, 1024),
    VideoSizePreset.SQUARE: (512, 512),
    VideoSizePreset.PORTRAIT_4_3: (768, 1024),
    VideoSizePreset.PORTRAIT_16_9: (576, 1024),
    VideoSizePreset.LANDSCAPE_4_3: (1024, 768),
    VideoSizePreset.LANDSCAPE_16_9: (1024, 576),
}


def _printable(text: str) -> str:
    """Refuse control characters (except tab and line ends) and lone surrogates: no model reads
    them."""
    bad = next(
        (c for c in text if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\t\n\r"), None
    )
    if bad is not None:
        raise ValueError(f"contains the control character U+{ord(bad):04X}")
    return text


def _short_enough(motions: Any) -> Any:
    # before the items: a list of half a million wrong ones would get half a million complaints
    if isinstance(motions, list | tuple) and len(motions) > len(Motion):
        bound = {"field_type": "Tuple", "max_length": len(Motion), "actual_length": len(motions)}
        raise PydanticKnownError("too_long", bound)
    return motions


Prompt = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    AfterValidator(_printable),
]
NegativePrompt = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=2000), AfterValidator(_printable)
]
NumFrames = Annotated[int, Field(ge=1, le=PLAIN_FRAMES)]
Seconds = Annotated[float, Field(ge=1, le=MAX_FRAMES, allow_inf_nan=False)]
NumInferenceSteps = Annotated[int, Field(ge=1, le=50)]
GuidanceScale = Annotated[float, Field(ge=0, le=20, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Fps = Annotated[int, Field(ge=1, le=30)]
SmoothFps = Annotated[int, Field(ge=16, le=24, multiple_of=8)]
Motions = Annotated[
    tuple[Motion, ...], Field(max_length=len(Motion)), BeforeValidator(_short_enough)
]
Side = Annotated[int, Field(ge=64, le=1536, multiple_of=SIDE_MULTIPLE)]


class ImageSize(BaseModel):
    """A custom size in pixels (fal's ``ImageSize``)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: Side = 512
    height: Side = 512

    @model_validator(mode="after")
    def _within_area(self) -> Self:
        if self.width * self.height > MAX_PIXELS:
            raise ValueError(f"width times height must be at most {MAX_PIXELS}")
        return self


def _kind_of_size(size: Any) -> str:
    return "custom" if isinstance(size, Mapping | ImageSize) else "preset"


VideoSize = Annotated[
    Annotated[VideoSizePreset, Tag("preset")] | Annotated[ImageSize, Tag("custom")],
    Discriminator(_kind_of_size),
]


class EndpointDefaults(BaseModel):
    """The two defaults that differ between the endpoints."""

    model_config = ConfigDict(frozen=True)

    num_inference_steps: int
    guidance_scale: float


NO_TEXTS: Final[dict[str, Any]] = {
    "prompt": "…",
    "negative_prompt": "",
    "seed": 0,
    "input_file": None,
}
"""What stands in a request for each field that tells what a clip shows, once that is no longer
kept."""

DEFAULTS: Final[Mapping[Endpoint, EndpointDefaults]] = {
    Endpoint.STANDARD: EndpointDefaults(num_inference_steps=25, guidance_scale=7.5),
    Endpoint.TURBO: EndpointDefaults(num_inference_steps=4, guidance_scale=1),
}
_FILLED_IN: Final = {endpoint: defaults.model_dump() for endpoint, defaults in DEFAULTS.items()}
_OF_ENDPOINT: Final = frozenset(EndpointDefaults.model_fields)
EXTENSIONS: Final = frozenset({"seconds", "loop", "smooth_fps", "input_file"})
"""Fields that fal does not have: None where nothing is asked for, and then left out of whatever is
stored or sent."""


class GenerationRequest(BaseModel):
    """One clip, fully described: the same request gives the same clip on the same engine.

    The seed is always set: where a member names none, one is drawn before the request is made.
    ``model_fields_set`` tells what was asked for from what took a default. ``seconds`` goes before
    ``num_frames``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    endpoint: Endpoint = Endpoint.STANDARD
    prompt: Prompt
    negative_prompt: NegativePrompt = DEFAULT_NEGATIVE_PROMPT
    num_frames: NumFrames = 16
    num_inference_steps: NumInferenceSteps
    guidance_scale: GuidanceScale
    seed: Seed
    fps: Fps = 8
    motions: Motions = ()
    video_size: VideoSize = VideoSizePreset.SQUARE
    seconds: Seconds | None = None
    loop: Loop | None = None
    smooth_fps: SmoothFps | None = None
    input_file: InputFile | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _endpoint_defaults(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Fill in the endpoint's own steps and guidance where they were left out."""
        if not isinstance(data, dict):
            return handler(data)
        try:
            endpoint = Endpoint(data.get("endpoint", Endpoint.STANDARD))
        except ValueError:
            # the field itself reports the unknown endpoint
            endpoint = Endpoint.STANDARD
        defaults = _FILLED_IN[endpoint]
        request = handler({**defaults, **data})
        # filled in is not asked for
        request.model_fields_set.difference_update(defaults.keys() - data.keys())
        return request

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the clip in pixels."""
        size = self.video_size
        return size.pixels if isinstance(size, VideoSizePreset) else (size.width, size.height)

    @model_serializer(mode="wrap")
    def _without_unused(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # a request that fal could make reads as it always did, for older versions too
        values: dict[str, Any] = dump(self)
        unused = {name for name in EXTENSIONS if values.get(name) is None}
        return {name: value for name, value in values.items() if name not in unused}

    @property
    def frames(self) -> int:
        """How many frames are drawn: those that fill the seconds, where seconds are asked for. What
        runs back again is drawn once."""
        if self.seconds is None:
            return self.num_frames
        return drawn_frames(round(self.seconds * self.fps), self.loop)

    @property
    def duration_seconds(self) -> float:
        """How long the finished clip plays."""
        return len(shown_order(self.frames, self.loop)) / self.fps

    @property
    def is_extended(self) -> bool:
        """Whether it asks for anything that fal's endpoints do not have."""
        return bool(scenes_in(self.prompt)) or any(getattr(self, n) is not None for n in EXTENSIONS)

    def with_seed(self, seed: int) -> Self:
        """The same request with another seed: what a re-roll asks for."""
        # validated again, which model_copy would not do
        return self.model_validate({**self.model_dump(), "seed": seed})

    def as_chosen(self) -> Self:
        """The same request, where the quality and what differs from its defaults count as asked
        for: of one that was stored nobody knows it better."""
        asked = self.model_dump(include={"endpoint", "prompt", "seed", "input_file"})
        defaults = type(self).model_validate(asked)
        differing = {name for name, value in self if value != getattr(defaults, name)}
        kept: Self = self.model_copy()
        kept.model_fields_set.intersection_update(differing | asked.keys())
        return kept

    @property
    def has_texts(self) -> bool:
        """Whether it still tells what the clip shows."""
        return bool(self.prompt != NO_TEXTS["prompt"])

    def without_texts(self) -> Self:
        """What is left when a prompt is no longer kept: the shape of the clip, not what it shows,
        nor the number that would draw the same again."""
        return self.model_validate({**self.model_dump(), **NO_TEXTS})

    def with_defaults(self, values: Mapping[str, object]) -> Self:
        """The same request with these values where nobody asked for others; they stay unasked for.
        Another endpoint brings its own steps and guidance."""
        asked = set(self.model_fields_set)
        values = {name: value for name, value in values.items() if name not in asked}
        if not values:
            return self
        kept = self.model_dump()
        if values.get("endpoint", self.endpoint) != self.endpoint:
            kept = {name: kept[name] for name in kept if name in asked or name not in _OF_ENDPOINT}
        # validated anew, which model_copy would not do
        changed = self.model_validate(kept | values)
        changed.model_fields_set.intersection_update(asked)
        return changed

    def to_input(self) -> dict[str, Any]:
        """The endpoint's input as fal takes it: plain JSON values, no endpoint, and no motions when
        there are none. What fal does not have is there only where it is needed: a few seconds are
        so many frames."""
        exclude = {"endpoint", "input_file"} | (set() if self.motions else {"motions"})
        if self.frames > PLAIN_FRAMES:
            return self.model_dump(mode="json", exclude=exclude)
        values = self.model_dump(mode="json", exclude=exclude | {"seconds"})
        return values | {"num_frames": self.frames}


def bounds_of(field: str) -> tuple[int, int]:
    """The smallest and largest value of a numeric field, or shortest and longest length of a text
    field."""
    found = GenerationRequest.model_fields[field]
    # an optional number is a union, whose first part has the bounds
    parts = get_args(found.annotation)
    is_optional = type(None) in parts
    return _bounds(list(get_args(parts[0])[1].metadata) if is_optional else found.metadata)


def side_bounds() -> tuple[int, int]:
    """The smallest and largest side of a custom size in pixels."""
    return _bounds(list(get_args(Side)[1].metadata))


def _bounds(metadata: list[Any]) -> tuple[int, int]:
    # pydantic keeps bounds in objects of several kinds, one or both bounds in each
    low, high = 0, 0
    for part in metadata:
        match part:
            case annotated_types.Ge(ge=value) | annotated_types.MinLen(min_length=value):
                low = int(value)  # type: ignore[call-overload]
            case annotated_types.Le(le=value) | annotated_types.MaxLen(max_length=value):
                high = int(value)  # type: ignore[call-overload]
            case StringConstraints(min_length=shortest, max_length=longest):
                low, high = shortest or 0, longest or 0
            case _:
                pass
    return low, high
