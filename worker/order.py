"""Whose request is rendered next: every key gets its turn, patient requests before hurried keys, then by age."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from worker.records import Request

PATIENCE: Final = timedelta(minutes=10)
"""How long a request of low priority lets others pass."""


def in_order(waiting: Iterable[Request], active: Iterable[Request], now: datetime) -> list[Request]:
    """The waiting requests (given oldest first) in the order in which they will be rendered.

    A key's first request goes before any key's second one; what a key already has under way counts as its first.
    """
    turns = Counter(request.owner for request in active)
    ranked: list[tuple[bool, int, int, Request]] = []
    for age, request in enumerate(waiting):
        low = request.wishes.low_priority and now - request.created_at < PATIENCE
        lane = f"{request.owner} low" if low else request.owner
        ranked.append((low, turns[lane], age, request))
        turns[lane] += 1
    ranked.sort(key=lambda entry: entry[:3])
    return [request for *_, request in ranked]


def may_join(candidate: Request, active: Iterable[Request]) -> bool:
    """True when the candidate may be rendered beside those under way.

    What was under way when the worker died runs alone: if it takes the worker down again, it takes nobody with it.
    """
    under_way = list(active)
    return not under_way or (candidate.attempts == 0 and all(request.attempts <= 1 for request in under_way))
