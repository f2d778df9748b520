"""The base of every error, and input that is out of bounds."""

from dataclasses import dataclass


class FlipbookError(Exception):
    """Base of every error that Flipbook raises on purpose."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One field outside its bounds: its name, what is allowed, and what was given (short, and never
    a prompt)."""

    field: str
    allowed: str
    given: str


class InvalidRequest(FlipbookError):
    """One or more fields are outside their bounds."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__(", ".join(v.field for v in violations))
        self.violations = violations
