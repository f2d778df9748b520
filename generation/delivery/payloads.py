"""What a messenger is handed for an outcome: the job, its clip as a file, and a link to it."""

from contextlib import AsyncExitStack
from pathlib import Path

from generation.delivery.clip_links import ClipLinks
from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.ports import ArtifactStore, DeliveryPayload, Observer
from generation.protocol.errors import ArtifactMissing


class Payloads:
    """Makes payloads; ``links`` is None where this service has no public address."""

    def __init__(
        self, artifacts: ArtifactStore, observer: Observer, links: ClipLinks | None
    ) -> None:
        self._artifacts = artifacts
        self._observer = observer
        self._links = links

    async def of(self, job: Job, delivery: Delivery, stack: AsyncExitStack) -> DeliveryPayload:
        """The payload; its file is there until the stack is left. Raises ArtifactError."""
        video = await self._clip(job, stack)
        link = None if video is None or self._links is None else self._links.to(job.id)
        return DeliveryPayload(job, delivery, video, link)

    async def _clip(self, job: Job, stack: AsyncExitStack) -> Path | None:
        """The clip as a file; None where the job has none, or it is hidden or gone (the message
        then says so)."""
        if job.artifact is None or job.hidden_at is not None:
            return None
        try:
            return await stack.enter_async_context(self._artifacts.checkout(job.artifact))
        except ArtifactMissing as error:
            self._observer.trouble("finding a clip", error, job_id=job.id)
            return None
