"""What callers say of a file that they are about to upload, and what of it is believed."""

import json
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

DEFAULT_TYPE: Final = "application/octet-stream"
MAX_WORDS: Final = 255
"""Of a file's name and type, in characters."""
_TYPE: Final = re.compile(r"[A-Za-z0-9.+-]{1,60}/[A-Za-z0-9.+-]{1,60}")
_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody is about to upload; ``seconds`` it is to be kept, None for as long as we keep any."""

    owner: str
    content_type: str
    file_name: str
    seconds: float | None = None

    @classmethod
    def by(cls, owner: str, content_type: str, file_name: str, lifecycle: str | None) -> Self:
        """In the caller's own words, of which only so many are kept; ``lifecycle`` is fal's header."""
        return cls(owner, content_type[:MAX_WORDS], file_name[:MAX_WORDS], lifetime_of(lifecycle))

    @property
    def media_type(self) -> str:
        """The type that the file is served with."""
        plain = self.content_type.partition(";")[0].strip()
        return plain.lower() if _TYPE.fullmatch(plain) else DEFAULT_TYPE

    @property
    def suffix(self) -> str:
        """The end of its name on disk."""
        suffix = Path(self.file_name).suffix.lower()
        if not _SUFFIX.fullmatch(suffix):
            suffix = mimetypes.guess_extension(self.media_type) or ".bin"
        return suffix if _SUFFIX.fullmatch(suffix) else ".bin"


def lifetime_of(lifecycle: str | None) -> float | None:
    """Seconds that fal's ``X-Fal-Object-Lifecycle`` header asks for; None when it asks for nothing we understand."""
    try:
        seconds = json.loads(lifecycle or "{}").get("expiration_duration_seconds")
    except (ValueError, AttributeError, RecursionError):
        return None
    return float(seconds) if isinstance(seconds, int | float) and 0 < seconds < 1e12 else None
