"""One frame of a clip as a JPEG, for link pages."""

import io
from fractions import Fraction
from typing import Final

from av.video.reformatter import Interpolation
from PIL import Image

from generation.mp4.reading import first_frame, opened

_SIDE: Final = 640  # pixels at most
_QUALITY: Final = 85


def poster(data: bytes) -> bytes:
    """The first frame that decodes, as a JPEG of at most 640 pixels a side. Raises
    CorruptVideo."""
    with opened(data) as source:
        frame = first_frame(source.stream, source.packets())
        # only ever smaller: enlarging adds bytes and no detail
        scale = min(Fraction(1), Fraction(_SIDE, max(frame.width, frame.height)))
        small = frame.reformat(
            width=max(1, round(frame.width * scale)),
            height=max(1, round(frame.height * scale)),
            format="rgb24",
            interpolation=Interpolation.AREA if scale < 1 else Interpolation.BICUBIC,
            threads=1,
        )
        picture = Image.fromarray(small.to_ndarray())
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=_QUALITY, optimize=True)
    return jpeg.getvalue()
