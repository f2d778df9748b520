"""Finished requests that are still answered from memory: as many as fit; the least recently used
leave first."""

from typing import Final

from generation.protocol.cache import BoundedCache
from worker.records import Request, RequestFailure
from worker.scheduling.live_request import LiveRequest

CACHE_BYTES: Final = 64 * 2**20
"""How many bytes finished requests may take together: about forty thousand without log lines."""
REQUEST_BYTES: Final = 1500
LINE_BYTES: Final = 1500
"""What a request and each of its log lines take in memory besides their texts, measured and rounded
up."""


class FinishedRequests:
    """Finished requests by id; together they take at most ``max_bytes``."""

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self._cache: BoundedCache[str, LiveRequest] = BoundedCache(max_bytes, weigh=weight_of)

    def __len__(self) -> int:
        return len(self._cache)

    def get(self, request_id: str) -> LiveRequest | None:
        """A cached request; this makes it the most recently used."""
        return self._cache.get(request_id)

    def add(self, live: LiveRequest) -> None:
        """Cache a finished request, whose logs no longer grow."""
        self._cache.put(live.request.id, live)

    def forget(self, request_id: str) -> None:
        """Drop a request, if it is cached."""
        self._cache.pop(request_id)


def weight_of(live: LiveRequest) -> int:
    """About how many bytes of memory a finished request takes."""
    lines = len(live.logs) + _error_count(live.request)
    return REQUEST_BYTES + _text_length(live.request) + LINE_BYTES * lines


def _error_count(request: Request) -> int:
    """The errors in its input; each takes as much memory as a log line."""
    return len(request.outcome.body.items) if isinstance(request.outcome, RequestFailure) else 0


def _text_length(request: Request) -> int:
    # prompts dominate where there are no logs
    texts = [request.options.webhook or ""]
    if request.input is not None:
        texts += request.input.prompt, request.input.negative_prompt
    return sum(map(len, texts))
