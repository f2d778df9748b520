"""Deletes what is kept of servers that have removed the bot, after a time in which they may come
back. Their messages stay: the bot cannot write there any more."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from generation.domain.job import Job, JobId
from generation.domain.refs import ServerRef
from generation.ports import ArtifactStore, Observer, Store
from generation.privacy.ending import end
from generation.protocol.clock import Clock
from generation.protocol.errors import FlipbookError

GRACE: Final = timedelta(days=7)
_BATCH: Final = 25


class GoneServers:
    """Deletes servers whose time is over."""

    def __init__(
        self, store: Store, artifacts: ArtifactStore, *, clock: Clock, observer: Observer
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._clock = clock
        self._observer = observer

    async def purge(self) -> int:
        """Delete what is due; how many servers were. Raises StoreError."""
        purged = 0
        for server in await self._store.gone_servers(self._clock.now() - GRACE):
            try:
                purged += await self._purge(server)
            except FlipbookError as error:
                self._observer.trouble("deleting what is kept of a server", error)
        return purged

    async def _purge(self, server: ServerRef) -> bool:
        """Whether all of it is deleted: a job that is still under way is ended first."""
        unfinished = 0
        after: JobId | None = None
        while jobs := await self._store.jobs_in(server, after=after, limit=_BATCH):
            after = jobs[-1].id
            ended = [job for job in jobs if job.status.is_final]
            unfinished += len(jobs) - len(ended)
            await self._erase(ended, [job for job in jobs if not job.status.is_final])
        if unfinished:
            return False
        async with self._store.transaction() as tx:
            await tx.erase_server(server)
        return True

    async def _erase(self, ended: Sequence[Job], unfinished: Sequence[Job]) -> None:
        for job in ended:
            if job.artifact is not None:
                await self._artifacts.delete(job.artifact)
        now = self._clock.now()
        # one by one, as in generation.privacy.forgetting
        for job in unfinished:
            async with self._store.transaction() as tx:
                await end(tx, job, now)
        async with self._store.transaction() as tx:
            for job in ended:
                await tx.erase_job(job, now)
