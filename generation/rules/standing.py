"""What a new request is judged by: what is used, and the server's own rules, as they are at one
moment."""

from dataclasses import dataclass

from generation.rules.limits import Limits, Usage
from generation.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Standing:
    """``limits`` and ``policy`` are the server's own; None where it has none."""

    usage: Usage
    limits: Limits | None
    policy: Policy | None
