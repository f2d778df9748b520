"""Where the light comes from."""

from typing import Final

from worker.engines.preview.stage import Stage
from worker.engines.preview.words.concepts import Light

_SUN_HEIGHTS: Final = {Light.SUNSET: (0.68, 0.86), Light.DAWN: (0.5, 0.78)}
"""How far down towards the horizon the sun stands, as a part of the sky's height."""


def sun_place(stage: Stage, horizon: float) -> tuple[float, float]:
    """Where the sun or moon stands, in fractions of the frame; also where the light comes from."""
    luck = stage.luck.of("sun")
    side = float(luck.choice([-1, 1]))
    across = 0.5 + side * float(luck.uniform(0.1, 0.3))
    low, high = _SUN_HEIGHTS.get(stage.mood.light, (0.24, 0.44))
    clear = 0.15 * stage.unit / stage.height
    return across, max(clear, horizon * float(luck.uniform(low, high)))
