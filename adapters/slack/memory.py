"""What the messenger must still know of a delivery if the process dies before its next step: kept as its note."""

from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError


class Memory(BaseModel):
    """``private_file`` was completed and stands nowhere yet, ``shared_file`` is being shared by the rung ``shared_by``,
    ``posted`` is the ``ts`` of a message that was posted for this outcome, ``tried_at`` when its posting began (seconds
    since the epoch; empty: it did not), ``is_message_gone`` says that the job's own message was deleted."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    private_file: str | None = None
    shared_file: str | None = None
    shared_by: str | None = None
    posted: str | None = None
    tried_at: tuple[float, ...] = ()
    is_message_gone: bool = False

    @classmethod
    def read(cls, note: str | None) -> Self:
        """From a delivery's note; what cannot be read is forgotten."""
        try:
            return cls() if note is None else cls.model_validate_json(note)
        except ValidationError:
            return cls()

    def written(self) -> str:
        """As a delivery's note."""
        return self.model_dump_json(exclude_defaults=True)

    def shares(self, rung: str) -> str | None:
        """The file that this rung began to share."""
        return self.shared_file if self.shared_by == rung else None
