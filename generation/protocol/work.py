"""How much work a request is: for prices, fair order and estimates of time."""

from decimal import Decimal
from typing import Final

from generation.protocol.extensions.windows import windows_for
from generation.protocol.inputs.steps import steps_taken
from generation.protocol.request import DEFAULTS, Endpoint, GenerationRequest

DEFAULT_FRAMES: Final = 16
DEFAULT_PIXELS: Final = 512 * 512
DECODING_FORWARDS: Final = 2.26
"""Decoding a frame takes about as long as this many forwards of it (AnimateDiff at 512 × 512,
counted in FLOPs)."""


def denoising_work(request: GenerationRequest) -> int:
    """Steps × frames × pixels; frames that several windows share count for each. All steps that are
    asked for: what a backend charges for a clip that starts from a file, and takes fewer, is not
    known."""
    width, height = request.pixels
    return request.num_inference_steps * _frames_a_step(request) * width * height


def default_work(endpoint: Endpoint) -> int:
    """The :func:`denoising_work` of an endpoint's default clip."""
    return DEFAULTS[endpoint].num_inference_steps * DEFAULT_FRAMES * DEFAULT_PIXELS


def relative_work(request: GenerationRequest) -> Decimal:
    """The work against the default clip of the request's own endpoint, exact enough for money."""
    return Decimal(denoising_work(request)) / default_work(request.endpoint)


def absolute_work(request: GenerationRequest) -> float:
    """The work on one scale for both endpoints: 1 is the default clip of the standard endpoint."""
    return denoising_work(request) / default_work(Endpoint.STANDARD)


def rank_of(request: GenerationRequest) -> int:
    """Decides between requests whose lanes are even: a turbo clip, which is short, goes first."""
    return 0 if request.endpoint is Endpoint.TURBO else 1


def forwards(request: GenerationRequest) -> float:
    """The work of rendering, in forwards of one frame at the request's size, decoding included.

    Guidance doubles each step's forwards.
    """
    # guidance runs the model with the prompt and with the negative prompt
    rows = 2 if request.guidance_scale > 1 else 1
    denoising = rows * steps_taken(request) * _frames_a_step(request)
    return denoising + DECODING_FORWARDS * request.frames


def _frames_a_step(request: GenerationRequest) -> int:
    """The frames of all windows of a clip."""
    windows = windows_for(request)
    return len(windows.starts) * windows.length
