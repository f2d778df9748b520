"""Fair order, the same at the bot and at the worker: who is served next, who is ahead of whom, and
when each is done."""

from generation.protocol.fairness.lanes import (
    NO_SHARE,
    Lanes,
    ShareNames,
    lanes_of_share,
)
from generation.protocol.fairness.queue import MAX_LANES, FairQueue
from generation.protocol.fairness.slots import seconds_until_done

__all__ = [
    "MAX_LANES",
    "NO_SHARE",
    "FairQueue",
    "Lanes",
    "ShareNames",
    "lanes_of_share",
    "seconds_until_done",
]
