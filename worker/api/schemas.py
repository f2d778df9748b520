"""The inputs of the two endpoints: fal's schemas, field for field, with the bounds of
:mod:`generation.protocol.request`.

Unlike a chat's request, an input here may have unknown fields: fal ignores them, and so does the
worker.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, PydanticKnownError

from generation.protocol.errors import InvalidRequest
from generation.protocol.extensions.checks import check_extensions
from generation.protocol.extensions.loops import Loop
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


class StandardInput(BaseModel):
    """Input of ``fal-ai/fast-animatediff/text-to-video``."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, title="AnimateDiffT2VInput"
    )

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
    num_frames: NumFrames = Field(
        default=16, description="The number of frames to generate for the video."
    )
    num_inference_steps: NumInferenceSteps = Field(
        default=_STANDARD.num_inference_steps,
        description="The number of inference steps to perform.",
    )
    guidance_scale: GuidanceScale = Field(
        default=_STANDARD.guidance_scale,
        description=(
            "The CFG (Classifier Free Guidance) scale: how closely the video sticks to the prompt."
        ),
    )
    seed: Seed | None = Field(
        default=None,
        description="The same seed and the same prompt given to the same engine give the same video"
        " every time. Drawn at random when left out.",
    )
    fps: Fps = Field(default=8, description="Number of frames per second of the video.")
    motions: Motions | None = Field(default=None, description="The motions to apply to the video.")
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

    smooth_fps: SmoothFps | None = Field(
        default=None,
        description="Frames per second that are shown, 16 or 24: the frames between those that are"
        " drawn follow their motion. Not one of fal's fields.",
    )

    def to_request(self, endpoint: Endpoint, drawn_seed: int) -> GenerationRequest:
        """The request that this input describes; ``drawn_seed`` is used where the input has
        none."""
        size = self.video_size
        return GenerationRequest(
            endpoint=endpoint,
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            num_frames=self.num_frames,
            num_inference_steps=self.num_inference_steps,
            guidance_scale=self.guidance_scale,
            seed=drawn_seed if self.seed is None else self.seed,
            fps=self.fps,
            motions=self.motions or (),
            video_size=size
            if isinstance(size, VideoSizePreset)
            else ImageSize(width=size.width, height=size.height),
            loop=self.loop,
            seconds=self.seconds,
            smooth_fps=self.smooth_fps,
        )


class TurboInput(StandardInput):
    """Input of ``fal-ai/fast-animatediff/turbo/text-to-video``: the same fields, with defaults for
    few steps."""

    model_config = ConfigDict(title="AnimateDiffT2VTurboInput")

    num_inference_steps: NumInferenceSteps = Field(
        default=_TURBO.num_inference_steps,
        description="The number of inference steps to perform. 4-12 is recommended for turbo mode.",
    )
    guidance_scale: GuidanceScale = Field(
        default=_TURBO.guidance_scale,
        description=(
            "The CFG (Classifier Free Guidance) scale: how closely the video sticks to the prompt."
        ),
    )


INPUTS: Final[Mapping[Endpoint, type[StandardInput]]] = {
    Endpoint.STANDARD: StandardInput,
    Endpoint.TURBO: TurboInput,
}


def read_input(endpoint: Endpoint, values: Mapping[str, Any], drawn_seed: int) -> GenerationRequest:
    """An endpoint's raw input as a request. Raises pydantic's ValidationError, which names each
    wrong field."""
    request = INPUTS[endpoint].model_validate(values).to_request(endpoint, drawn_seed)
    complaints = list(_complaints(request))
    if complaints:
        raise ValidationError.from_exception_data(INPUTS[endpoint].__name__, complaints)
    return request


def _complaints(request: GenerationRequest) -> Iterator[InitErrorDetails]:
    """What single fields cannot tell: how many frames they make together."""
    if request.frames > MAX_FRAMES:
        context = {"most": MAX_FRAMES, "frames": request.frames, "fps": request.fps}
        words = "Input should make at most {most} frames, not {frames} at {fps} frames per second"
        error = PydanticCustomError("too_many_frames", words, context)
        yield InitErrorDetails(type=error, loc=("seconds",), input=request.seconds)
    try:
        check_extensions(request)
    except InvalidRequest as refused:
        for violation in refused.violations:
            error = PydanticCustomError("not_together", f"Input should be {violation.allowed}")
            given = getattr(request, violation.field)
            yield InitErrorDetails(type=error, loc=(violation.field,), input=given)
