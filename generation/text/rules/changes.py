"""What was changed of a server's rules, one clause for each field: ``changed frames per clip from
32 to 8``, ``blocked “gore”``."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from generation.protocol.messages import mark
from generation.rules.limits import LimitName
from generation.rules.policy import PolicyName
from generation.text.dialect import Dialect, Markup
from generation.text.limits import limit_label, value_words
from generation.text.rules.policy import LISTS, policy_label, policy_value_words

_CHANGED: Final = mark("changed {label} from {before} to {after}")
_BLOCKED: Final = (mark("blocked {names}"), mark("unblocked {names}"))
_LISTED: Final = {
    PolicyName.BLOCKED_USERS: _BLOCKED,
    PolicyName.BLOCKED_TERMS: _BLOCKED,
    PolicyName.ALLOWED_TERMS: (
        mark("allowed {names} in prompts"),
        mark("no longer allowed {names} in prompts"),
    ),
}
_OTHERS: Final = (mark("added {names} to the {label}"), mark("took {names} from the {label}"))
_NO_LIST: Final = frozenset({PolicyName.CHANNELS, PolicyName.REROLL_EMOJI})
"""Whose whole value says more than what was added."""
_SILENT: Final = "zone_change"
"""Changes with the time zone."""
_ROLES: Final = "role_limits"
_MOST_REASON: Final = 300


def rule_change(key: str, before: Any, after: Any, d: Dialect) -> Iterable[Markup]:
    """A field of the limits or of the policy; the values are as JSON has them. Raises ValueError
    for a name that is neither."""
    if key == _SILENT:
        return
    if key == _ROLES:
        yield from _role_changes(before or {}, after or {}, d)
    elif key in set(LimitName):
        yield _limit_change(LimitName(key), before, after, d)
    else:
        yield from _policy_change(PolicyName(key), before, after, d)


def ceiling_change(key: str, before: Any, after: Any, d: Dialect) -> Iterable[Markup]:
    """A ceiling of the operator's; None: there is none."""
    name = LimitName(key)
    yield d.gettext(
        "changed the ceiling of {label} from {before} to {after}",
        label=limit_label(name, d),
        before=value_words(name, before, d),
        after=value_words(name, after, d),
    )


def pause_change(key: str, _before: Any, after: Any, d: Dialect) -> Iterable[Markup]:
    """A pause of the operator's, by its parts."""
    if key != "reason":
        if key == "until" and after is not None:
            yield d.gettext("it goes on {when}", when=Markup(d.when(datetime.fromisoformat(after))))
        if key == "holds_waiting" and after:
            yield d.gettext("held the clips that waited")
        return
    if after is None:
        yield d.gettext("let new clips be made again")
    elif after:
        reason = Markup(d.quote(after, _MOST_REASON))
        yield d.gettext("paused new clips: {reason}", reason=reason)
    else:
        yield d.gettext("paused new clips")


def _limit_change(name: LimitName, before: Any, after: Any, d: Dialect) -> Markup:
    return d.gettext(
        _CHANGED,
        label=limit_label(name, d),
        before=value_words(name, before, d),
        after=value_words(name, after, d),
    )


def _policy_change(name: PolicyName, before: Any, after: Any, d: Dialect) -> Iterable[Markup]:
    if name not in LISTS or name in _NO_LIST:
        label = d.gettext("the {label}", label=policy_label(name, d))
        yield d.gettext(
            _CHANGED,
            label=label,
            before=policy_value_words(name, before, d),
            after=policy_value_words(name, after, d),
        )
        return
    added_message, removed_message = _LISTED.get(name, _OTHERS)
    yield from _names(added_message, name, _without(after, before), d)
    yield from _names(removed_message, name, _without(before, after), d)


def _names(message: str, name: PolicyName, values: list[str], d: Dialect) -> Iterable[Markup]:
    if values:
        names = policy_value_words(name, values, d)
        yield d.gettext(message, names=names, label=policy_label(name, d))


def _without(values: Sequence[str], others: Sequence[str]) -> list[str]:
    return sorted(set(values) - set(others))


def _role_changes(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]], d: Dialect
) -> Iterable[Markup]:
    for role in sorted({**before, **after}):
        was, now = before.get(role), after.get(role)
        if was == now:
            continue
        named = Markup(d.role(role))
        if now is None:
            yield d.gettext("ended the limits of {role}", role=named)
        else:
            yield d.gettext(
                "set the limits of {role}: {limits}", role=named, limits=role_limit_words(now, d)
            )


def role_limit_words(quota: Mapping[str, Any], d: Dialect) -> Markup:
    """``clips per member per day 50, steps per clip 30``."""
    return Markup(
        ", ".join(
            d.gettext(
                "{label} {value}",
                label=limit_label(LimitName(name), d),
                value=value_words(LimitName(name), value, d),
            )
            for name, value in quota.items()
        )
    )
