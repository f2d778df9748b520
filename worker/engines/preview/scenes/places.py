"""Which scene shows which place."""

from collections.abc import Callable, Mapping
from typing import Final

from worker.engines.preview.concepts import Place
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.scenes.sea import sea
from worker.engines.preview.stage import Stage

_SCENES: Final[Mapping[Place, Callable[[Stage], Scenery]]] = {
    Place.SEA: sea,
}


def scenery_of(stage: Stage) -> Scenery:
    """The scenery of the place that the prompt is set in."""
    return _SCENES.get(stage.reading.place, sea)(stage)
