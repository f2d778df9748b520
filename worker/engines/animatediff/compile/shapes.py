"""The shapes that are compiled, of forwards and of decodings, and how they are written in files."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter

from worker.engines.animatediff.options import ForwardShape


@dataclass(frozen=True, slots=True)
class DecodeShape:
    """The shape of one decoding: of so many frames at once, of a clip of that size in pixels.

    dtype: of the decoder, by torch's name: it changes when half precision has overflowed.
    """

    frames: int
    width: int
    height: int
    dtype: str


CompileShape = ForwardShape | DecodeShape
SHAPE: Final[TypeAdapter[Any]] = TypeAdapter(CompileShape)
"""Reads and writes a shape as JSON; the fields tell which kind it is."""


def dtype_name(dtype: Any) -> str:
    """Torch's name of a dtype, such as float16."""
    return str(dtype).removeprefix("torch.")
