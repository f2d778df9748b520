"""Where on a stage each subject has its place."""

from typing import Final

from worker.engines.preview.figures.catalogue import SUBJECTS, Element
from worker.engines.preview.nature.sun import sun_place
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.stage import Stage
from worker.engines.preview.words.concepts import Thing

BACKDROPS: Final = frozenset({Thing.SOFA, Thing.HOUSE, Thing.CASTLE, Thing.LIGHTHOUSE, Thing.TREE})
"""Subjects that stand behind the others."""
_COMPANY: Final = (0.12, -0.28, 0.36)
"""How far from the middle the first, second and third subject are, in stage units, away from the
sun."""
_SEAT: Final = 0.31
"""The height of a sofa's seat in its own units."""


class Spots:
    """Places in the frame, as fractions of its width and height."""

    def __init__(self, stage: Stage, scenery: Scenery) -> None:
        self._things = [thing for thing, _ in stage.reading.things]
        self._alone = len(self._things) == 1
        self._scenery = scenery
        self.across = stage.unit / stage.width
        """A stage unit as a part of the frame's width."""
        self.down = stage.unit / stage.height
        """A stage unit as a part of the frame's height."""
        self._side = 1.0 if sun_place(stage, scenery.horizon)[0] < 0.5 else -1.0

    def of(self, thing: Thing, rank: int) -> tuple[float, float]:
        """The place of a subject; rank 0 is the main one."""
        room = max(0.0, 0.43 - (0.9 if self._alone else 0.55) * SUBJECTS[thing].size * self.across)
        return 0.5 + min(room, max(-room, self._across(thing, rank) - 0.5)), self._down(thing, rank)

    def is_on_sofa(self, thing: Thing) -> bool:
        """Whether a subject sits on a sofa, which it does when there is one and it could."""
        return (
            Thing.SOFA in self._things
            and SUBJECTS[thing].element is Element.GROUND
            and thing not in BACKDROPS
        )

    def _across(self, thing: Thing, rank: int) -> float:
        if thing is Thing.SOFA:
            return 0.5
        if self._alone:
            return 0.5 + self._side * self.across * 0.05
        if thing in BACKDROPS:
            return 0.5 - self._side * self.across * 0.22
        return 0.5 + self._side * self.across * (0.1 if self.is_on_sofa(thing) else _COMPANY[rank])

    def _down(self, thing: Thing, rank: int) -> float:
        subject, scenery = SUBJECTS[thing], self._scenery
        lower = (
            0.45 * subject.size * self.down
            if subject.element in {Element.GROUND, Element.WATER}
            else 0.0
        )
        if scenery.weightless:
            return scenery.air + 0.06 * rank + lower
        match subject.element:
            case Element.AIR:
                return scenery.air - (0.0 if self._alone else 0.08)
            case Element.DEEP:
                return (
                    scenery.ground + 0.04 if scenery.wave is not None else scenery.air + 0.06 * rank
                )
            case _:
                return scenery.ground - self._raised(thing)

    def _raised(self, thing: Thing) -> float:
        """How much higher than the ground a subject stands."""
        if self.is_on_sofa(thing):
            return _SEAT * SUBJECTS[Thing.SOFA].size * self.down
        behind = thing in BACKDROPS and thing is not Thing.SOFA and not self._alone
        return 0.03 * self.down if behind else 0.0
