"""Which clips somebody looks for, and what they find. Pure."""

from dataclasses import dataclass
from datetime import datetime

from generation.domain.job import Job, JobId
from generation.domain.refs import MessageRef, ServerRef
from generation.protocol.progress import Progress


@dataclass(frozen=True, slots=True)
class GalleryQuery:
    """By when they were made, newest first; ``before`` is the number of the last clip of the page
    before. ``member`` is an id on the server's platform; ``words`` stand in the prompt, whatever
    their case, and are looked for in ``searched`` clips at a time; ``hidden`` leaves the others out
    (None: neither)."""

    before: int | None = None
    server: ServerRef | None = None
    member: str = ""
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""
    hidden: bool | None = None
    searched: int = 10_000


@dataclass(frozen=True, slots=True)
class KeptByServer:
    """What the kept clips of a server take."""

    server: ServerRef
    clips: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ShownJob:
    """A job, and the message that shows it; None where none does."""

    job: Job
    message: MessageRef | None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some of a member's jobs in a server, newest first, and the jobs next to which the pages on
    both sides begin; None where there is no such page."""

    shown: tuple[ShownJob, ...]
    newer_than: JobId | None = None
    older_than: JobId | None = None


@dataclass(frozen=True, slots=True)
class JobUnderWay:
    """A job that has not ended; ``progress`` is how far it is, None where it is another member's.
    ``may_cancel``: the member who looks may cancel it."""

    job: Job
    progress: Progress | None
    may_cancel: bool
