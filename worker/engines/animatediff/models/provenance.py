"""Keeps for each downloaded file its repository and its content's tag. Needs no hub.

All checkpoints of one kind have the same length, so a file's length does not tell which it is.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROVENANCE_FILE: Final = "brought.json"
"""In the models folder; the stored name is older than the word "provenance"."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a file came from.

    tag: the hub's ETag of its content: a SHA-256 where it has 64 characters, else a Git hash.
    """

    repo_id: str
    tag: str

    @property
    def sha256(self) -> str | None:
        """The content's SHA-256, where the hub stated one."""
        return self.tag if len(self.tag) == 64 else None


def read_provenance(root: Path) -> dict[str, Provenance]:
    """The provenance of each file that was downloaded into a models folder, by its path in it."""
    try:
        found = json.loads((root / PROVENANCE_FILE).read_text(encoding="utf-8"))
        return {
            str(path): Provenance(str(entry["repo"]), str(entry["tag"]))
            for path, entry in found.items()
        }
    # a damaged record costs only a comparison of contents: see models/download.py
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def record_provenance(root: Path, path: Path, provenance: Provenance) -> None:
    """Keep where a file in that models folder came from."""
    known = read_provenance(root) | {path.relative_to(root).as_posix(): provenance}
    written = {
        name: {"repo": entry.repo_id, "tag": entry.tag} for name, entry in sorted(known.items())
    }
    # renamed at the end: a crash half way leaves the old record
    part = root / f"{PROVENANCE_FILE}.part"
    part.write_text(json.dumps(written, indent=1), encoding="utf-8")
    part.replace(root / PROVENANCE_FILE)
