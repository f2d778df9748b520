"""What a place gives to its subjects: what is behind them, what is before them, and where they can
be."""

from dataclasses import dataclass, field

from worker.engines.preview.nature.water import Wave
from worker.engines.preview.stage import Layer


@dataclass(slots=True)
class Scenery:
    """A place without its subjects; heights are fractions of the frame."""

    back: list[Layer]
    front: list[Layer] = field(default_factory=list)
    ground: float = 0.82
    """Where feet stand."""
    air: float = 0.4
    """About where what flies is, and what swims under water."""
    horizon: float = 0.6
    wave: Wave | None = None
    """The wave that boats ride on, which is painted in front of them."""
    mirror: float = 0.0
    """How clearly the ground mirrors what stands on it."""
    still: bool = False
    """Whether the water is still, so that what floats is cut off at its waterline."""
    weightless: bool = False
    """Whether everything floats."""
    solid: bool = True
    """Whether there is ground that shadows fall on."""
    spread: float = 1.0
    """How large subjects are here."""
