"""The inputs of the two endpoints for clips that start from a video: fal's schemas, field for
field."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ConfigDict, Field

from generation.mp4.foreign_file import WantedFrames
from generation.protocol.inputs.file import (
    DEFAULT_SECONDS,
    DEFAULT_STRENGTH,
    VIDEO_AREA,
    VIDEO_SIDE_MULTIPLE,
    FirstSeconds,
    InputFile,
    InputKind,
    Strength,
)
from generation.protocol.inputs.steps import FROM_FILE
from generation.protocol.request import (
    Endpoint,
    Fps,
    GuidanceScale,
    ImageSize,
    NumInferenceSteps,
)
from worker.api.schemas import GUIDANCE_SCALE, INPUTS, STRENGTH, CommonInput, FileUrl, TakenFile


class VideoInput(CommonInput):
    """Input of ``fal-ai/fast-animatediff/video-to-video``."""

    model_config = ConfigDict(title="AnimateDiffV2VInput")

    video_url: FileUrl = Field(
        description="The video that the clip starts from: an http or https URL, a data URI, or the"
        " URL of an upload. MP4, MOV, WebM or GIF."
    )
    first_n_seconds: FirstSeconds = Field(
        default=DEFAULT_SECONDS, description="How much of the video's beginning to use."
    )
    fps: Fps = Field(default=8, description="Number of frames per second to extract.")
    strength: Strength = Field(default=DEFAULT_STRENGTH, description=STRENGTH)

    @property
    def file_url(self) -> str | None:
        """Where the video is."""
        return self.video_url

    def wanted(self) -> WantedFrames:
        """The frames of its first seconds, in the video's own shape."""
        return WantedFrames(
            is_video=True,
            area=VIDEO_AREA,
            multiple=VIDEO_SIDE_MULTIPLE,
            seconds=self.first_n_seconds,
            fps=self.fps,
        )

    def _shape(self, file: TakenFile | None) -> dict[str, Any]:
        if file is None:
            raise ValueError("a clip of this endpoint starts from a file")
        return {
            "num_frames": file.frames,
            "video_size": ImageSize(width=file.width, height=file.height),
            "input_file": InputFile(
                kind=InputKind.VIDEO,
                name=file.name,
                strength=self.strength,
                seconds=self.first_n_seconds,
            ),
        }


_TURBO: Final = FROM_FILE[Endpoint.TURBO]


class TurboVideoInput(VideoInput):
    """Input of ``fal-ai/fast-animatediff/turbo/video-to-video``."""

    model_config = ConfigDict(title="AnimateDiffV2VTurboInput")

    num_inference_steps: NumInferenceSteps = Field(
        default=_TURBO.num_inference_steps,
        description="The number of inference steps to perform. 4-12 is recommended for turbo mode.",
    )
    guidance_scale: GuidanceScale = Field(default=_TURBO.guidance_scale, description=GUIDANCE_SCALE)


VIDEO_INPUTS: Final[Mapping[Endpoint, type[VideoInput]]] = {
    Endpoint.STANDARD: VideoInput,
    Endpoint.TURBO: TurboVideoInput,
}


def parse_input(endpoint: Endpoint, values: Mapping[str, Any], *, of_videos: bool) -> CommonInput:
    """An endpoint's raw input. Raises pydantic's ValidationError, which names each wrong field."""
    model = VIDEO_INPUTS[endpoint] if of_videos else INPUTS[endpoint]
    return model.model_validate(values)
