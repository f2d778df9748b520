"""A store on a real database whose reads wait, or fail as a bug does, where a test says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class SlowStore:
    """While ``is_slow`` every read and transaction waits for ``go_on``; a read in ``bugs``, by its name, raises."""

    store: Any
    is_slow: bool = False
    bugs: dict[str, Exception] = field(default_factory=dict)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.store, name)
        if not asyncio.iscoroutinefunction(found):
            return found

        async def read(*given: Any, **named: Any) -> Any:
            if name in self.bugs:
                raise self.bugs[name]
            await self._pass()
            return await found(*given, **named)

        return read

    @asynccontextmanager
    async def transaction(self, *urgency: Any) -> AsyncIterator[Any]:
        await self._pass()
        async with self.store.transaction(*urgency) as tx:
            yield tx

    async def _pass(self) -> None:
        if self.is_slow:
            await self.go_on.wait()
