"""A policy's fields as admins read and write them in any chat and in the terminal."""

from typing import Any, Final

from generation.domain.parsing import shown
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.messages import mark
from generation.protocol.request import bounds_of
from generation.rules.policy import Policy, PolicyName
from generation.text.dialect import PLAIN, Dialect, Markup, capital
from generation.text.rules import kinds
from generation.text.rules.kinds import FieldKind

_KINDS: Final[dict[PolicyName, tuple[str, FieldKind]]] = {
    PolicyName.CHANNELS: (mark("channels"), kinds.CHANNELS),
    PolicyName.DENIED_CHANNELS: (mark("channels without the bot"), kinds.DENIED_CHANNELS),
    PolicyName.AGE_RESTRICTED: (mark("channels by age restriction"), kinds.AGE),
    PolicyName.ALLOWED_USERS: (mark("members who may ask"), kinds.ALLOWED_USERS),
    PolicyName.BLOCKED_USERS: (mark("blocked members"), kinds.BLOCKED_USERS),
    PolicyName.ALLOWED_ROLES: (mark("roles that may ask"), kinds.ALLOWED_ROLES),
    PolicyName.EXEMPT_ROLES: (mark("roles that are not counted"), kinds.EXEMPT_ROLES),
    PolicyName.BLOCKED_TERMS: (mark("blocked words"), kinds.TERMS),
    PolicyName.ALLOWED_TERMS: (mark("allowed phrases"), kinds.TERMS),
    PolicyName.REPORTS_UNTIL_HIDDEN: (
        mark("reports until a clip is hidden"),
        kinds.number(0, 100),
    ),
    PolicyName.ADDED_NEGATIVE: (mark("addition to negative prompts"), kinds.NEGATIVE),
    PolicyName.DEFAULT_QUALITY: (mark("default quality"), kinds.QUALITY),
    PolicyName.DEFAULT_SIZE: (mark("default size"), kinds.SIZE),
    PolicyName.DEFAULT_FRAMES: (
        mark("default frames"),
        kinds.number(*bounds_of("num_frames"), default=kinds.MEMBERS_OWN),
    ),
    PolicyName.DEFAULT_STEPS: (
        mark("default steps"),
        kinds.number(*bounds_of("num_inference_steps"), default=kinds.MEMBERS_OWN),
    ),
    PolicyName.DEFAULT_FPS: (
        mark("default frames per second"),
        kinds.number(*bounds_of("fps"), default=kinds.MEMBERS_OWN),
    ),
    PolicyName.TIME_ZONE: (mark("time zone"), kinds.ZONE),
    PolicyName.LOG_CHANNEL: (mark("log channel"), kinds.LOG_CHANNEL),
    PolicyName.REROLL_EMOJI: (mark("emoji that re-roll"), kinds.EMOJI),
    PolicyName.NOTIFY: (mark("notices of ready clips"), kinds.NOTIFY),
}
_TYPED: Final = {
    PolicyName.BLOCKED_USERS: "blocked_members",
    PolicyName.ALLOWED_USERS: "allowed_members",
    PolicyName.BLOCKED_TERMS: "blocked_words",
    PolicyName.ALLOWED_TERMS: "allowed_phrases",
    PolicyName.ADDED_NEGATIVE: "negative",
}
"""Fields that people type by another name than the one that is stored."""

LISTS: Final = tuple(name for name, (_, kind) in _KINDS.items() if kind.is_list)
"""Fields to which admins add, and from which they remove."""


def policy_label(name: PolicyName, d: Dialect = PLAIN) -> Markup:
    """What a field is called within a sentence."""
    return d.gettext(_KINDS[name][0])


def typed_policy_name(name: PolicyName) -> str:
    """A field's name as admins type it."""
    return _TYPED.get(name, name.value)


def policy_named(text: str) -> PolicyName:
    """The field that an admin has typed the name of, by its stored name too. Raises ValueError."""
    typed = text.strip().lower().replace("-", "_").replace(" ", "_")
    found = next((name for name in PolicyName if typed == typed_policy_name(name)), None)
    return found or PolicyName(typed)


def policy_value(name: PolicyName, text: str, d: Dialect = PLAIN) -> object:
    """What an admin has written, as the field of Policy takes it. Raises InvalidRequest for
    anything else."""
    try:
        return _KINDS[name][1].read(text)
    except (ValueError, KeyError):
        # plain text: it is escaped where it is shown
        label, allowed = str(capital(policy_label(name, d))), str(policy_range_words(name, d))
        raise InvalidRequest((Violation(label, allowed, shown(text)),)) from None


def policy_range_words(name: PolicyName, d: Dialect = PLAIN) -> Markup:
    """What may be written for a field."""
    return _KINDS[name][1].allowed_words(d)


def policy_words(policy: Policy, name: PolicyName, d: Dialect = PLAIN) -> Markup:
    """One field's value."""
    return policy_value_words(name, getattr(policy, name.value), d)


def policy_value_words(name: PolicyName, value: Any, d: Dialect = PLAIN) -> Markup:
    """A value of that field, of its type or as JSON has it."""
    return Markup(_KINDS[name][1].write(value, d))


def is_set(policy: Policy, name: PolicyName) -> bool:
    """Whether the field is another than without a policy."""
    return bool(getattr(policy, name.value) != getattr(_NO_POLICY, name.value))


_NO_POLICY: Final = Policy()
