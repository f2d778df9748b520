"""The frames of the clip in the pictures, drawn by the preview engine."""

import base64
import io
from functools import cache

from PIL import Image

from generation.protocol.request import GenerationRequest
from worker.engines.preview.engine import PreviewRender

SHOWN = (352, 198)


@cache
def frames_of(request: GenerationRequest) -> tuple[str, ...]:
    """Every frame as a data URL, at the size in which it is shown."""
    render = PreviewRender(request)
    while not render.is_finished:
        render.advance()
    return tuple(_data_url(Image.fromarray(frame)) for frame in render.frames())


def frame_of(request: GenerationRequest) -> str:
    """The middle one."""
    frames = frames_of(request)
    return frames[len(frames) // 2]


def _data_url(frame: Image.Image) -> str:
    file = io.BytesIO()
    frame.resize(SHOWN, Image.Resampling.LANCZOS).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
