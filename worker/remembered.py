"""Finished requests that are still answered from memory: as many as fit, those that nobody asks for leave first."""

from collections import OrderedDict
from typing import Final

from worker.records import Failure, Request
from worker.waiting import LiveRequest

REMEMBERED_BYTES: Final = 64 * 2**20
"""What finished requests may weigh together; without log lines these are some forty thousand."""
REQUEST_BYTES: Final = 1500
LINE_BYTES: Final = 1500
"""What a request and each of its log lines take in memory beside their texts, measured and rounded up."""


class Remembered:
    """Finished requests by id; together they weigh at most ``max_bytes``."""

    def __init__(self, max_bytes: int = REMEMBERED_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._by_id: OrderedDict[str, LiveRequest] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, request_id: str) -> LiveRequest | None:
        """A request that is remembered; whoever is asked for stays longer."""
        live = self._by_id.get(request_id)
        if live is not None:
            self._by_id.move_to_end(request_id)
        return live

    def add(self, live: LiveRequest) -> None:
        """Remember a finished request, whose logs grow no more."""
        self.forget(live.request.id)
        self._by_id[live.request.id] = live
        self._bytes += weight_of(live)
        while self._bytes > self._max_bytes:
            self.forget(next(iter(self._by_id)))

    def forget(self, request_id: str) -> None:
        """Drop a request, if it is remembered."""
        live = self._by_id.pop(request_id, None)
        if live is not None:
            self._bytes -= weight_of(live)


def weight_of(live: LiveRequest) -> int:
    """About how many bytes of memory a finished request takes."""
    lines = len(live.logs) + _complaints_of(live.request)
    return REQUEST_BYTES + _text_of(live.request) + LINE_BYTES * lines


def _complaints_of(request: Request) -> int:
    """How much was wrong with its input; each of these takes as much as a log line."""
    return len(request.ending.body.items) if isinstance(request.ending, Failure) else 0


def _text_of(request: Request) -> int:
    wish, webhook = request.input, request.wishes.webhook
    return len(webhook or "") + (0 if wish is None else len(wish.prompt) + len(wish.negative_prompt))
