"""The interface to what is kept of those who may see the dashboard."""

from datetime import datetime
from typing import Protocol

from generation.domain.login import Login


class Logins(Protocol):
    """Codes and sessions by digest. Every method raises StoreError."""

    async def add_login(self, login: Login, now: datetime) -> None:
        """Keep a code or a session, and forget those that have ended."""

    async def redeem_code(self, digest: str, now: datetime) -> Login | None:
        """The code, once: it is gone afterwards. None for one that is unknown, used or over."""

    async def session(self, digest: str, now: datetime) -> Login | None:
        """A session that has not ended."""

    async def end_session(self, digest: str) -> None:
        """Forget a session."""
