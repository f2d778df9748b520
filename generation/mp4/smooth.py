"""More frames a second than were drawn: motion between two frames, by FFmpeg's minterpolate.

The frames that were drawn stay as they are; those between are moved along the motion that is found
(on a panning scene 12 dB nearer to the truth than each frame twice). Morphing is no motion:
there the frames between smear.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

import av
from av.filter import Graph
from av.video.frame import VideoFrame

TAIL: Final = 2
"""Frames that the filter wants after the last one, for it stops early."""
_OPTIONS: Final = "mi_mode=mci:mc_mode=aobmc:me_mode=bidir:me=epzs:vsbmc=1:scd=none"
"""Without the detection of cuts, which takes quick motion for one."""


def smoothed(frames: Iterable[VideoFrame], fps: int, smooth_fps: int) -> Iterator[VideoFrame]:
    """The frames, which are all of one size and yuv420p, at the higher rate; the last two of them
    only lead on, and are not shown.

    Blocks for some 0.2 s a frame of 512 × 512, and takes as much longer as the area is larger.
    """
    graph: Graph | None = None
    for number, frame in enumerate(frames):
        if graph is None:
            graph = _graph(frame, fps, smooth_fps)
        frame.pts, frame.time_base = number, Fraction(1, fps)
        graph.push(frame)
        yield from _ready(graph)
    if graph is not None:
        graph.push(None)
        yield from _ready(graph)


def smooth_count(shown: int, fps: int, smooth_fps: int) -> int:
    """How many frames a clip has at the higher rate, so that it plays as long as before."""
    return round(Fraction(shown * smooth_fps, fps))


def _graph(frame: VideoFrame, fps: int, smooth_fps: int) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, fps)
    )
    between = graph.add("minterpolate", f"fps={smooth_fps}:{_OPTIONS}")
    sink = graph.add("buffersink")
    source.link_to(between)
    between.link_to(sink)
    graph.configure()
    return graph


def _ready(graph: Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        if isinstance(frame, VideoFrame):
            yield frame
