"""Clips for tests: our own, those of other encoders, and functions that take them apart or damage them."""

import io

import av
import numpy as np

from generation.mp4 import encode
from generation.mp4.boxes import boxes, descend

COLOURS = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "grey": (128, 128, 128),
    "skin": (224, 172, 105),
}


def moving_frames(count=4, height=64, width=64, noise=8.0):
    """Waves that move, with grain, so that there is something to code in every frame."""
    luck = np.random.default_rng(7)
    y, x = np.mgrid[:height, :width]
    waves = [
        np.stack([np.sin((x + 4 * t) / 31 + y / 50), np.sin((y - 3 * t) / 43), np.sin((x + y + 5 * t) / 60)], -1)
        for t in range(count)
    ]
    grainy = 127 + 120 * np.array(waves) + luck.normal(0, noise, (count, height, width, 3))
    return np.clip(grainy, 0, 255).astype(np.uint8)


def decoded_by_bt709(data):
    """All frames as RGB, by the matrix of BT.709 in limited range, written out here apart from FFmpeg's converter."""
    with av.open(io.BytesIO(data)) as container:
        planes = [frame.to_ndarray(format="yuv420p").astype(float) for frame in container.decode(video=0)]
        height, width = container.streams.video[0].height, container.streams.video[0].width
    return np.array([_rgb(plane, height, width) for plane in planes])


def _rgb(plane, height, width):
    luma = (plane[:height] - 16) / 219
    blue, red = (
        (half.reshape(height // 2, width // 2).repeat(2, 0).repeat(2, 1) - 128) / 224
        for half in np.split(plane[height:], 2)
    )
    rgb = np.stack([luma + 1.5748 * red, luma - 0.1873 * blue - 0.4681 * red, luma + 1.8556 * blue], -1)
    return np.clip(rgb, 0, 1) * 255


def clip(count=4, height=64, width=64, fps=8, **kwargs):
    return encode(moving_frames(count, height, width), fps, **kwargs)


def remuxed(data, **options):
    """The same coded frames in another container layout."""
    out = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(out, "w", format="mp4", options=options) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    return out.getvalue()


def coded_otherwise(codec="libx264", container="mp4", *, pixel_format="yuv420p", count=3, size=(64, 64), **coding):
    """A clip as another encoder writes it."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as target:
        stream = target.add_stream(codec, rate=8)
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        for name, value in coding.items():
            setattr(stream.codec_context, name, value)
        for frame in moving_frames(count, size[1], size[0]):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format=pixel_format)))
        target.mux(stream.encode(None))
    return out.getvalue()


def with_wide_box(data, kind):
    """The same file with the 64-bit form of one outer box's header; offsets of mdat's content move by 8 bytes."""
    parts = []
    for box in boxes(data):
        content = data[box.payload : box.end]
        if box.kind == kind:
            parts.append(b"\0\0\0\1" + kind + (len(content) + 16).to_bytes(8, "big") + content)
        else:
            parts.append(data[box.start : box.end])
    return b"".join(parts)


def table(data, kind):
    """A table of the sample index."""
    moov = next(box for box in boxes(data) if box.kind == b"moov")
    return next(descend(data, moov, b"trak", b"mdia", b"minf", b"stbl", kind))


def with_table(data, kind, replacement):
    """A file whose index comes last, with one table replaced by another box; the boxes around it grow or shrink."""
    old, moov = table(data, kind), next(box for box in boxes(data) if box.kind == b"moov")
    path = (b"trak", b"mdia", b"minf", b"stbl")
    around = [moov] + [next(descend(data, moov, *path[:depth])) for depth in (1, 2, 3, 4)]
    changed = bytearray(data)
    for box in around:
        size = box.end - box.start + len(replacement) - (old.end - old.start)
        changed[box.start : box.start + 4] = size.to_bytes(4, "big")
    return bytes(changed[: old.start] + replacement + changed[old.end :])


def patched(data, at, value):
    return data[:at] + value + data[at + len(value) :]


def index_last(data):
    return remuxed(data, fflags="+bitexact")


def frames_of(data):
    with av.open(io.BytesIO(data)) as container:
        return [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]


CLIP = clip()
FOREIGN = coded_otherwise(count=8)  # with B-frames, which ours have not
