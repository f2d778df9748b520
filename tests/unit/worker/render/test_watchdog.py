"""When the watchdog's alarm is set, for how long, and when it is silenced."""

from dataclasses import dataclass, field

import pytest

from doubles.worker.engine import SteppedEngine, SteppedRender
from generation.protocol.request import GenerationRequest
from worker.engine import Compiling
from worker.process.supervisor import RestartPolicy
from worker.render.engine_thread import EngineThread
from worker.render.watchdog import FROM_CACHE_SECONDS, SLOWER_THAN_USUAL, Watchdog, WatchdogTimeouts

DEFAULT = WatchdogTimeouts(step=60, loading=600)


@dataclass
class RecordedAlarm:
    """Records its calls."""

    calls: list[float | str] = field(default_factory=list)

    def set(self, seconds: float) -> None:
        self.calls.append(seconds)

    def cancel(self) -> None:
        self.calls.append("cancel")


class SlowEngine(SteppedEngine):
    """Takes a second for each frame of a step."""

    def step_seconds(self, request: GenerationRequest) -> float | None:
        return float(request.num_frames)


@dataclass
class SettableClock:
    """A clock that the test sets."""

    at: float = 100.0

    def __call__(self) -> float:
        return self.at


def a_render(frames: int = 1) -> SteppedRender:
    return SteppedRender(GenerationRequest(prompt="a", seed=1, num_frames=frames))


def watched(timeouts: WatchdogTimeouts = DEFAULT) -> tuple[Watchdog, RecordedAlarm, SettableClock]:
    alarm, clock = RecordedAlarm(), SettableClock()
    return Watchdog(alarm, timeouts, clock), alarm, clock


def test_loading_may_take_longer_than_a_step() -> None:
    watchdog, alarm, _ = watched()
    watchdog.engine_loads()
    watchdog.engine_works(SteppedEngine(), [a_render()])
    assert alarm.calls == [600, 60]


class CompilingEngine(SteppedEngine):
    """Compiles two shapes, the long part of it elsewhere or not."""

    def __init__(self, *, is_beside: bool) -> None:
        super().__init__()
        self.compiling = Compiling(2, is_beside=is_beside)


def test_compiling_may_take_as_long_as_loading_unless_a_process_beside_has_done_it() -> None:
    watchdog, alarm, _ = watched()
    for engine in (SteppedEngine(), CompilingEngine(is_beside=False), CompilingEngine(is_beside=True)):
        watchdog.engine_rests()
        watchdog.engine_idles(engine)
    assert [call for call in alarm.calls if call != "cancel"] == [600, 600, FROM_CACHE_SECONDS]


def test_an_alarm_that_is_due_at_nearly_the_right_time_is_left_alone() -> None:
    watchdog, alarm, clock = watched()
    for clock.at in (0, 1, 5, 6.5, 7, 30):
        watchdog.engine_works(SteppedEngine(), [a_render()])
    assert alarm.calls == [60, 60, 60]


def test_a_healthy_slow_step_is_allowed_for() -> None:
    watchdog, alarm, _ = watched()
    watchdog.engine_works(SlowEngine(), [a_render(2), a_render(32), a_render(1)])
    assert alarm.calls == [32 * SLOWER_THAN_USUAL]


def test_a_resting_engine_is_not_watched() -> None:
    watchdog, alarm, _ = watched()
    watchdog.engine_rests()
    watchdog.engine_works(SteppedEngine(), [])
    watchdog.engine_rests()
    watchdog.engine_rests()
    watchdog.engine_works(SteppedEngine(), [])
    assert alarm.calls == [60, "cancel", 60]


@pytest.mark.parametrize("engine", [SteppedEngine(), SlowEngine()])
def test_a_timeout_of_0_is_no_limit(engine: SteppedEngine) -> None:
    watchdog, alarm, _ = watched(WatchdogTimeouts(0, 0))
    watchdog.engine_loads()
    watchdog.engine_works(engine, [a_render()])
    assert alarm.calls == []


def test_the_engines_thread_is_watched_while_it_loads_and_works_and_not_while_it_waits() -> None:
    watchdog, alarm, _ = watched()
    thread = EngineThread(SteppedEngine(), lambda _: None, watchdog=watchdog)
    thread.begin("r", a_render().request)
    thread.start()
    thread.stop()
    assert thread.join(10)
    assert alarm.calls[0] == 600
    assert alarm.calls[-1] == "cancel"
    assert set(alarm.calls) == {600, 60, "cancel"}


def test_pauses_between_restarts_grow_to_a_bound() -> None:
    assert [RestartPolicy().backoff.before(deaths) for deaths in (1, 2, 3, 7, 8)] == [0.5, 1, 2, 30, 30]
