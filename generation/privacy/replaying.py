"""Forgets again who was forgotten before, in a database that was restored from an older backup."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from generation.domain.job import Job, JobId
from generation.domain.privacy import Forgetting
from generation.domain.refs import ServerRef
from generation.ports import ArtifactStore, Store

_PAGE: Final = 50


async def forget_again(
    store: Store, artifacts: ArtifactStore, forgotten: Mapping[str, datetime], at: datetime
) -> int:
    """Erase what these pseudonyms made until then; how many members there were. Their messages are
    not looked for: they went when the members were forgotten. What is unfinished is left to a bot
    that runs. Raises StoreError, ArtifactError."""
    found = 0
    for server, user in await store.known_members():
        until = forgotten.get(str(store.pseudonyms.of(server, user)))
        if until is not None:
            await _forget(store, artifacts, server, Forgetting(user, until), at)
            found += 1
    return found


async def _forget(
    store: Store, artifacts: ArtifactStore, server: ServerRef, asked: Forgetting, at: datetime
) -> None:
    unfinished = False
    after: JobId | None = None
    while jobs := await store.all_jobs_of(
        asked.user, until=asked.asked_at, after=after, limit=_PAGE
    ):
        after = jobs[-1].id
        theirs = [job for job in jobs if job.channel.server == server]
        unfinished |= any(not job.status.is_final for job in theirs)
        await _erase(store, artifacts, [job for job in theirs if job.status.is_final], at)
    async with store.transaction() as tx:
        if unfinished:
            await tx.ask_to_forget(asked)
        else:
            await tx.forget_reports(asked.user)
            await tx.forget_choices(asked.user)
            await tx.forget_notices(asked.user)
            await tx.end_forgetting(asked.user)


async def _erase(store: Store, artifacts: ArtifactStore, jobs: list[Job], at: datetime) -> None:
    for job in jobs:
        if job.artifact is not None:
            await artifacts.delete(job.artifact)
    async with store.transaction() as tx:
        for job in jobs:
            await tx.erase_job(job, at)
