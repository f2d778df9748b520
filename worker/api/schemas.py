"""The inputs of the two endpoints for prompts: fal's schemas, field for field, with the bounds of
:mod:`generation.protocol.request`.

Unlike a chat's request, an input here may have unknown fields: fal ignores them, and so does the
worker.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, PydanticKnownError

from generation.mp4.foreign_file import WantedFrames
from generation.protocol.errors import InvalidRequest
from generation.protocol.extensions.checks import check_extensions
from generation.protocol.extensions.loops import Loop
from generation.protocol.inputs.file import DEFAULT_STRENGTH, InputFile, InputKind, Strength
from generation.protocol.inputs.steps import FROM_FILE, leaves_a_step
from generation.protocol.request import (
    DEFAULT_NEGATIVE_PROMPT,
    DEFAULTS,
    MAX_FRAMES,
    Endpoint,
    Fps,
    GenerationRequest,
    GuidanceScale,
    ImageSize,
    Motions,
    NegativePrompt,
    NumFrames,
    NumInferenceSteps,
    Prompt,
    Seconds,
    Seed,
    SmoothFps,
    VideoSizePreset,
)
from generation.protocol.visible import is_blank

_STANDARD: Final = DEFAULTS[Endpoint.STANDARD]
_TURBO: Final = DEFAULTS[Endpoint.TURBO]
_EXAMPLE: Final = (
    "masterpiece, best quality, 1girl, solo, cherry blossoms, hanami, pink flower, white flower,"
    " spring season, wisteria, petals, flower, plum blossoms, outdoors, falling petals, white hair,"
    " black eyes"
)


GUIDANCE_SCALE: Final = (
    "The CFG (Classifier Free Guidance) scale: how closely the video sticks to the prompt."
)
STRENGTH: Final = (
    "How far the video may leave the file that it starts from; 1 leaves nothing of it."
)
MAX_URL: Final = 48 * 2**20
"""Of a file's URL, in characters: a data URI holds the file itself."""
FileUrl = Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL)]
_ENDPOINTS_OWN: Final = frozenset({"num_inference_steps", "guidance_scale"})


class CustomSize(ImageSize):
    """A custom size in pixels."""

    model_config = ConfigDict(extra="ignore", title="ImageSize")


def _seen(prompt: str) -> str:
    # here and not in the request's own model: requests that were stored before stay readable
    if is_blank(prompt):
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    return prompt


def _kind_of_size(size: Any) -> str:
    # told apart by type alone, so that the errors of the other kind do not show
    return "custom" if isinstance(size, Mapping | ImageSize) else "preset"


_Size = Annotated[
    Annotated[VideoSizePreset, Tag("preset")] | Annotated[CustomSize, Tag("custom")],
    Discriminator(_kind_of_size),
]


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A picture or video that the worker has read: the name that it keeps the frames under, how
    many there are, and their size."""

    name: str
    frames: int
    width: int
    height: int


class CommonInput(BaseModel):
    """What the inputs of all endpoints have in common."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    prompt: Annotated[Prompt, AfterValidator(_seen)] = Field(
        description=(
            "The prompt to use for generating the video. Be as descriptive as possible "
            "for best results."
        ),
        examples=[_EXAMPLE],
    )
    negative_prompt: NegativePrompt = Field(
        default=DEFAULT_NEGATIVE_PROMPT,
        description="The negative prompt to use: details that you don't want in the video,"
        " such as colors, objects, scenery, or small things"
        " (e.g. moustache, blurry, low resolution).",
    )
    num_inference_steps: NumInferenceSteps = Field(
        default=_STANDARD.num_inference_steps,
        description="The number of inference steps to perform.",
    )
    guidance_scale: GuidanceScale = Field(
        default=_STANDARD.guidance_scale, description=GUIDANCE_SCALE
    )
    seed: Seed | None = Field(
        default=None,
        description="The same seed and the same prompt given to the same engine give the same video"
        " every time. Drawn at random when left out.",
    )
    fps: Fps = Field(default=8, description="Number of frames per second of the video.")
    motions: Motions | None = Field(default=None, description="The motions to apply to the video.")

    @property
    def file_url(self) -> str | None:
        """Where the file is that the clip starts from; None for one that starts from none."""
        raise NotImplementedError

    def wanted(self) -> WantedFrames:
        """The frames that are wanted of the file."""
        raise NotImplementedError

    def to_request(
        self, endpoint: Endpoint, drawn_seed: int, file: TakenFile | None = None
    ) -> GenerationRequest:
        """The request that this input describes; ``drawn_seed`` is used where the input has none,
        ``file`` is what was read of its file."""
        asked = {name: getattr(self, name) for name in _ENDPOINTS_OWN & self.model_fields_set}
        if file is not None:
            asked = FROM_FILE[endpoint].model_dump() | asked
        return GenerationRequest(
            endpoint=endpoint,
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            seed=drawn_seed if self.seed is None else self.seed,
            fps=self.fps,
            motions=self.motions or (),
            **asked,
            **self._shape(file),
        )

    def _shape(self, file: TakenFile | None) -> dict[str, Any]:
        """The fields that say how long and how large the clip is, and what it starts from."""
        raise NotImplementedError


