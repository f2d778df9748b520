"""What a new request is judged by: what is used, and the server's own rules, as they are at one
moment."""

from dataclasses import dataclass

from generation.rules.limits import Limits, SomeLimits, Usage
from generation.rules.pause import Pause
from generation.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class StoredRules:
    """What is stored about a server; None where it has none of its own. ``ceilings`` are those that
    the operator has stored for all servers, ``own_ceilings`` those for this one."""

    limits: Limits | None = None
    policy: Policy | None = None
    ceilings: SomeLimits | None = None
    own_ceilings: SomeLimits | None = None
    pause: Pause | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is used, and the rules for it."""

    usage: Usage
    rules: StoredRules
