"""Which models the operator has chosen for a folder, written down beside them. Needs no torch."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

CHOICE: Final = "chosen.json"
DEFAULT_BASE: Final = "emilianJR/epiCRealism"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a models folder is to hold. Names are those of the catalogue.

    base: the repository of the base checkpoint. without: models that are left out. extras: optional ones wanted.
    """

    base: str = DEFAULT_BASE
    without: frozenset[str] = frozenset()
    extras: frozenset[str] = frozenset()

    def leaves_out(self, name: str) -> bool:
        """Whether that model is not wanted here."""
        return name in self.without

    def save(self, root: Path) -> None:
        """Write it down in the models folder."""
        root.mkdir(parents=True, exist_ok=True)
        written = {"base": self.base, "without": sorted(self.without), "extras": sorted(self.extras)}
        (root / CHOICE).write_text(json.dumps(written, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, root: Path) -> Self:
        """What :meth:`save` wrote; everything but the optional where there is nothing readable."""
        try:
            found = json.loads((root / CHOICE).read_text(encoding="utf-8"))
            return cls(str(found["base"]), frozenset(map(str, found["without"])), frozenset(map(str, found["extras"])))
        except (OSError, ValueError, KeyError, TypeError):
            return cls()
