"""Whether any backend would take a clip now."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from generation.backends.circuit_breaker import Breakers, Circuit, Trouble, trouble_of
from generation.ports import Backend
from generation.protocol.errors import BackendError
from generation.text.backends import waiting_words

_ANSWER_SECONDS: Final = 2.0
"""How long a backend's answer is waited for: readiness is asked for again soon."""


async def why_no_backend(
    backends: Mapping[str, Backend], breakers: Breakers, now: datetime
) -> str | None:
    """None as soon as one backend can be asked and is in no trouble; else what is wrong with each.

    Our own workers are asked; fal, where every answer would be about a request, is judged by what
    is known.
    """
    troubles = []
    for name, backend in backends.items():
        trouble = await _trouble_of(name, backend, breakers, now)
        if trouble is None:
            return None
        troubles.append(waiting_words(name, trouble))
    return "; ".join(troubles) or "no backend is configured"


async def _trouble_of(
    name: str, backend: Backend, breakers: Breakers, now: datetime
) -> Trouble | None:
    breaker = breakers[name]
    if breaker.circuit(now) is Circuit.OPEN:
        return breaker.trouble
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await backend.engine()
    except BackendError as error:
        return trouble_of(error)
    except TimeoutError:
        return Trouble.AWAY
    return None
