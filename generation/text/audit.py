"""What admins have changed, one line a change: who changed what, from what to what, and when; and
the rules that are in force."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from generation.rules.audit import AuditEntry
from generation.rules.limits import LimitName
from generation.rules.policy import Policy
from generation.text.dialect import PLAIN, Dialect, Markup, capital, excerpt
from generation.text.limits import NONE, limit_label, value_words
from generation.text.styles import style_change

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
    ]


def _changes(entry: AuditEntry, d: Dialect) -> list[Markup]:
    try:
        before, after = json.loads(entry.before), json.loads(entry.after)
        change = {"limits": _limit_change, "styles": style_change}.get(entry.what, _rule_change)
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
    named = _NAMED[key]
    if added := set(after) - set(before):
        yield d.gettext("blocked {names}", names=named(added, d))
    if removed := set(before) - set(after):
        yield d.gettext("unblocked {names}", names=named(removed, d))


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
}
