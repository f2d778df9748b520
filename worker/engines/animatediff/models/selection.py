"""Which models the operator has selected for a folder; kept in a file there. Needs no torch."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

SELECTION_FILE: Final = "chosen.json"
DEFAULT_BASE: Final = "emilianJR/epiCRealism"


@dataclass(frozen=True, slots=True)
class ModelSelection:
    """What a models folder should hold, by the catalogue's names.

    base: the repository of the base checkpoint, or the name of a file or folder in ``bases``.
    without: models that are excluded.
    extras: optional models that are included.
    """

    base: str = DEFAULT_BASE
    without: frozenset[str] = frozenset()
    extras: frozenset[str] = frozenset()

    def excludes(self, name: str) -> bool:
        """Whether that model is excluded."""
        return name in self.without

    @property
    def is_local(self) -> bool:
        """Whether the base is the operator's own, and not a repository."""
        return "/" not in self.base

    @property
    def is_single_file(self) -> bool:
        """Whether the base is one file."""
        return self.is_local and self.base.endswith(".safetensors")

    def save(self, root: Path) -> None:
        """Write it to the models folder."""
        root.mkdir(parents=True, exist_ok=True)
        # sorted, so that the same selection is the same file
        written = {
            "base": self.base,
            "without": sorted(self.without),
            "extras": sorted(self.extras),
        }
        (root / SELECTION_FILE).write_text(json.dumps(written, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, root: Path) -> Self:
        """What :meth:`save` wrote; all but the optional models where that is missing or damaged."""
        try:
            found = json.loads((root / SELECTION_FILE).read_text(encoding="utf-8"))
            return cls(
                str(found["base"]),
                frozenset(map(str, found["without"])),
                frozenset(map(str, found["extras"])),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return cls()
