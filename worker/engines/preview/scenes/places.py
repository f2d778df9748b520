"""Which scene shows which place."""

from collections.abc import Callable, Mapping
from typing import Final

from worker.engines.preview.scenes.abstract import abstract
from worker.engines.preview.scenes.aerial import aerial
from worker.engines.preview.scenes.city import city
from worker.engines.preview.scenes.lake import lake
from worker.engines.preview.scenes.land import desert, forest, meadow, mountains
from worker.engines.preview.scenes.room import room
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.scenes.sea import sea
from worker.engines.preview.scenes.space import lunar, space
from worker.engines.preview.scenes.underwater import underwater
from worker.engines.preview.scenes.volcano import volcano
from worker.engines.preview.stage import Stage
from worker.engines.preview.words.concepts import Place

_SCENES: Final[Mapping[Place, Callable[[Stage], Scenery]]] = {
    Place.SEA: sea,
    Place.LAKE: lake,
    Place.UNDERWATER: underwater,
    Place.FOREST: forest,
    Place.MEADOW: meadow,
    Place.MOUNTAINS: mountains,
    Place.DESERT: desert,
    Place.CITY: city,
    Place.SPACE: space,
    Place.LUNAR: lunar,
    Place.VOLCANO: volcano,
    Place.ROOM: room,
    Place.SKY: aerial,
    Place.ABSTRACT: abstract,
}


def scenery_of(stage: Stage) -> Scenery:
    """The scenery of the place that the prompt is set in."""
    return _SCENES[stage.reading.place](stage)
