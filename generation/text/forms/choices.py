"""What members choose for themselves, as they read and write it in any chat: their defaults, and
when they are told that a clip is ready."""

from collections.abc import Sequence
from typing import Any, Final

from generation.domain.job import Job
from generation.domain.parsing import shown
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.messages import mark
from generation.protocol.request import bounds_of
from generation.rules.choices import DEFAULT_NAMES, MemberChoices, OwnChoices
from generation.rules.forms.form import FormField
from generation.rules.policy import NotifyWhen, Policy
from generation.text.dialect import PLAIN, Dialect, Markup
from generation.text.forms.fields import label_words
from generation.text.limits import labelled
from generation.text.rules import kinds
from generation.text.rules.kinds import FieldKind

_DEFAULTS: Final[dict[str, tuple[str, FieldKind]]] = {
    "endpoint": ("quality", kinds.QUALITY),
    "video_size": ("size", kinds.SIZE),
    "style": ("style", kinds.STYLE),
    "negative_prompt": ("negative", kinds.NEGATIVE),
    "num_frames": ("frames", kinds.number(*bounds_of("num_frames"), default=kinds.MEMBERS_OWN)),
    "fps": ("fps", kinds.number(*bounds_of("fps"), default=kinds.MEMBERS_OWN)),
    "num_inference_steps": (
        "steps",
        kinds.number(*bounds_of("num_inference_steps"), default=kinds.MEMBERS_OWN),
    ),
}
"""By the request's field: what is typed, and what it may be."""
SERVERS_CHOICE: Final = "default"
"""Typed to go back to what the server's admins have chosen."""
EVERYTHING: Final = "all"
"""Typed to take back every default."""
_TOLD: Final = {
    NotifyWhen.NEVER: mark("You are not told when a clip of yours is ready."),
    NotifyWhen.WHEN_SLOW: mark(
        "You are told when a clip of yours is ready that took more than a minute."
    ),
    NotifyWhen.ALWAYS: mark("You are told of every clip of yours that is ready."),
}
_SERVERS: Final = {
    "endpoint": "default_quality",
    "video_size": "default_size",
    "num_frames": "default_frames",
    "fps": "default_fps",
    "num_inference_steps": "default_steps",
}
"""The server's own defaults, by the field of its policy."""


def servers_choice_words(d: Dialect) -> Markup:
    """To go back to what the server's admins have chosen."""
    return d.gettext("as this {place} has it")


def typed_names() -> tuple[str, ...]:
    """What members can have a default of, as they type it."""
    return tuple(_DEFAULTS[name][0] for name in DEFAULT_NAMES)


def notify_choices(d: Dialect) -> Sequence[tuple[str, str]]:
    """What is offered after ``/flipbook notify``: what is read, and what is typed."""
    whens = [(kinds.NOTIFY.write(when, d), when.value) for when in NotifyWhen]
    return [*whens, (servers_choice_words(d), SERVERS_CHOICE)]


def default_named(text: str, d: Dialect = PLAIN) -> str:
    """The request's field that a member names. Raises InvalidRequest."""
    typed = text.strip().lower().replace("-", "_")
    for name, (word, _) in _DEFAULTS.items():
        if typed in {word, name}:
            return name
    allowed = ", ".join(typed_names())
    raise InvalidRequest((Violation(str(d.gettext("Default")), allowed, shown(text)),))


def default_value(name: str, text: str, d: Dialect = PLAIN) -> object:
    """The value that a member writes for a default; None takes it back. Raises InvalidRequest."""
    kind = _DEFAULTS[name][1]
    try:
        value = kind.read(text)
    except (KeyError, ValueError):
        called, allowed = str(_label(name, d)), str(kind.allowed_words(d))
        raise InvalidRequest((Violation(called, allowed, shown(text)),)) from None
    # an empty negative prompt is the usual one
    return None if value == "" else value


def allowed_default_words(name: str, d: Dialect = PLAIN) -> Markup:
    """What may be written for a default."""
    return _DEFAULTS[name][1].allowed_words(d)


