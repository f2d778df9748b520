"""What callers say about a file that they are about to upload, and how much of it is used."""

import json
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

DEFAULT_TYPE: Final = "application/octet-stream"
MAX_LENGTH: Final = 255
"""Of a file's name and type, in characters."""
_TYPE: Final = re.compile(r"[A-Za-z0-9.+-]{1,60}/[A-Za-z0-9.+-]{1,60}")
_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class UploadMetadata:
    """A file that a caller is about to upload; ``seconds`` it is to be kept, None for as long as
    the settings allow."""

    owner: str
    content_type: str
    file_name: str
    seconds: float | None = None

    @classmethod
    def from_caller(
        cls, owner: str, content_type: str, file_name: str, lifecycle: str | None
    ) -> Self:
        """From the caller's own words, cut to :data:`MAX_LENGTH`; ``lifecycle`` is fal's header."""
        return cls(owner, content_type[:MAX_LENGTH], file_name[:MAX_LENGTH], lifetime_of(lifecycle))

    @property
    def media_type(self) -> str:
        """The type that the file is served with."""
        plain = self.content_type.partition(";")[0].strip()
        # the type goes into a header, so nothing but a plain type is used
        return plain.lower() if _TYPE.fullmatch(plain) else DEFAULT_TYPE

    @property
    def suffix(self) -> str:
        """The suffix of its name on disk."""
        suffix = Path(self.file_name).suffix.lower()
        if not _SUFFIX.fullmatch(suffix):
            # a name without a usable suffix: the type decides
            suffix = mimetypes.guess_extension(self.media_type) or ".bin"
        return suffix if _SUFFIX.fullmatch(suffix) else ".bin"


def lifetime_of(lifecycle: str | None) -> float | None:
    """The seconds in fal's ``X-Fal-Object-Lifecycle`` header; None where it has none, or is not
    valid."""
    try:
        # a caller's header: anything unreadable is ignored, as fal does
        seconds = json.loads(lifecycle or "{}").get("expiration_duration_seconds")
    except (ValueError, AttributeError, RecursionError):
        return None
    return float(seconds) if isinstance(seconds, int | float) and 0 < seconds < 1e12 else None
