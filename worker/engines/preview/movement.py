"""How subjects move: riding waves, hovering, gliding, climbing, strolling."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from worker.engines.preview.nature.water import Wave


class Offset(NamedTuple):
    """Where a subject is from its place, in pixels, and how it leans, in radians."""

    x: float
    y: float
    lean: float = 0.0


Movement = Callable[[float, float], Offset]
"""From seconds and progress (0…1 over the clip) to an offset."""


def standing(_seconds: float, _progress: float) -> Offset:
    """Stay on the spot."""
    return Offset(0, 0)


def hovering(unit: float, phase: float, *, reach: float = 0.02, lean: float = 0.05) -> Movement:
    """Bob gently in the air or in space."""

    def move(seconds: float, _progress: float) -> Offset:
        turn = 6.28 * phase
        rise = math.sin(1.3 * seconds + turn)
        return Offset(
            reach * 0.5 * unit * math.sin(0.9 * seconds + turn),
            reach * unit * rise,
            lean * math.sin(1.1 * seconds + turn),
        )

    return move


def gliding(
    unit: float, phase: float, *, forward: float, reach: float = 0.03, lean: float = 0.08
) -> Movement:
    """Travel forwards over the clip (``forward`` stage units, negative to the left), rising and
    falling."""

    def move(seconds: float, progress: float) -> Offset:
        wave = 1.9 * seconds + 6.28 * phase
        x = forward * unit * (progress - 0.5)
        return Offset(
            x, reach * unit * math.sin(wave), lean * math.cos(wave) * math.copysign(1, forward)
        )

    return move


def climbing(unit: float, lean: float, *, path: float = 0.34) -> Movement:
    """Rise over the clip, ever faster, trembling a little."""

    def move(seconds: float, progress: float) -> Offset:
        up = path * (0.45 * progress + 0.55 * progress * progress - 0.4)
        tremble = 0.003 * math.sin(41 * seconds)
        return Offset((math.sin(lean) * up + tremble) * unit, -math.cos(lean) * up * unit, lean)

    return move


def riding(wave: Wave, x: float, unit: float, place: float) -> Movement:
    """Go up and down and tip with a wave; ``place`` is the y that the offset counts from."""

    def move(seconds: float, _progress: float) -> Offset:
        gap = 0.12 * unit
        left, middle, right = wave.crest(
            np.array([x - gap, x, x + gap], np.float32), seconds
        ).tolist()
        level = (left + middle + right) / 3
        return Offset(
            0.01 * unit * math.sin(1.7 * seconds),
            level - place,
            0.75 * math.atan2(right - left, 2 * gap),
        )

    return move


def leaping(unit: float, forward: float) -> Movement:
    """Jump out of the water once during the clip."""

    def move(_seconds: float, progress: float) -> Offset:
        return Offset(
            forward * unit * (progress - 0.5),
            -0.3 * unit * math.sin(math.pi * progress),
            (progress - 0.45) * 1.3 * math.copysign(1, forward),
        )

    return move