def notify_value(text: str, d: Dialect = PLAIN) -> NotifyWhen | None:
    """When a member wants to be told; None: as the server has it. Raises InvalidRequest."""
    if text.strip().lower() == SERVERS_CHOICE:
        return None
    try:
        return NotifyWhen(str(kinds.NOTIFY.read(text)))
    except ValueError:
        allowed = d.gettext("never, when slow, always or default")
        raise InvalidRequest(
            (Violation(str(d.gettext("When")), str(allowed), shown(text)),)
        ) from None


def notify_lines(own: OwnChoices, d: Dialect) -> list[Markup]:
    """When the member is told, and whose choice that is."""
    return [d.gettext(_TOLD[own.notify]), _whose_choice(own, d)]


def defaults_lines(own: OwnChoices, d: Dialect) -> list[Markup]:
    """Every default of a member, and what holds where they have none."""
    title = Markup(d.bold(d.gettext("Your defaults in this {place}")))
    lines = [_default_line(name, own, d) for name in DEFAULT_NAMES]
    return [
        title,
        *(Markup(f"{d.bullet}{line}") for line in lines),
        *_narrowed(own, d),
        d.gettext(
            "They stand in your forms, and hold wherever you ask for nothing else. A clip without "
            "your style is asked for with the style {none}.",
            none=Markup(d.code("none")),
        ),
    ]


def defaults_words(job: Job, d: Dialect = PLAIN) -> list[Markup]:
    """``own defaults: size, style``, ``this server's default: steps``: what of a clip nobody has
    asked for; none for most."""
    own, servers = (_names_of(names, d) for names in (job.own_defaults, job.servers_defaults))
    said = []
    if own:
        said.append(
            d.ngettext(
                "own default: {names}", "own defaults: {names}", len(own), names=", ".join(own)
            )
        )
    if servers:
        said.append(
            d.ngettext(
                "default of this {place}: {names}",
                "defaults of this {place}: {names}",
                len(servers),
                names=", ".join(servers),
            )
        )
    return said


def _names_of(fields: Sequence[str], d: Dialect) -> list[str]:
    # one that a later version has stored is not known here
    return [_label(name, d).lower() for name in fields if name in _DEFAULTS]


def how_to_change_words(d: Dialect) -> Markup:
    """Where it is typed."""
    return d.gettext(
        "Change one with {one}, where NAME is {names}; take one back with {back}, or all with "
        "{all}.",
        one=Markup(d.code("/flipbook defaults NAME VALUE")),
        names=", ".join(typed_names()),
        back=Markup(d.code("/flipbook defaults NAME none")),
        all=Markup(d.code("/flipbook defaults reset")),
    )


def _label(name: str, d: Dialect) -> Markup:
    return label_words(FormField(name), d)


def _whose_choice(own: OwnChoices, d: Dialect) -> Markup:
    if own.chosen.notify is None:
        return d.gettext(
            "That is how this {place} has it; with {command} you choose for yourself.",
            command=Markup(d.code("/flipbook notify")),
        )
    return d.gettext("That is your own choice.")


def _default_line(name: str, own: OwnChoices, d: Dialect) -> Markup:
    kind, called = _DEFAULTS[name][1], _label(name, d)
    value = getattr(own.chosen, name)
    if value is not None:
        return labelled(called, Markup(d.bold(kind.write(value, d))), d)
    servers = _servers_default(name, own.policy)
    if servers is None:
        return labelled(called, Markup(kind.write(None, d)), d)
    said = d.gettext("{value}, as in this {place}", value=Markup(kind.write(servers, d)))
    return labelled(called, said, d)


def _servers_default(name: str, policy: Policy) -> Any:
    return getattr(policy, _SERVERS[name]) if name in _SERVERS else None


def _narrowed(own: OwnChoices, d: Dialect) -> list[Markup]:
    """Which of the defaults the limits do not allow as they are."""
    names = [
        _label(name, d).lower()
        for name in DEFAULT_NAMES
        if _is_narrowed(name, own.chosen, own.in_force)
    ]
    if not names:
        return []
    return [d.gettext("Narrowed by the limits of this {place}: {names}", names=", ".join(names))]


def _is_narrowed(name: str, chosen: MemberChoices, in_force: MemberChoices) -> bool:
    return bool(getattr(chosen, name) != getattr(in_force, name))
