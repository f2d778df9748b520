"""The engine's thread: its commands and its events."""

from queue import SimpleQueue

import pytest

from doubles.worker.engine import SteppedEngine
from generation.protocol.request import GenerationRequest
from worker.engine import EngineUnavailable
from worker.render.engine_thread import (
    EngineBroken,
    EngineEvent,
    EngineLoaded,
    EngineThread,
    RenderDropped,
    RenderFailed,
    RenderFinished,
    RenderStepped,
)


class EngineWithIdleWork(SteppedEngine):
    """Has two pieces of idle work."""

    idle_work = 2

    def idle(self) -> bool:
        self.idle_work -= 1
        return self.idle_work > 0


def generation(prompt: str = "a", steps: int = 2) -> GenerationRequest:
    return GenerationRequest(prompt=prompt, seed=7, num_frames=1, num_inference_steps=steps)


class Events:
    """The thread's events, in order."""

    def __init__(self) -> None:
        self._events: SimpleQueue[EngineEvent] = SimpleQueue()
        self.put = self._events.put

    def next(self) -> EngineEvent:
        return self._events.get(timeout=10)


def test_a_render_has_an_event_for_each_step() -> None:
    events, engine = Events(), SteppedEngine()
    thread = EngineThread(engine, events.put)
    thread.start()
    thread.begin("r", generation())
    assert events.next() == EngineLoaded()
    steps = [events.next(), events.next()]
    assert [(s.request_id, s.done, s.total) for s in steps if isinstance(s, RenderStepped)] == [
        ("r", 1, 2),
        ("r", 2, 2),
    ]
    done = events.next()
    assert isinstance(done, RenderFinished)
    assert done.frames.shape == (1, 32, 32, 3)
    thread.stop()
    assert thread.join(10)
    assert engine.closed


def test_what_is_dropped_is_not_finished_and_what_has_ended_cannot_be_dropped() -> None:
    events, engine = Events(), SteppedEngine(gated=True)
    thread = EngineThread(engine, events.put)
    thread.start()
    thread.begin("r", generation(steps=50))
    assert events.next() == EngineLoaded()
    engine.allow(1)
    assert isinstance(events.next(), RenderStepped)
    thread.drop("r")
    thread.drop("r")
    engine.allow(1)
    event = events.next()
    while isinstance(event, RenderStepped):
        engine.allow(1)
        event = events.next()
    assert event == RenderDropped("r")
    thread.begin("next", generation("b", 1))
    engine.run_free()
    assert isinstance(events.next(), RenderStepped)
    thread.stop()
    assert thread.join(10)


def test_a_render_that_cannot_begin_fails_alone() -> None:
    events = Events()
    thread = EngineThread(SteppedEngine(refusals={"bad": "No."}), events.put)
    thread.start()
    thread.begin("bad", generation("bad"))
    thread.begin("good", generation("good", 1))
    assert events.next() == EngineLoaded()
    failed = events.next()
    assert isinstance(failed, RenderFailed)
    assert (failed.request_id, str(failed.error)) == ("bad", "No.")
    assert isinstance(events.next(), RenderStepped)
    thread.stop()
    assert thread.join(10)


@pytest.mark.parametrize("sentence", ["The models are missing."])
def test_an_engine_that_cannot_load_is_an_event_and_the_thread_ends(sentence: str) -> None:
    events = Events()
    thread = EngineThread(SteppedEngine(unavailable=sentence), events.put)
    thread.start()
    broken = events.next()
    assert isinstance(broken, EngineBroken)
    assert (type(broken.error), str(broken.error)) == (EngineUnavailable, sentence)
    assert thread.join(10)


def test_idle_times_are_used_until_no_idle_work_is_left() -> None:
    events, engine = Events(), EngineWithIdleWork()
    thread = EngineThread(engine, events.put, idle_seconds=0.0)
    thread.start()
    assert events.next() == EngineLoaded()
    thread.begin("r", generation(steps=1))
    assert isinstance(events.next(), RenderStepped)
    thread.stop()
    assert thread.join(10)
    assert engine.idle_work <= 2
