"""What notices say, by kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from generation.domain.job import JobStatus
from generation.domain.notice import Notice, NoticeKind
from generation.domain.refs import Platform
from generation.domain.report import Decision
from generation.rules.limits import NEVER_REFUSED, LimitName, Limits
from generation.rules.limits.presets import PRESETS
from generation.text.controls.notices import blocked_prompt_lines, report_lines_of
from generation.text.controls.reports import case_id, decision_label
from generation.text.dialect import PLAIN, Dialect, Markup
from generation.text.limits import labelled, limit_label, value_words
from generation.text.money.budgets import budget_notice_sentence
from generation.text.privacy import forgotten_lines

_Details = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NoticeButton:
    """A button under a notice; ``id`` is what the chat's handlers know it by."""

    id: str
    label: Markup
    is_dangerous: bool = False


@dataclass(frozen=True, slots=True)
class NoticeText:
    """A notice, line by line; none of them is empty."""

    lines: tuple[Markup, ...]
    buttons: tuple[NoticeButton, ...] = ()


def notice_text(notice: Notice, d: Dialect = PLAIN) -> NoticeText:
    """What the notice says on this platform."""
    return _TEXTS[notice.kind](notice.details, d)


def _welcome(details: _Details, d: Dialect) -> NoticeText:
    limits = Limits.model_validate_json(details["limits"])
    return NoticeText(
        (
            Markup(d.bold(d.gettext("Flipbook is here: it makes short clips from words."))),
            d.gettext(
                "Try it with {command}.",
                command=Markup(d.code("/animate a paper boat on a stormy sea")),
            ),
            _cost(details, d),
            d.gettext("These limits are in force in this {place}:"),
            *(Markup(f"{d.bullet}{line}") for line in _in_force(limits, d)),
            d.gettext(
                "A preset changes them in one step: {presets}. {command} shows what it would do.",
                presets=", ".join(preset.name for preset in PRESETS),
                command=Markup(d.code(_preset_command(d))),
            ),
            d.gettext(
                "Admins change them with {admin}. What members can do is under {help}.",
                admin=Markup(d.code(d.admin)),
                help=Markup(d.code("/flipbook help")),
            ),
        )
    )


def _preset_command(d: Dialect) -> str:
    # chosen from a list on Discord, typed elsewhere
    typed = "" if d.platform is Platform.DISCORD else PRESETS[0].name.replace(" ", "-")
    command = f"limits preset {typed}".rstrip()
    return f"{d.admin} {command}"


def _in_force(limits: Limits, d: Dialect) -> list[Markup]:
    """The limits that a member may meet; those that limit nothing would only make it longer."""
    values = {name: getattr(limits, name.value) for name in LimitName if name not in NEVER_REFUSED}
    return [
        labelled(limit_label(name, d), Markup(d.bold(value_words(name, value, d))), d)
        for name, value in values.items()
        if value is not None and (value or name is not LimitName.COOLDOWN_SECONDS)
    ]


def _cost(details: _Details, d: Dialect) -> Markup:
    """What a default clip costs."""
    if details.get("free"):
        return d.gettext("Clips cost nothing here.")
    standard, turbo = details["standard"], details["turbo"]
    if standard == turbo:
        return d.gettext("Every clip costs about {cost}.", cost=standard)
    return d.gettext(
        "A clip costs about {standard}, with turbo {turbo}.",
        standard=standard,
        turbo=turbo,
    )


def _log_channel_lost(details: _Details, d: Dialect) -> NoticeText:
    return NoticeText(
        (
            d.gettext(
                "The log channel {channel} is switched off: {reason}. Set it again when that is "
                "fixed.",
                channel=Markup(d.channel(details["channel"])),
                reason=details["reason"],
            ),
        )
    )


def _report(details: _Details, d: Dialect) -> NoticeText:
    buttons = tuple(
        NoticeButton(
            case_id(decision, details["clip"]),
            decision_label(decision, d),
            is_dangerous=decision in {Decision.DELETE, Decision.BLOCK},
        )
        for decision in Decision
    )
    return NoticeText(report_lines_of(details, d), buttons)


def _prompt_blocked(details: _Details, d: Dialect) -> NoticeText:
    return NoticeText(blocked_prompt_lines(details, d))


def _budget(details: _Details, d: Dialect) -> NoticeText:
    return NoticeText((budget_notice_sentence(details, d),))


def _clip_ready(details: _Details, d: Dialect) -> NoticeText:
    who = Markup(d.user(details["asker"]))
    if details["outcome"] == JobStatus.SUCCEEDED:
        return NoticeText((d.gettext("{who}, your clip is ready.", who=who),))
    return NoticeText((d.gettext("{who}, your clip could not be made.", who=who),))


_TEXTS: Final[Mapping[NoticeKind, Callable[[_Details, Dialect], NoticeText]]] = {
    NoticeKind.WELCOME: _welcome,
    NoticeKind.LOG_CHANNEL_LOST: _log_channel_lost,
    NoticeKind.REPORT: _report,
    NoticeKind.PROMPT_BLOCKED: _prompt_blocked,
    NoticeKind.FORGOTTEN: lambda details, d: NoticeText(forgotten_lines(int(details["left"]), d)),
    NoticeKind.BUDGET: _budget,
    NoticeKind.CLIP_READY: _clip_ready,
}
