"""What servers, channels and members are called where they are, for people who read of many.

Chats tell names with what members do; they are kept in memory alone. Nothing decides by a name,
none is stored, logged or exported, and what nobody has named yet is called by its id.
"""

import unicodedata
from typing import Final

from generation.domain.refs import ChannelRef, ServerRef, UserRef
from generation.protocol.cache import BoundedCache
from generation.protocol.visible import visible

MOST_NAMES: Final = 20_000
_LONGEST: Final = 100
"""Characters; the chats' own names are shorter."""
_MOST_READ: Final = 1_000
"""Characters that are looked at."""

Named = ServerRef | ChannelRef | UserRef


class NameBook:
    """The names that were heard last; the one that was used longest ago makes room."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._names: BoundedCache[Named, str] = BoundedCache(most)
        self.changes = 0
        """How often anything has got another name."""

    def note(self, named: Named, name: str | None) -> None:
        """Keep a name as a chat has told it, without what is invisible or changes its direction; a
        blank one is no name."""
        shown = _shown(name or "")
        if shown:
            self.changes += self._names.get(named) != shown
            self._names.put(named, shown)

    def forget(self, named: Named) -> None:
        """As if nobody had said what it is called."""
        self.changes += self._names.pop(named) is not None

    def name_of(self, named: Named) -> str | None:
        """What it is called; None where nobody has said. Anything may be in it: escape it."""
        return self._names.get(named)


def _shown(name: str) -> str:
    # letters that join or change direction can make one name look like another
    kept = (c if c.isprintable() or c.isspace() else "" for c in visible(name[:_MOST_READ]))
    words = unicodedata.normalize("NFC", "".join(kept)).split()
    return " ".join(words)[:_LONGEST].strip()
