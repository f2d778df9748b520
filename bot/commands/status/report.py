"""What ``flipbook status`` prints: of the running bot by its own pages, the rest by the
database."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

from bot.commands.admin.database import maintenance_app
from bot.commands.doctor.machine import backups, data_folder
from bot.composition import App
from bot.settings import Settings
from generation.text.money.quota import operator_quota_lines
from generation.text.rules.pauses import pause_lines

_PATIENCE: Final = 3.0
"""Seconds to wait for the bot's pages."""
_MOST_REPORTS: Final = 100
_SAID_BELOW: Final = frozenset({"disk", "backup"})
"""Parts that are looked at here too, where their places may be named."""


@dataclass(frozen=True, slots=True)
class Status:
    """``lines`` for people; ``is_ready``: a clip could be made now."""

    lines: tuple[str, ...]
    is_ready: bool

    @classmethod
    async def of(cls, settings: Settings) -> Self:
        """Look. Raises FlipbookError where the database cannot be read."""
        parts, reason = await _of_the_bot(settings)
        async with maintenance_app(settings) as app:
            lines = [
                "Ready: clips can be made." if reason is None else f"Not ready: {reason}.",
                "",
                *(f"{name}: {state}" for name, state in parts.items() if name not in _SAID_BELOW),
                *[line async for line in _of_the_database(app)],
                *[str(found) for found in await data_folder(settings)],
                *[str(found) for found in await backups(settings)],
            ]
        return cls(tuple(lines), reason is None)


async def _of_the_bot(settings: Settings) -> tuple[Mapping[str, str], str | None]:
    """The state of each part, and why no clip can be made; None: one can."""
    base = f"http://127.0.0.1:{settings.web_port}"
    try:
        # loopback never goes through a proxy
        async with httpx.AsyncClient(base_url=base, timeout=_PATIENCE, trust_env=False) as client:
            health = (await client.get("/healthz")).json()
            ready = (await client.get("/readyz")).json()
        return _texts(health["parts"]), None if ready["ready"] else str(ready["reason"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return {}, f"no bot answers on port {settings.web_port}; `flipbook run` starts it"


def _texts(parts: Any) -> Mapping[str, str]:
    return {str(name): str(state) for name, state in dict(parts).items()}


async def _of_the_database(app: App) -> AsyncIterator[str]:
    counts = await app.ports.store.status_counts()
    under_way = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    yield f"under way: {under_way or 'nothing'}"
    for line in operator_quota_lines(await app.service.operator_budgets()):
        yield line
    for line in pause_lines(await app.service.pauses()):
        yield line
    reports = len(await app.ports.store.open_reports(limit=_MOST_REPORTS))
    if reports:
        yield f"reports that nobody has decided: {reports}"
