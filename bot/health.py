"""How a running Flipbook is: each part in one line, and whether a clip could be made now."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.web.health import HealthReport
from bot import __version__
from bot.chats import Chats
from bot.commands.backup.note import last_backup
from bot.commands.backup.words import age_words, backup_words
from bot.composition import App
from bot.settings import BackendName
from generation.domain.backup import LastBackup
from generation.protocol.errors import DatabaseUnusable, StoreError
from generation.readiness import why_no_backend
from generation.text.backends import health_words

_GIB: Final = 1024**3


@dataclass(frozen=True, slots=True)
class Health:
    """Of an app and its chats. Nothing that it reads is waited for long: a health page that hangs
    is as bad as none."""

    app: App
    chats: Chats

    async def outline(self) -> HealthReport:
        """The content of ``/healthz``, which anybody may read: nothing in it names a place on this
        machine."""
        words = age_words(await self.last_backup(), self.app.clock.now())
        return await self._report(await asyncio.to_thread(_share_free, self._folder), words)

    async def report(self) -> HealthReport:
        """The same for the operator, with the places."""
        words = backup_words(await self.last_backup(), self.app.clock.now())
        return await self._report(await asyncio.to_thread(_room_words, self._folder), words)

    async def _report(self, disk: str, backup: str) -> HealthReport:
        parts = {
            **self._backends(),
            **self.chats.states,
            "database": await self._trouble_of_database() or "working",
            "jobs": f"{self.app.dispatcher.in_flight} in flight",
            "deliveries": self._deliveries(),
            "disk": disk,
            **({"backup": backup} if self.makes_backups else {}),
        }
        return HealthReport(__version__, parts)

    async def why_not_ready(self) -> str | None:
        """What keeps the bot from making clips; None while it can."""
        if (trouble := await self._trouble_of_database()) is not None:
            return f"the database {trouble}"
        if not await self.app.fetcher.has_room():
            return "the disk has no room for another clip"
        if self.chats and not self.chats.is_any_served:
            return "; ".join(f"{chat}: {state}" for chat, state in self.chats.states.items())
        now = self.app.clock.now()
        return await why_no_backend(self.app.ports.backends, self.app.breakers, now)

    async def last_backup(self) -> LastBackup | None:
        """What is known of it; None where none is known, or where the database has other tools."""
        if not self.makes_backups:
            return None
        return await asyncio.to_thread(last_backup, self.app.settings.data_dir)

    def _backends(self) -> dict[str, str]:
        now, worker = self.app.clock.now(), self.app.worker
        lines = {
            f"backend {name}": health_words(breaker, now)
            for name, breaker in self.app.breakers.all.items()
        }
        if worker is not None:
            lines["embedded worker"] = worker.state
            if not worker.is_ready:
                # its breaker may know of no trouble: nothing was sent to it yet
                lines[f"backend {BackendName.WORKER}"] = worker.state
        return lines

    def _deliveries(self) -> str:
        relay = self.app.relay
        late = f", {relay.put_off} put off after failed tries" if relay.put_off else ""
        return f"{relay.delivering} on their way{late}"

    @property
    def _folder(self) -> Path:
        return self.app.settings.data_dir

    @property
    def makes_backups(self) -> bool:
        """Whether ``flipbook backup`` saves the database: PostgreSQL has its own tools."""
        return self.app.settings.database.startswith("sqlite")

    async def _trouble_of_database(self) -> str | None:
        try:
            await self.app.ports.store.ping()
        except DatabaseUnusable:
            return "cannot be used; the log and `flipbook doctor` say why"
        except StoreError:
            return "cannot be read"
        return None


def _share_free(folder: Path) -> str:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return "cannot be read"
    return f"{100 * usage.free // max(1, usage.total)} % free"


def _room_words(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / _GIB:.1f} GiB free in {folder.absolute()}"
    except OSError as error:
        return f"{folder.absolute()} cannot be read: {error.strerror}"
