"""Fetches a finished clip from its backend, checks it and puts it into the artifact store."""

import asyncio
import shutil
from functools import partial
from pathlib import Path

from generation import mp4
from generation.domain.job import Artifact, Job
from generation.ports import ArtifactStore, Backend, BackendClip
from generation.protocol.disk import in_thread


class ClipFetcher:
    """Fetches clips through ``staging``, a folder for clips on their way in.

    ``max_bytes`` is the largest clip that is fetched. Nothing is submitted while ``staging`` has
    less than ``min_free_bytes``: a clip is paid for before it shows that it cannot be kept.
    """

    def __init__(
        self,
        artifacts: ArtifactStore,
        staging: Path,
        *,
        max_bytes: int = 200 * 1024 * 1024,
        min_free_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._artifacts = artifacts
        self._staging = staging
        self._max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes

    async def has_room(self) -> bool:
        """Whether there is room to fetch another clip."""
        try:
            usage = await asyncio.to_thread(shutil.disk_usage, self._staging)
        except OSError:
            return True  # writing there tells what is wrong
        return usage.free >= self._min_free_bytes

    async def fetch(self, job: Job, backend: Backend, clip: BackendClip) -> Artifact:
        """Fetch the job's clip, check it and keep it. Raises BackendError, ArtifactError."""
        staged = self._staging / f"{job.id}.mp4"
        try:
            await backend.fetch(clip, staged, max_bytes=self._max_bytes)
            # probed before it is kept: a damaged clip must not reach the store
            await asyncio.to_thread(mp4.probe, staged)
            return await self._artifacts.save(job.id, staged)
        finally:
            # also after an error, so that staging does not fill up
            await in_thread(partial(staged.unlink, missing_ok=True))
