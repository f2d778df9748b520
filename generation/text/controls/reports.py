"""What members and admins read about reported clips."""

from collections.abc import Mapping, Sequence
from typing import Final

from generation.domain.clip_actions import ClipState, state_of
from generation.domain.job import Job, JobId
from generation.domain.refs import UserRef
from generation.domain.report import Decision, Report, ReportReason
from generation.protocol.messages import mark
from generation.text.controls.labels import DELETE
from generation.text.dialect import Dialect, Markup

REPORT_TITLE: Final = mark("Report this clip")
REPORT_CLIP: Final = mark("Report this clip to the admins")
ASK_REASON: Final = mark("Why should this clip not be shown?")
ASK_WORDS: Final = mark("Anything else")
THANKS: Final = mark(
    "Thank you. The admins of this {place} will look at it. Nobody else is told who reported it."
)
_WORDS_ROOM: Final = 500
REASONS: Final[Mapping[ReportReason, str]] = {
    ReportReason.SEXUAL: mark("Nudity or sexual content"),
    ReportReason.VIOLENT: mark("Violence or gore"),
    ReportReason.PERSON: mark("It harms or shows a real person"),
    ReportReason.OTHER: mark("Something else"),
}
DECISIONS: Final[Mapping[Decision, str]] = {
    Decision.HIDE: mark("Hide"),
    Decision.DELETE: DELETE,
    Decision.BLOCK: mark("Block member"),
    Decision.DISMISS: mark("Dismiss"),
}
_DECIDED: Final[Mapping[Decision, str]] = {
    Decision.HIDE: mark("Decided by {who}: the clip {clip} is hidden."),
    Decision.DELETE: mark("Decided by {who}: the clip {clip} is deleted."),
    Decision.BLOCK: mark("Decided by {who}: the clip {clip} is hidden, and its member is blocked."),
    Decision.DISMISS: mark("Decided by {who}: the clip {clip} stays as it is."),
}
_DECIDED_BEFORE: Final[Mapping[Decision, str]] = {
    Decision.HIDE: mark("It was decided already, by {who}: the clip is hidden."),
    Decision.DELETE: mark("It was decided already, by {who}: the clip is deleted."),
    Decision.BLOCK: mark(
        "It was decided already, by {who}: the clip is hidden, its member blocked."
    ),
    Decision.DISMISS: mark("It was decided already, by {who}: the clip stays as it is."),
}


def reason_words(reason: ReportReason, d: Dialect) -> Markup:
    """A reason, as members choose it."""
    return d.gettext(REASONS[reason])


def decision_label(decision: Decision, d: Dialect) -> Markup:
    """A decision, as a button says it."""
    return d.gettext(DECISIONS[decision])


def decided_words(job: Job, decision: Decision, by: UserRef, d: Dialect) -> Markup:
    """After an admin's press."""
    return d.gettext(_DECIDED[decision], who=d.who(by), clip=Markup(d.code(job.name)))


def decided_before_words(decision: str, by: UserRef, d: Dialect) -> Markup:
    """After a press that came too late."""
    return d.gettext(_DECIDED_BEFORE[Decision(decision)], who=d.who(by))


def thanks_words(job: Job, d: Dialect) -> Markup:
    """What the member who reported reads."""
    said = d.gettext(THANKS)
    if state_of(job) is not ClipState.HIDDEN:
        return said
    hidden = d.gettext("It is hidden until one of them decides.")
    return Markup(f"{said} {hidden}")


def report_lines(reports: Sequence[Report], d: Dialect) -> list[Markup]:
    """The reports that no admin has decided."""
    if not reports:
        return [d.gettext("No report is open in this {place}.")]
    title = Markup(d.bold(d.gettext("Open reports")))
    return [title, *(Markup(f"{d.bullet}{_report_line(each, d)}") for each in reports)]


def case_id(decision: Decision, job_id: JobId | str) -> str:
    """The id of an admin's button, the same in both chats."""
    return f"v1:case:{decision.value}:{job_id}"


def _report_line(report: Report, d: Dialect) -> Markup:
    said = d.gettext(
        "{clip}, reported by {who} {when}: {reason}",
        clip=Markup(d.code(report.clip)),
        who=d.who(report.by),
        when=Markup(d.when(report.at)),
        reason=reason_words(report.reason, d),
    )
    if not report.words:
        return said
    return Markup(f"{said} · “{d.quote(report.words, _WORDS_ROOM // 4)}”")
