"""When each of those that wait is done: their order played through on an engine's slots."""

import heapq
from collections.abc import Iterable, Sequence


def seconds_until_done(
    rests: Sequence[float | None], waiting: Iterable[float | None], slots: int
) -> list[float]:
    """Seconds until the end of each of ``waiting``, given as seconds of rendering, in their order.

    ``rests`` is what is left of those that render. The list ends before the first about which
    nothing is known: what comes behind it is not known either.
    """
    free = [rest for rest in rests if rest is not None]
    if len(free) < len(rests):
        return []
    free += [0.0] * (max(slots, 1) - len(rests))
    heapq.heapify(free)
    ends: list[float] = []
    for seconds in waiting:
        if seconds is None:
            break
        ends.append(free[0] + seconds)
        heapq.heapreplace(free, ends[-1])
    return ends
