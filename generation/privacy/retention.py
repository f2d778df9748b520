"""Lets what is kept grow old: clips and prompts go after a server's days, and clips earlier when
the disk is nearly full.

A clip's file goes first, its row after: killed in between, the next round finds a row whose file is
gone, which is said as such. Nothing that is owed or unfinished is touched.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from generation.domain.job import Artifact
from generation.domain.privacy import KeptAmount, KeptClip
from generation.domain.refs import ServerRef
from generation.ports import ArtifactStore, Observer, Store
from generation.protocol.clock import Clock
from generation.protocol.errors import FlipbookError

BATCH: Final = 200
"""Rows in one transaction at most: members' transactions go in between."""
_NOTICES: Final = timedelta(days=90)
_UNDER_PRESSURE: Final = (14, 7, 3, 1)
"""Days that clips are kept at most while the disk is nearly full, one after the other until it is
not."""


@dataclass(frozen=True, slots=True)
class KeepDays:
    """How many days after their end a server's clips and prompts are kept; None: for ever."""

    clips: int | None = 30
    prompts: int | None = 90

    def at_most(self, days: int) -> "KeepDays":
        """Clips no longer than that."""
        return KeepDays(days if self.clips is None else min(days, self.clips), self.prompts)


@dataclass(frozen=True, slots=True)
class Due:
    """What is old in one server, by its days."""

    server: ServerRef
    days: KeepDays
    clips: KeptAmount
    prompts: KeptAmount


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one round has removed."""

    clips: int = 0
    bytes: int = 0
    prompts: int = 0

    def plus(self, other: "Pruned") -> "Pruned":
        """Both together."""
        return Pruned(
            self.clips + other.clips, self.bytes + other.bytes, self.prompts + other.prompts
        )


class Retention:
    """Removes what is old. ``days_of`` tells a server's days as they are in force; ``free_bytes``
    is the room on the disk that holds clips (None where they are elsewhere), of which ``reserve``
    bytes are to stay free."""

    def __init__(
        self,
        store: Store,
        artifacts: ArtifactStore,
        *,
        clock: Clock,
        observer: Observer,
        days_of: Callable[[ServerRef], Awaitable[KeepDays]],
        free_bytes: Callable[[], Awaitable[int | None]],
        reserve: int,
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._clock = clock
        self._observer = observer
        self._days_of = days_of
        self._free_bytes = free_bytes
        self._reserve = reserve

    async def due(self) -> list[Due]:
        """What :meth:`prune` would remove by days, server by server. Raises StoreError."""
        found = []
        for server in await self._store.servers_with_jobs():
            days = await self._days_of(server)
            clips, prompts = KeptAmount(), KeptAmount()
            if (before := self._before(days.clips)) is not None:
                clips = await self._store.amount_of_old_clips(server, before)
            if (before := self._before(days.prompts)) is not None:
                prompts = await self._store.amount_of_old_prompts(server, before)
            found.append(Due(server, days, clips, prompts))
        return found

    async def prune(self) -> Pruned:
        """Remove what is old everywhere. One server's trouble is reported and keeps no other from
        its turn. Raises StoreError where the servers cannot be listed."""
        servers = {
            server: await self._days_of(server) for server in await self._store.servers_with_jobs()
        }
        pruned = Pruned()
        for server, days in servers.items():
            pruned = pruned.plus(await self._surviving(server, days))
        async with self._store.transaction() as tx:
            await tx.forget_old_notices(self._clock.now() - _NOTICES)
        for most in _UNDER_PRESSURE:
            for server, days in servers.items():
                if not await self._is_tight():
                    return pruned
                pruned = pruned.plus(await self._surviving(server, days.at_most(most)))
        if await self._is_tight():
            self._observer.trouble(
                "keeping room for clips",
                FlipbookError("the disk is nearly full, and no clip is older than a day"),
            )
        return pruned

    async def _surviving(self, server: ServerRef, days: KeepDays) -> Pruned:
        pruned = Pruned()
        try:
            pruned = pruned.plus(await self._prune_clips(server, self._before(days.clips)))
            pruned = pruned.plus(await self._prune_prompts(server, self._before(days.prompts)))
        except FlipbookError as error:
            self._observer.trouble("removing old clips and prompts", error)
        return pruned

    async def _prune_clips(self, server: ServerRef, before: datetime | None) -> Pruned:
        pruned = Pruned()
        if before is None:
            return pruned
        while clips := await self._store.old_clips(server, before, limit=BATCH):
            await self._remove_files(clips)
            async with self._store.transaction() as tx:
                await tx.clear_clips([clip.job_id for clip in clips])
            pruned = pruned.plus(Pruned(len(clips), sum(clip.size_bytes for clip in clips)))
        return pruned

    async def _remove_files(self, clips: list[KeptClip]) -> None:
        for clip in clips:
            await self._artifacts.delete(Artifact(clip.key, clip.size_bytes))

    async def _prune_prompts(self, server: ServerRef, before: datetime | None) -> Pruned:
        pruned = Pruned()
        if before is None:
            return pruned
        while found := await self._store.old_prompts(server, before, limit=BATCH):
            async with self._store.transaction() as tx:
                cleared = await tx.clear_prompts(found, self._clock.now())
            if cleared == 0:
                break  # all of them have become due since
            pruned = pruned.plus(Pruned(prompts=cleared))
        return pruned

    async def _is_tight(self) -> bool:
        free = await self._free_bytes()
        return free is not None and free < self._reserve

    def _before(self, days: int | None) -> datetime | None:
        return None if days is None else self._clock.now() - timedelta(days=days)
