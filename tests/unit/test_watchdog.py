"""When the watchdog's alarm is set, for how long, and when it is silenced."""

from dataclasses import dataclass, field

import pytest

from doubles.engine import SteppedEngine, SteppedRender
from generation.request import GenerationRequest
from worker.engine_thread import EngineThread
from worker.keeper import Restarts
from worker.watchdog import SLOWER_THAN_USUAL, Patience, Watchdog

DEFAULT = Patience(step=60, loading=600)


@dataclass
class HeardAlarm:
    """Writes down what it is told."""

    told: list[float | str] = field(default_factory=list)

    def ring_in(self, seconds: float) -> None:
        self.told.append(seconds)

    def silence(self) -> None:
        self.told.append("silence")


class SlowEngine(SteppedEngine):
    """Takes a second for each frame of a step."""

    def step_seconds(self, request: GenerationRequest) -> float | None:
        return float(request.num_frames)


@dataclass
class Hands:
    """A clock for the test to turn."""

    at: float = 100.0

    def __call__(self) -> float:
        return self.at


def a_render(frames: int = 1) -> SteppedRender:
    return SteppedRender(GenerationRequest(prompt="a", seed=1, num_frames=frames))


def watched(patience: Patience = DEFAULT) -> tuple[Watchdog, HeardAlarm, Hands]:
    alarm, hands = HeardAlarm(), Hands()
    return Watchdog(alarm, patience, hands), alarm, hands


def test_loading_may_take_longer_than_a_step() -> None:
    watchdog, alarm, _ = watched()
    watchdog.engine_loads()
    watchdog.engine_works(SteppedEngine(), [a_render()])
    assert alarm.told == [600, 60]


def test_an_alarm_that_is_due_at_nearly_the_right_time_is_left_alone() -> None:
    watchdog, alarm, hands = watched()
    for hands.at in (0, 1, 5, 6.5, 7, 30):
        watchdog.engine_works(SteppedEngine(), [a_render()])
    assert alarm.told == [60, 60, 60]


def test_a_healthy_slow_step_is_allowed_for() -> None:
    watchdog, alarm, _ = watched()
    watchdog.engine_works(SlowEngine(), [a_render(2), a_render(32), a_render(1)])
    assert alarm.told == [32 * SLOWER_THAN_USUAL]


def test_who_rests_is_not_watched() -> None:
    watchdog, alarm, _ = watched()
    watchdog.engine_rests()
    watchdog.engine_works(SteppedEngine(), [])
    watchdog.engine_rests()
    watchdog.engine_rests()
    watchdog.engine_works(SteppedEngine(), [])
    assert alarm.told == [60, "silence", 60]


@pytest.mark.parametrize("engine", [SteppedEngine(), SlowEngine()])
def test_no_patience_at_all_means_for_ever(engine: SteppedEngine) -> None:
    watchdog, alarm, _ = watched(Patience(0, 0))
    watchdog.engine_loads()
    watchdog.engine_works(engine, [a_render()])
    assert alarm.told == []


def test_the_engines_thread_is_watched_while_it_loads_and_works_and_not_while_it_waits() -> None:
    watchdog, alarm, _ = watched()
    thread = EngineThread(SteppedEngine(), lambda _: None, watchdog=watchdog)
    thread.begin("r", a_render().request)
    thread.start()
    thread.stop()
    assert thread.join(10)
    assert alarm.told[0] == 600
    assert alarm.told[-1] == "silence"
    assert set(alarm.told) == {600, 60, "silence"}


def test_pauses_between_restarts_grow_to_a_bound() -> None:
    assert [Restarts().pause_after(deaths) for deaths in (1, 2, 3, 7, 8)] == [0.5, 1, 2, 30, 30]
