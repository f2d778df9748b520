"""How many clips each backend renders at once, how far it is with compiling, and which backend
takes the next job."""

from collections.abc import Mapping
from typing import Final

from generation.backends.circuit_breaker import Breakers
from generation.ports import Backend
from generation.protocol.errors import BackendError

_OF_AN_UNKNOWN_WORKER: Final = 2
_OF_A_SERVICE: Final = 64
"""A service such as fal has room for all that one bot sends."""


class Places:
    """What backends have said of their places, by the backend's name."""

    def __init__(self, backends: Mapping[str, Backend], breakers: Breakers) -> None:
        self._backends = backends
        self._breakers = breakers
        self._known: dict[str, int] = {}
        self._compiling: dict[str, int] = {}

    async def learn(self) -> None:
        """Ask every backend; of one that cannot be asked now, what it has said before still
        counts."""
        for name, backend in self._backends.items():
            try:
                places = await backend.places()
                self._compiling[name] = await backend.compiling()
            except BackendError:
                continue
            if places is not None:
                self._known[name] = places

    def known(self, backend: str) -> int | None:
        """How many clips it renders at once, where it has said so."""
        return self._known.get(backend)

    def compiling(self, backend: str) -> int:
        """How many shapes of clips it had yet to compile when it was last asked."""
        return self._compiling.get(backend, 0)

    def assumed(self, backend: str) -> int:
        """The same, or what is likely."""
        is_ours = self._backends[backend].resubmits_safely
        return self._known.get(backend, _OF_AN_UNKNOWN_WORKER if is_ours else _OF_A_SERVICE)

    @property
    def next_backend(self) -> str:
        """The first in the operator's order that may take a job now; the first of all where none
        may."""
        names = list(self._backends)
        return next(filter(self._breakers.admits, names), names[0])
