"""How urgent a transaction is: the store lets whoever is waited for go first."""

from enum import Enum


class Urgency(Enum):
    """Who waits for a transaction: a member for an answer, or only work that goes on by itself."""

    MEMBER = "member"
    BACKGROUND = "background"
