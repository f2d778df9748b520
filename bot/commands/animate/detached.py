"""A job that goes on without the terminal: `flipbook run` makes it, and its clip stays in the
store."""

from dataclasses import dataclass
from uuid import uuid4

from adapters.terminal.messenger import DETACHED_CHANNEL, LOCAL_USER
from bot.composition import Arrange, Role, open_app
from bot.folders import is_served
from bot.settings import Settings
from generation.domain.job import JobId
from generation.domain.style import StyledRequest
from generation.service import SubmitContext


@dataclass(frozen=True, slots=True)
class DetachedJob:
    """A job that was ordered: where its clip will be, and whether a bot runs that makes it now."""

    id: JobId
    place: str
    is_served: bool

    def facts(self) -> dict[str, object]:
        """What ``--json`` prints."""
        return {"id": self.id, "status": "pending", "path": self.place}


async def order_clip(
    settings: Settings, wanted: StyledRequest, *, arrange: Arrange = lambda ports: ports
) -> DetachedJob:
    """Store the job and leave. Raises Refused, StoreError, StorageFull or SettingsError."""
    role = Role(f"animate-{uuid4().hex}")
    async with open_app(settings, role, arrange=arrange) as app:
        context = SubmitContext(role.owner, requested_by=LOCAL_USER, channel=DETACHED_CHANNEL)
        job = await app.service.submit(wanted.request, context, style=wanted.style)
    return DetachedJob(job.id, f"{settings.clips}/{job.id}.mp4", is_served(settings))
