"""What members ask about their own data, and cannot have."""

from datetime import datetime

from generation.protocol.errors.refusals import Refused


class ExportTooSoon(Refused):
    """A member gets a copy of their data once an hour; the next one ``resets_at``."""

    def __init__(self, resets_at: datetime) -> None:
        super().__init__("export")
        self.resets_at = resets_at


class ExportTooLarge(Refused):
    """The copy of a member's data is larger than a chat takes; the operator can make it."""


class ConfirmationInvalid(Refused):
    """A confirmation that is too old, or not this member's."""