class StandardInput(CommonInput):
    """Input of ``fal-ai/fast-animatediff/text-to-video``. ``image_url`` and ``strength`` are ours,
    not fal's."""

    model_config = ConfigDict(title="AnimateDiffT2VInput")

    num_frames: NumFrames = Field(
        default=16, description="The number of frames to generate for the video."
    )
    video_size: _Size = Field(
        default=VideoSizePreset.SQUARE,
        description="The size of the video to generate: a preset, or width and height.",
    )
    loop: Loop | None = Field(
        default=None,
        description="How the clip can be played again and again without a jump. Not one of fal's"
        " fields; offered by some engines.",
    )
    seconds: Seconds | None = Field(
        default=None,
        description=f"How long the clip plays, in place of num_frames: up to {MAX_FRAMES} frames"
        " are drawn. Not one of fal's fields; offered by some engines.",
    )
    image_url: FileUrl | None = Field(
        default=None,
        description="A picture that the video begins with: an http or https URL, a data URI, or the"
        " URL of an upload. PNG, JPEG or WebP. Not known to fal.",
    )
    strength: Strength = Field(default=DEFAULT_STRENGTH, description=STRENGTH)

    smooth_fps: SmoothFps | None = Field(
        default=None,
        description="Frames per second that are shown, 16 or 24: the frames between those that are"
        " drawn follow their motion. Not one of fal's fields.",
    )

    @property
    def file_url(self) -> str | None:
        """Where the picture is."""
        return self.image_url

    def wanted(self) -> WantedFrames:
        """One frame of the clip's size."""
        size = self.video_size
        width, height = (
            size.pixels if isinstance(size, VideoSizePreset) else (size.width, size.height)
        )
        return WantedFrames(is_video=False, width=width, height=height)

    def _shape(self, file: TakenFile | None) -> dict[str, Any]:
        size = _plain_size(self.video_size)
        shape: dict[str, Any] = {"num_frames": self.num_frames, "video_size": size}
        shape |= {
            "loop": self.loop,
            "seconds": self.seconds,
            "smooth_fps": self.smooth_fps,
        }
        if file is not None:
            shape["input_file"] = InputFile(
                kind=InputKind.PICTURE, name=file.name, strength=self.strength
            )
        return shape


class TurboInput(StandardInput):
    """Input of ``fal-ai/fast-animatediff/turbo/text-to-video``: the same fields, with defaults for
    few steps."""

    model_config = ConfigDict(title="AnimateDiffT2VTurboInput")

    num_inference_steps: NumInferenceSteps = Field(
        default=_TURBO.num_inference_steps,
        description="The number of inference steps to perform. 4-12 is recommended for turbo mode.",
    )
    guidance_scale: GuidanceScale = Field(default=_TURBO.guidance_scale, description=GUIDANCE_SCALE)


INPUTS: Final[Mapping[Endpoint, type[StandardInput]]] = {
    Endpoint.STANDARD: StandardInput,
    Endpoint.TURBO: TurboInput,
}


def read_input(endpoint: Endpoint, values: Mapping[str, Any], drawn_seed: int) -> GenerationRequest:
    """An endpoint's raw input as a request. Raises pydantic's ValidationError, which names each
    wrong field."""
    request = INPUTS[endpoint].model_validate(values).to_request(endpoint, drawn_seed)
    check_whole(request)
    return request


def check_whole(request: GenerationRequest) -> None:
    """Raise ValidationError for what single fields cannot tell."""
    complaints = list(_complaints(request))
    if complaints:
        raise ValidationError.from_exception_data("Input", complaints)


def _complaints(request: GenerationRequest) -> Iterator[InitErrorDetails]:
    """How many frames the fields make together, and whether a step is left."""
    if request.frames > MAX_FRAMES:
        context = {"most": MAX_FRAMES, "frames": request.frames, "fps": request.fps}
        words = "Input should make at most {most} frames, not {frames} at {fps} frames per second"
        error = PydanticCustomError("too_many_frames", words, context)
        yield InitErrorDetails(type=error, loc=("seconds",), input=request.seconds)
    file = request.input_file
    if file is not None and not leaves_a_step(request):
        words = "Input should leave a step: times num_inference_steps at least 1"
        error = PydanticCustomError("too_weak", words)
        yield InitErrorDetails(type=error, loc=("strength",), input=file.strength)
    try:
        check_extensions(request)
    except InvalidRequest as refused:
        for violation in refused.violations:
            error = PydanticCustomError("not_together", f"Input should be {violation.allowed}")
            given = getattr(request, violation.field)
            yield InitErrorDetails(type=error, loc=(violation.field,), input=given)


def _plain_size(size: Any) -> VideoSizePreset | ImageSize:
    if isinstance(size, VideoSizePreset):
        return size
    return ImageSize(width=size.width, height=size.height)
