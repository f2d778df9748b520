"""What a figure is made of: filled shapes in a fixed order, and the pose that its drawing function
is given."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from worker.engines.preview.figures.curves import Points, moved


@dataclass(frozen=True, slots=True)
class Shape:
    """One filled outline. Colours are hex names; ``bottom`` is the colour at its lower end."""

    outline: Points
    top: str
    bottom: str
    glow: float = 0.0
    """How brightly it shines by itself; 0 only takes the scene's light."""
    opacity: float = 1.0
    soft: float = 0.0
    """How far its edge is blurred, in the figure's units."""
    inside: bool = False
    """Whether only what is drawn on the shapes before it is seen."""
    adds: bool = False
    """Whether it only adds its light and covers nothing."""


def fill(outline: Points, top: str, bottom: str | None = None) -> Shape:
    """A plain shape, in one colour or shaded from top to bottom."""
    return Shape(outline, top, top if bottom is None else bottom)


def shade(outline: Points, colour: str, opacity: float = 0.35, soft: float = 0.06) -> Shape:
    """A soft patch of colour on what is already drawn."""
    return Shape(outline, colour, colour, opacity=opacity, soft=soft, inside=True)


def mark(outline: Points, colour: str, bottom: str | None = None) -> Shape:
    """A crisp patch on what is already drawn: a stripe, a belly."""
    return Shape(outline, colour, colour if bottom is None else bottom, inside=True)


def light(
    outline: Points, colour: str, *, glow: float = 1.0, soft: float = 0.0, opacity: float = 1.0
) -> Shape:
    """Something that shines: a window, a flame."""
    return Shape(outline, colour, colour, glow=glow, soft=soft, opacity=opacity)


def halo(outline: Points, colour: str, *, soft: float, strength: float = 0.4) -> Shape:
    """Light around something that shines."""
    return Shape(outline, colour, colour, glow=0.4, soft=soft, opacity=strength, adds=True)


@dataclass(frozen=True, slots=True)
class Pose:
    """A moment of a figure."""

    seconds: float
    phase: float
    """0…1, so that several of a kind do not move as one."""
    tint: str | None
    """The colour that the prompt gives the subject."""
    dark: bool
    """Whether lamps and windows are lit."""
    variant: int
    """A number to choose between looks."""

    def colour(self, usual: str) -> str:
        """The subject's main colour: what the prompt says, or the usual one."""
        return self.tint or usual

    def choice(self, *options: str) -> str:
        """One of several usual colours, unless the prompt names one."""
        return self.tint or options[self.variant % len(options)]


Drawing = Callable[[Pose], list[Shape]]
"""A subject's shapes, back to front. Standing and floating figures have their foot or waterline at
y = 0 and reach up to about y = -1; flying and swimming ones are about 1 long around (0, 0). All
face right."""


def shifted(shapes: list[Shape], x: float, y: float, *, by: float = 1.0) -> list[Shape]:
    """The same shapes, scaled about the origin and then moved."""
    return [replace(shape, outline=moved(shape.outline, x, y, by=by)) for shape in shapes]


def dimmed(shapes: list[Shape], opacity: float) -> list[Shape]:
    """The same shapes, see-through."""
    return [replace(shape, opacity=shape.opacity * opacity) for shape in shapes]
