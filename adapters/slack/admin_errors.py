"""Why an admin's words were in vain."""

from enum import StrEnum

from generation.errors import FlipbookError


class AdminProblem(StrEnum):
    """Why an admin's words did nothing."""

    NOT_ADMIN = "not admin"
    UNKNOWN_LIMIT = "unknown limit"
    NAMELESS_CHANNEL = "nameless channel"
    NAMELESS_MEMBER = "nameless member"
    NO_WORD = "no word"


class AdminRefused(FlipbookError):
    """Nothing was changed; ``given`` is what was written in vain."""

    def __init__(self, problem: AdminProblem, given: str = "") -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.given = given
