"""Being forgotten, and what is kept of a member: the values of it."""

from dataclasses import dataclass
from datetime import datetime

from generation.domain.job import JobId
from generation.domain.refs import ServerRef, UserRef


@dataclass(frozen=True, slots=True)
class Forgetting:
    """A member asked to be forgotten: every job of theirs that was made until ``asked_at`` goes.

    ``server`` is where they asked, and where they are told; None for an operator's. ``left`` counts
    the messages that the chat would not let us remove.
    """

    user: UserRef
    asked_at: datetime
    server: ServerRef | None = None
    left: int = 0


@dataclass(frozen=True, slots=True)
class KeptOfMember:
    """What is kept of a member, in numbers: their jobs, those that still have a prompt, those that
    still have a clip, and the bytes of the clips."""

    jobs: int = 0
    prompts: int = 0
    clips: int = 0
    clip_bytes: int = 0


@dataclass(frozen=True, slots=True)
class KeptClip:
    """A clip that retention looks at: its job, its key in the artifact store, its size."""

    job_id: JobId
    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class KeptAmount:
    """How much something is: a count, and the bytes of its files."""

    count: int = 0
    bytes: int = 0
