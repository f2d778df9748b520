"""How many seconds clips have taken at each backend, as the backend itself has measured: what a
clip is expected to cost where a backend bills by the second."""

from collections import deque
from math import ceil
from typing import Final

from generation.protocol.request import Endpoint, GenerationRequest
from generation.protocol.work import relative_work

MOST_SECONDS: Final = 86_400.0
"""No clip renders for longer than a day; a backend that says so is not believed."""
_KEPT: Final = 200
"""The newest measurements of each backend and endpoint."""
_FEW: Final = 5
_SHARE: Final = 0.95
_FIRST_GUESS: Final = {Endpoint.STANDARD: 60.0, Endpoint.TURBO: 20.0}
"""Seconds of an endpoint's default clip while hardly any has been measured: rather too many, since
what is reserved too little may overshoot a budget."""

_Key = tuple[str, Endpoint]


class MeasuredSeconds:
    """The newest measurements, per backend and endpoint, in seconds per unit of work."""

    def __init__(self) -> None:
        self._measured: dict[_Key, deque[float]] = {}

    def learn(self, backend: str, request: GenerationRequest, seconds: float) -> None:
        """Take in what a clip took; what cannot be true is left out."""
        if is_plausible(seconds):
            kept = self._measured.setdefault((backend, request.endpoint), deque(maxlen=_KEPT))
            kept.append(seconds / float(relative_work(request)))

    def expected(self, backend: str, request: GenerationRequest) -> float:
        """The seconds that 19 of 20 such clips stay below; while there are few, at least the first
        guess."""
        return self._per_work(backend, request.endpoint) * float(relative_work(request))

    def _per_work(self, backend: str, endpoint: Endpoint) -> float:
        measured = sorted(self._measured.get((backend, endpoint), ()))
        if len(measured) < _FEW:
            return max((_FIRST_GUESS[endpoint], *measured))
        return measured[ceil(_SHARE * len(measured)) - 1]


def is_plausible(seconds: float | None) -> bool:
    """Whether a clip may have rendered that long. False for NaN too."""
    return seconds is not None and 0 <= seconds <= MOST_SECONDS
