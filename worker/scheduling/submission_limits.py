"""Who may still submit: bounds of the queue and of each key, which hold for crowds too."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from worker.records import Request


class QueueFull(Exception):
    """More requests are waiting than the worker allows, or than the caller accepts; ``allowed``
    says how many."""

    def __init__(self, allowed: int) -> None:
        super().__init__(allowed)
        self.allowed = allowed


class KeyLimitReached(Exception):
    """The key has as many open requests as it may; ``allowed`` says how many."""

    def __init__(self, allowed: int) -> None:
        super().__init__(allowed)
        self.allowed = allowed


class SubmissionLimits:
    """Places for new requests. Those that are being stored have one already: the write takes time,
    and others submit meanwhile."""

    def __init__(self, max_queue: int) -> None:
        self._max_queue = max_queue
        self._being_stored: dict[str, str] = {}

    @contextmanager
    def place_for(
        self,
        request: Request,
        *,
        waiting: int,
        open_owners: Iterable[str],
        max_ahead: int | None,
        max_open: int | None,
    ) -> Iterator[None]:
        """A place while the request is being stored. Raises QueueFull or KeyLimitReached.

        ``waiting`` is the length of the queue, ``open_owners`` the owner of each open request.
        ``max_ahead`` bounds the queue in front of it, ``max_open`` the open requests of its owner.
        """
        self._check_queue(waiting, max_ahead)
        if max_open is not None:
            self._check_owner(request.owner, open_owners, max_open)
        self._being_stored[request.id] = request.owner
        try:
            yield
        finally:
            del self._being_stored[request.id]

    def _check_queue(self, waiting: int, max_ahead: int | None) -> None:
        limit = self._max_queue - 1
        allowed = limit if max_ahead is None else min(max_ahead, limit)
        if waiting + len(self._being_stored) > allowed:
            raise QueueFull(allowed)

    def _check_owner(self, owner: str, open_owners: Iterable[str], max_open: int) -> None:
        count = sum(other == owner for other in (*open_owners, *self._being_stored.values()))
        if count >= max_open:
            raise KeyLimitReached(max_open)
