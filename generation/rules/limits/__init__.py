"""What a server allows its members, and whether one more request fits its usage. Pure."""

from generation.rules.limits.calendar import (
    UTC_CALENDAR,
    Calendar,
    ZoneChange,
    day_end,
    day_of,
    is_zone,
    month_end,
    month_start,
)
from generation.rules.limits.checks import check_counts, check_shape
from generation.rules.limits.layers import (
    NO_CEILING,
    SomeLimits,
    most_generous,
    narrowest,
    over,
    some_limits,
)
from generation.rules.limits.model import (
    BUDGETS,
    NEVER_REFUSED,
    OF_MEMBERS,
    Bounds,
    LimitName,
    Limits,
    bounds_of_limit,
)
from generation.rules.limits.usage import HOUR, Usage, hour_resets_at

__all__ = [
    "BUDGETS",
    "HOUR",
    "NEVER_REFUSED",
    "NO_CEILING",
    "OF_MEMBERS",
    "UTC_CALENDAR",
    "Bounds",
    "Calendar",
    "LimitName",
    "Limits",
    "SomeLimits",
    "Usage",
    "ZoneChange",
    "bounds_of_limit",
    "check_counts",
    "check_shape",
    "day_end",
    "day_of",
    "hour_resets_at",
    "is_zone",
    "month_end",
    "month_start",
    "most_generous",
    "narrowest",
    "over",
    "some_limits",
]
