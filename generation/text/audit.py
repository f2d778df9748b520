"""What admins have changed, one line a change: who changed what, from what to what, and when; and
the rules that are in force."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from generation.protocol.messages import mark
from generation.rules.audit import AuditEntry
from generation.rules.limits import LimitName
from generation.rules.policy import Policy
from generation.text.dialect import PLAIN, Dialect, Markup, capital, excerpt
from generation.text.forms.styles import style_change
from generation.text.limits import NONE, limit_label, value_words

_MOST_NAMED: Final = 20
_TERM_ROOM: Final = 60
_RAW_ROOM: Final = 100


def audit_words(entry: AuditEntry, d: Dialect = PLAIN) -> Markup:
    """One entry: ``mia changed frames per clip from 32 to 8 · 5 minutes ago``."""
    who, changes = capital(d.who(entry.by)), d.gettext("; ").join(_changes(entry, d))
    said = f"{who} {changes}" if changes else d.gettext("{who}: no change", who=who)
    return Markup(f"{said} · {d.when(entry.at)}")


def policy_lines(policy: Policy, d: Dialect = PLAIN) -> list[Markup]:
    """The channels that the bot answers in, and the members and words that it refuses."""
    return [
        d.gettext("Channels: {channels}", channels=_channels(policy.channels, d)),
        d.gettext(
            "Blocked members: {users}", users=_users(policy.blocked_users, d) or d.gettext("nobody")
        ),
        d.gettext(
            "Blocked words: {terms}", terms=_terms(policy.blocked_terms, d) or d.gettext(NONE)
        ),
        d.gettext(
            "Allowed phrases: {terms}", terms=_terms(policy.allowed_terms, d) or d.gettext(NONE)
        ),
        d.gettext(
            "Reports until a clip is hidden: {n}",
            n=str(policy.reports_until_hidden or d.gettext(NONE)),
        ),
    ]


def _changes(entry: AuditEntry, d: Dialect) -> list[Markup]:
    try:
        before, after = json.loads(entry.before), json.loads(entry.after)
        change = _KINDS.get(entry.what, _rule_change)
        return [
            words
            for key in before | after
            for words in change(key, before.get(key), after.get(key), d)
        ]
    # written by another version: as it stands
    except (ValueError, TypeError, KeyError, AttributeError):
        return [
            d.gettext(
                "changed the {what} from {before} to {after}",
                what=entry.what,
                before=Markup(d.quote(entry.before, _RAW_ROOM)),
                after=Markup(d.quote(entry.after, _RAW_ROOM)),
            )
        ]


def _limit_change(key: str, before: object, after: object, d: Dialect) -> Iterable[Markup]:
    name = LimitName(key)
    yield d.gettext(
        "changed {label} from {before} to {after}",
        label=limit_label(name, d),
        before=value_words(name, before, d),
        after=value_words(name, after, d),
    )


def _rule_change(
    key: str, before: Sequence[str], after: Sequence[str], d: Dialect
) -> Iterable[Markup]:
    if key == "channels":
        yield d.gettext(
            "changed the channels from {before} to {after}",
            before=_channels(before, d),
            after=_channels(after, d),
        )
        return
    if key == "reports_until_hidden":
        yield d.gettext(
            "changed the reports after which a clip is hidden from {before} to {after}",
            before=str(before),
            after=str(after),
        )
        return
    named = _NAMED[key]
    was_added, was_removed = _ALLOWED if key == "allowed_terms" else _BLOCKED
    if added := set(after) - set(before):
        yield d.gettext(was_added, names=named(added, d))
    if removed := set(before) - set(after):
        yield d.gettext(was_removed, names=named(removed, d))


def _clip_change(did: str, _before: object, clip: object, d: Dialect) -> Iterable[Markup]:
    yield d.gettext(_CLIP_CHANGES[did], clip=Markup(d.code(str(clip))))


def _channels(ids: Iterable[str], d: Dialect) -> Markup:
    return _listed([d.channel(each) for each in sorted(ids)], d) or d.gettext("every channel")


def _users(ids: Iterable[str], d: Dialect) -> Markup:
    return _listed([d.user(each) for each in sorted(ids)], d)


def _terms(terms: Iterable[str], d: Dialect) -> Markup:
    return _listed([_term(each, d) for each in sorted(terms)], d)


def _term(term: str, d: Dialect) -> str:
    """As it was written, in a form in which no markup is read: asterisks are part of a term."""
    line = excerpt(term, _TERM_ROOM)
    code = d.code(line)
    # the terminal has no code, and in code no backtick can be written
    return f"“{d.quote(term, _TERM_ROOM)}”" if code == line or "`" in line else code


def _listed(names: Sequence[str], d: Dialect) -> Markup:
    listed, more = ", ".join(names[:_MOST_NAMED]), len(names) - _MOST_NAMED
    if more <= 0:
        return Markup(listed)
    return d.ngettext("{names} and {n} more", "{names} and {n} more", more, names=Markup(listed))


_NAMED: Final[dict[str, Callable[[Iterable[str], Dialect], Markup]]] = {
    "blocked_users": _users,
    "blocked_terms": _terms,
    "allowed_terms": _terms,
}
_BLOCKED: Final = (mark("blocked {names}"), mark("unblocked {names}"))
_ALLOWED: Final = (
    mark("allowed {names} in prompts"),
    mark("no longer allowed {names} in prompts"),
)
_CLIP_CHANGES: Final[dict[str, str]] = {
    "delete": mark("deleted the clip {clip}"),
    "hide": mark("hid the clip {clip}"),
    "block": mark("hid the clip {clip} and blocked its member"),
    "dismiss": mark("dismissed the reports of the clip {clip}"),
    "cover": mark("covered the clip {clip}"),
    "uncover": mark("uncovered the clip {clip}"),
}
_KINDS: Final[dict[str, Callable[..., Iterable[Markup]]]] = {
    "limits": _limit_change,
    "styles": style_change,
    "clip": _clip_change,
}
