"""A scripted queue and a clock that never waits."""

import pytest

from doubles.backends.scripted_queue import ScriptedQueue
from doubles.clock import AutoClock


@pytest.fixture
def queue() -> ScriptedQueue:
    return ScriptedQueue()


@pytest.fixture
def clock() -> AutoClock:
    return AutoClock()
