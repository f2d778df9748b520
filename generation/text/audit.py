"""What admins have changed, one line a change: who changed what, from what to what, and when; and
the rules that are in force."""

import json
from collections.abc import Callable, Iterable
from typing import Final

from generation.protocol.messages import mark
from generation.rules.audit import AuditEntry
from generation.rules.policy import Policy, PolicyName
from generation.text.dialect import PLAIN, Dialect, Markup, capital
from generation.text.forms.styles import style_change
from generation.text.limits import labelled
from generation.text.rules.changes import ceiling_change, pause_change, rule_change
from generation.text.rules.policy import policy_label, policy_words

_RAW_ROOM: Final = 100


def audit_words(entry: AuditEntry, d: Dialect = PLAIN) -> Markup:
    """One entry: ``mia changed frames per clip from 32 to 8 · 5 minutes ago``."""
    who, changes = capital(d.who(entry.by)), d.gettext("; ").join(_changes(entry, d))
    said = f"{who} {changes}" if changes else d.gettext("{who}: no change", who=who)
    return Markup(f"{said} · {d.when(entry.at)}")


def policy_lines(policy: Policy, d: Dialect = PLAIN) -> list[Markup]:
    """The channels that the bot answers in, and the members and words that it refuses."""
    return [
        labelled(policy_label(name, d), policy_words(policy, name, d), d) for name in _MODERATION
    ]


def _changes(entry: AuditEntry, d: Dialect) -> list[Markup]:
    try:
        before, after = json.loads(entry.before), json.loads(entry.after)
        change: Callable[..., Iterable[Markup]] = _KINDS.get(entry.what, rule_change)
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


def _clip_change(did: str, _before: object, clip: object, d: Dialect) -> Iterable[Markup]:
    yield d.gettext(_CLIP_CHANGES[did], clip=Markup(d.code(str(clip))))


_MODERATION: Final = (
    PolicyName.CHANNELS,
    PolicyName.BLOCKED_USERS,
    PolicyName.BLOCKED_TERMS,
    PolicyName.ALLOWED_TERMS,
    PolicyName.REPORTS_UNTIL_HIDDEN,
)
_CLIP_CHANGES: Final[dict[str, str]] = {
    "delete": mark("deleted the clip {clip}"),
    "hide": mark("hid the clip {clip}"),
    "unhide": mark("put the hidden clip {clip} back"),
    "deliver": mark("had the clip {clip} delivered again"),
    "block": mark("hid the clip {clip} and blocked its member"),
    "dismiss": mark("dismissed the reports of the clip {clip}"),
    "cover": mark("covered the clip {clip}"),
    "uncover": mark("uncovered the clip {clip}"),
}
_KINDS: Final[dict[str, Callable[..., Iterable[Markup]]]] = {
    "ceilings": ceiling_change,
    "pause": pause_change,
    "styles": style_change,
    "clip": _clip_change,
}
