"""Limits in layers: the operator's ceilings, a server's own limits, the quotas of its roles."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from generation.rules.limits.model import LimitName, Limits, bounds_of_limit


def _some(values: Any) -> Any:
    """Some limits by name, each valid, in the order of :class:`LimitName`."""
    if not isinstance(values, Mapping):
        return values
    limits = Limits.model_validate(dict(values))
    return {name.value: getattr(limits, name.value) for name in LimitName if name.value in values}


def some_limits(values: Mapping[str, object]) -> dict[str, object]:
    """The values as they are kept. Raises InvalidRequest naming the limit that is wrong."""
    limits = NO_CEILING.changed(values)
    return {name.value: getattr(limits, name.value) for name in LimitName if name.value in values}


SomeLimits = Annotated[dict[str, Any], BeforeValidator(_some)]
"""A few limits by name; about all others nothing is said."""

NO_CEILING: Final = Limits.model_validate(
    {
        name.value: None if bounds.is_optional else bounds.high
        for name in LimitName
        if (bounds := bounds_of_limit(name)) is not None
    }
    | {LimitName.COOLDOWN_SECONDS: 0}
)
"""The widest limits that there can be."""

COUNTS: Final = (
    LimitName.USER_CLIPS_PER_HOUR,
    LimitName.USER_CLIPS_PER_DAY,
    LimitName.USER_CLIPS_PER_MONTH,
    LimitName.SERVER_CLIPS_PER_DAY,
    LimitName.SERVER_CLIPS_PER_MONTH,
    LimitName.USER_ACTIVE_JOBS,
    LimitName.SERVER_ACTIVE_JOBS,
    LimitName.COOLDOWN_SECONDS,
)
"""What members with an exempt role are not counted by."""


def over(limits: Limits, *layers: Mapping[str, object]) -> Limits:
    """The limits with those of each layer in their place; the last one wins."""
    merged = {name: value for layer in layers for name, value in layer.items()}
    return limits.model_copy(update=merged) if merged else limits


def narrowest(limits: Limits, ceiling: Limits) -> Limits:
    """Each limit, or its ceiling where that allows less."""
    if ceiling is NO_CEILING:
        return limits
    return limits.model_copy(
        update={
            name.value: _narrower(name, getattr(limits, name.value), getattr(ceiling, name.value))
            for name in LimitName
        }
    )


def most_generous(quotas: Iterable[Mapping[str, object]]) -> dict[str, object]:
    """Of each limit that some of these quotas name, the value that allows the most."""
    found: dict[str, object] = {}
    for quota in quotas:
        for name, value in quota.items():
            known = name in found
            found[name] = _wider(LimitName(name), found[name], value) if known else value
    return found


def _narrower(name: LimitName, one: Any, other: Any) -> Any:
    match name:
        case LimitName.ENDPOINTS:
            return one & other
        case LimitName.COOLDOWN_SECONDS:
            return max(one, other)
        case _:
            return min(one, other, key=_room)


def _wider(name: LimitName, one: Any, other: Any) -> Any:
    match name:
        case LimitName.ENDPOINTS:
            return one | other
        case LimitName.COOLDOWN_SECONDS:
            return min(one, other)
        case _:
            return max(one, other, key=_room)


def _room(value: int | None) -> float:
    """None is no limit."""
    return float("inf") if value is None else value
