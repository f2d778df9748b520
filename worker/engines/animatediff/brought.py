"""Remembers of each downloaded file which repository it came from and what its content was. Needs no hub.

All checkpoints of one kind are of one length, so a file's length does not tell whose it is.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RECORD: Final = "brought.json"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file came from; ``tag`` is the hub's for its content: a SHA-256 where it has 64 characters."""

    repo_id: str
    tag: str

    @property
    def sha256(self) -> str | None:
        """The content's SHA-256, where the hub stated one."""
        return self.tag if len(self.tag) == 64 else None


def origins(root: Path) -> dict[str, Origin]:
    """The origin of each file that was downloaded into a models folder, by its path in it."""
    try:
        found = json.loads((root / RECORD).read_text(encoding="utf-8"))
        return {str(path): Origin(str(of["repo"]), str(of["tag"])) for path, of in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def note_origin(root: Path, path: Path, origin: Origin) -> None:
    """Write down where a file in that models folder came from."""
    known = origins(root) | {path.relative_to(root).as_posix(): origin}
    written = {name: {"repo": of.repo_id, "tag": of.tag} for name, of in sorted(known.items())}
    part = root / f"{RECORD}.part"
    part.write_text(json.dumps(written, indent=1), encoding="utf-8")
    part.replace(root / RECORD)
