"""Clips as MP4: written so that they play inline everywhere, read as hostile input, re-encoded to a
byte limit.

Everything here blocks for milliseconds to seconds of one core; FFmpeg releases the interpreter
lock. Callers on an event loop use ``asyncio.to_thread``.
"""

from generation.mp4.boxes import faststart, is_mp4
from generation.mp4.encode import Preset, encode
from generation.mp4.fit import Change, FittedVideo, fit
from generation.mp4.poster import poster
from generation.mp4.probe import BT709, ColourTags, Video, probe

__all__ = [
    "BT709",
    "Change",
    "ColourTags",
    "FittedVideo",
    "Preset",
    "Video",
    "encode",
    "faststart",
    "fit",
    "is_mp4",
    "poster",
    "probe",
]
