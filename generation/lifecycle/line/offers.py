"""Which backends can make a clip that needs more than fal's endpoints."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from generation.lifecycle.routing import PREVIEW
from generation.ports import Backend
from generation.protocol.clock import Clock
from generation.protocol.errors import BackendError, NotOffered
from generation.protocol.extensions.capabilities import Capability

_REMEMBERED: Final = timedelta(seconds=10)
_PATIENCE: Final = 2.0
"""Seconds: a member waits for the answer."""


class Offers:
    """What each backend has said that it offers, in the operator's order. Asked of its health page
    when somebody needs it, and remembered for ten seconds; of one that cannot be asked, what it has
    said before still counts."""

    def __init__(self, backends: Mapping[str, Backend], *, clock: Clock) -> None:
        self._backends = backends
        self._clock = clock
        self._known: dict[str, frozenset[Capability]] = {}
        self._asked_at: datetime | None = None

    async def learn(self) -> None:
        """Ask every backend, unless that was done just now."""
        now = self._clock.now()
        # a clock that was set back asks again
        if self._asked_at is not None and abs(now - self._asked_at) < _REMEMBERED:
            return
        answers = await asyncio.gather(*map(self._ask, self._backends.values()))
        if all(answers):
            self._asked_at = now

    def everything(self) -> frozenset[Capability]:
        """All that some backend offers: what a form may show."""
        return frozenset[Capability]().union(*self._known.values())

    def able(self, needs: frozenset[Capability]) -> tuple[str, ...]:
        """The backends that offer all of that, or have not been asked yet: a worker of ours that is
        starting may, and refuses at no cost what it does not offer. Raises NotOffered where there
        is none."""
        lacking = {name: needs - self._known.get(name, needs) for name in self._backends}
        able = tuple(name for name, missing in lacking.items() if not missing)
        if not able:
            fewest = sorted(lacking.values(), key=len)
            raise NotOffered(tuple(sorted(fewest[0] if fewest else needs)))
        return able

    async def _offered(self, backend: Backend) -> frozenset[Capability]:
        # behind another backend a preview is no clip: the job would wait for ever
        is_first = backend.name == next(iter(self._backends))
        if not is_first and await backend.engine() in {None, PREVIEW}:
            return frozenset()
        return await backend.capabilities()

    async def _ask(self, backend: Backend) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                self._known[backend.name] = await self._offered(backend)
        except (BackendError, TimeoutError):
            return False
        return True
