"""Which commit of each repository a models folder holds; kept in a file there. Needs no hub.

A repository's files change under their names. The first download records the commit that the hub
answers with, and later ones ask for that very commit, so that a folder that is completed, or made
again from its lock file, holds the same models.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

REVISIONS_FILE: Final = "revisions.lock.json"
NEWEST: Final = "main"
"""The hub's name for the newest commit."""
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


def is_commit(revision: str | None) -> bool:
    """Whether that is a commit's hash, and so always means the same files."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def read_revisions(root: Path) -> dict[str, str]:
    """The recorded commits by repository; none where the file is missing or damaged."""
    try:
        found = json.loads((root / REVISIONS_FILE).read_text(encoding="utf-8"))
        return {str(repo): commit for repo, commit in found.items() if is_commit(commit)}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def record_revisions(root: Path, commits: Mapping[str, str]) -> None:
    """Record these commits beside the others."""
    known = read_revisions(root)
    written = dict(sorted({**known, **commits}.items()))
    if written == known:
        return
    # renamed at the end: a crash half way leaves the old record
    part = root / f"{REVISIONS_FILE}.part"
    part.write_text(json.dumps(written, indent=1), encoding="utf-8")
    part.replace(root / REVISIONS_FILE)
