"""One outcome on its way, as every rung of the ladder sees it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from adapters.slack.memory import Memory
from adapters.slack.values import Place
from generation.delivery import Delivery
from generation.job import Job
from generation.places import ChannelRef, MessageRef
from generation.ports import ClipLink, Noter, Parcel


class Task:
    """A parcel, what is remembered of earlier tries, and the means to remember more."""

    def __init__(self, parcel: Parcel, note: Noter) -> None:
        self.job: Job = parcel.job
        self.delivery: Delivery = parcel.delivery
        self.video: Path | None = parcel.video
        self.link: ClipLink | None = parcel.link
        self.memory = Memory.read(parcel.delivery.note)
        self._note = note

    @property
    def place(self) -> Place:
        """Where the job was asked for."""
        return Place(self.job.channel.id, self.job.channel.thread)

    @property
    def recipient(self) -> str:
        """Who gets it where only one gets it: whoever asked to see it again, else whoever asked for it."""
        answer = self.delivery.answer
        return self.job.requested_by.id if answer is None else answer.token

    async def remember(self, **changes: object) -> None:
        """Save something before the next step."""
        self.memory = self.memory.model_copy(update=changes)
        await self._note(self.memory.written())

    def ref(self, place: Place, ts: str) -> MessageRef:
        """A message of this job."""
        return MessageRef(ChannelRef(self.job.channel.server, place.channel, place.thread), ts)


Way = Callable[[Task], Awaitable[MessageRef | None]]
"""One rung: returns the message that now shows the outcome, None for the one that is recorded already."""
