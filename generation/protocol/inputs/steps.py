"""What a clip's input file means for its endpoint and its steps."""

from typing import Final

from generation.protocol.request import DEFAULTS, Endpoint, EndpointDefaults, GenerationRequest

FROM_FILE: Final = {
    Endpoint.STANDARD: DEFAULTS[Endpoint.STANDARD],
    Endpoint.TURBO: EndpointDefaults(num_inference_steps=8, guidance_scale=1),
}
"""The defaults of clips that start from a file, which take only a part of their steps."""


def leaves_a_step(request: GenerationRequest) -> bool:
    """Whether the strength leaves at least one step to take."""
    return _steps(request) >= 1


def steps_taken(request: GenerationRequest) -> int:
    """How many steps are really taken: for a clip that starts from a file the last ones only."""
    return max(1, _steps(request))


def of_videos(endpoint: Endpoint) -> str:
    """The id of the same endpoint for clips that start from a video."""
    return endpoint.value.replace("text-to-video", "video-to-video")


def endpoint_id(request: GenerationRequest) -> str:
    """fal's id of the endpoint that makes this clip."""
    file = request.input_file
    is_from_video = file is not None and file.is_video
    return of_videos(request.endpoint) if is_from_video else request.endpoint.value


def _steps(request: GenerationRequest) -> int:
    asked, file = request.num_inference_steps, request.input_file
    return asked if file is None else min(int(asked * file.strength), asked)
