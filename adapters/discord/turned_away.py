"""Cloudflare turns a whole address away, not a route: then nothing is sent before the pause is over, by any job."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import discord

from adapters.discord.errors import as_delivery_errors, retry_after
from generation.errors import DeliveryDelayed
from generation.ports import Clock


class Pause:
    """What every delivery goes through: it is over as soon as its time has come."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: datetime | None = None

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send inside. Raises DeliveryDelayed or RungFailed; during a pause at once, and Discord hears nothing."""
        left = self._left()
        if left > 0:
            raise DeliveryDelayed("Discord asks for a pause", retry_after=left)
        with as_delivery_errors():
            try:
                yield
            except discord.HTTPException as error:
                if _is_cloudflare(error):
                    self._until = self._clock.now() + timedelta(seconds=retry_after(error))
                raise

    def _left(self) -> float:
        return 0.0 if self._until is None else (self._until - self._clock.now()).total_seconds()


def _is_cloudflare(error: discord.HTTPException) -> bool:
    """Whether a 429 is not Discord's own: those name their way back, in ``Via``."""
    return error.status == 429 and "Via" not in error.response.headers
