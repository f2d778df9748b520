"""The engine's thread: what it is told and what it tells."""

from queue import SimpleQueue

import pytest

from doubles.engine import SteppedEngine
from generation.request import GenerationRequest
from worker.engine import EngineUnavailable
from worker.engine_thread import Broken, Dropped, EngineEvent, EngineThread, Failed, Loaded, Rendered, Stepped


class QuietEngine(SteppedEngine):
    """Has two things to do in quiet moments."""

    quiet_work = 2

    def idle(self) -> bool:
        self.quiet_work -= 1
        return self.quiet_work > 0


def wish(prompt: str = "a", steps: int = 2) -> GenerationRequest:
    return GenerationRequest(prompt=prompt, seed=7, num_frames=1, num_inference_steps=steps)


class Heard:
    """What the thread tells, in order."""

    def __init__(self) -> None:
        self._events: SimpleQueue[EngineEvent] = SimpleQueue()
        self.put = self._events.put

    def next(self) -> EngineEvent:
        return self._events.get(timeout=10)


def test_a_render_is_told_step_by_step() -> None:
    heard, engine = Heard(), SteppedEngine()
    thread = EngineThread(engine, heard.put)
    thread.start()
    thread.begin("r", wish())
    assert heard.next() == Loaded()
    steps = [heard.next(), heard.next()]
    assert [(s.request_id, s.done, s.total) for s in steps if isinstance(s, Stepped)] == [("r", 1, 2), ("r", 2, 2)]
    done = heard.next()
    assert isinstance(done, Rendered)
    assert done.frames.shape == (1, 32, 32, 3)
    thread.stop()
    assert thread.join(10)
    assert engine.closed


def test_what_is_dropped_is_not_finished_and_what_has_ended_cannot_be_dropped() -> None:
    heard, engine = Heard(), SteppedEngine(gated=True)
    thread = EngineThread(engine, heard.put)
    thread.start()
    thread.begin("r", wish(steps=50))
    assert heard.next() == Loaded()
    engine.allow(1)
    assert isinstance(heard.next(), Stepped)
    thread.drop("r")
    thread.drop("r")
    engine.allow(1)
    told = heard.next()
    while isinstance(told, Stepped):
        engine.allow(1)
        told = heard.next()
    assert told == Dropped("r")
    thread.begin("next", wish("b", 1))
    engine.run_free()
    assert isinstance(heard.next(), Stepped)
    thread.stop()
    assert thread.join(10)


def test_a_render_that_cannot_begin_fails_alone() -> None:
    heard = Heard()
    thread = EngineThread(SteppedEngine(refusals={"bad": "No."}), heard.put)
    thread.start()
    thread.begin("bad", wish("bad"))
    thread.begin("good", wish("good", 1))
    assert heard.next() == Loaded()
    failed = heard.next()
    assert isinstance(failed, Failed)
    assert (failed.request_id, str(failed.error)) == ("bad", "No.")
    assert isinstance(heard.next(), Stepped)
    thread.stop()
    assert thread.join(10)


@pytest.mark.parametrize("sentence", ["The models are missing."])
def test_an_engine_that_cannot_load_is_told_and_the_thread_ends(sentence: str) -> None:
    heard = Heard()
    thread = EngineThread(SteppedEngine(unavailable=sentence), heard.put)
    thread.start()
    broken = heard.next()
    assert isinstance(broken, Broken)
    assert (type(broken.error), str(broken.error)) == (EngineUnavailable, sentence)
    assert thread.join(10)


def test_quiet_moments_are_used_until_nothing_is_left_to_do() -> None:
    heard, engine = Heard(), QuietEngine()
    thread = EngineThread(engine, heard.put, quiet_seconds=0.0)
    thread.start()
    assert heard.next() == Loaded()
    thread.begin("r", wish(steps=1))
    assert isinstance(heard.next(), Stepped)
    thread.stop()
    assert thread.join(10)
    assert engine.quiet_work <= 2
