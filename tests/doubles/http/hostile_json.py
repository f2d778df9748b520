"""Hostile JSON of a mebibyte, and what reading it costs in lines of Python: a measure without a clock."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

MIB = 2**20


def filled(before: str, item: str, after: str) -> str:
    """A text of a mebibyte that repeats the item."""
    return before + ",".join([item] * ((MIB - len(before) - len(after)) // (len(item) + 1))) + after


@contextmanager
def counting_steps() -> Iterator[Callable[[], int]]:
    """Within, lines of Python are counted; afterwards the function says how many have run."""
    count = 0

    def step(_frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        yield lambda: count
    finally:
        sys.settrace(before)


def steps(act: Callable[[], Any]) -> int:
    """How many lines of Python that takes."""
    with counting_steps() as taken:
        act()
    return taken()


HOSTILE = [
    filled('{"prompt":"x","motions":[', "1", "]}"),
    filled('{"prompt":"x","motions":[', "[]", "]}"),
    filled('{"prompt":"x","motions":[', "{}", "]}"),
    filled('{"prompt":[', "1", "]}"),
    filled('{"prompt":"x","video_size":[', '"square"', "]}"),
    filled('{"prompt":"x","other":[', "null", "]}"),
    filled("{", '"k":1', "}"),
    "[" * MIB,
    '{"prompt":"' + "x" * (MIB - 20) + '"}',
]
"""Bodies of a submission."""
