"""One frame of the clip in the pictures, drawn by the preview engine."""

import base64
import io
from functools import cache

from PIL import Image

from generation.protocol.request import GenerationRequest
from worker.engines.preview.engine import PreviewRender

SHOWN = (352, 198)


@cache
def frame_of(request: GenerationRequest) -> str:
    """The middle frame as a data URL, at the size in which it is shown."""
    render = PreviewRender(request)
    while not render.is_finished:
        render.advance()
    frames = render.frames()
    picture = Image.fromarray(frames[len(frames) // 2]).resize(SHOWN, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
