"""Which clips somebody looks for. Pure."""

from dataclasses import dataclass
from datetime import datetime

from generation.domain.refs import ServerRef


@dataclass(frozen=True, slots=True)
class GalleryQuery:
    """By when they were made, newest first; ``before`` is the number of the last clip of the page
    before. ``member`` is an id on the server's platform; ``words`` stand in the prompt, whatever
    their case; ``hidden`` leaves the others out (None: neither)."""

    before: int | None = None
    server: ServerRef | None = None
    member: str = ""
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""
    hidden: bool | None = None
