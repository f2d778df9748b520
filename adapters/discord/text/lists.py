"""What the private commands show: a server's queue, a member's clips and quota, styles, changes."""

from collections.abc import Iterable, Sequence

from adapters.discord.text.markup import DISCORD, clip_url
from adapters.discord.text.render import MAX_CONTENT
from generation.domain.gallery import HistoryPage, JobUnderWay
from generation.domain.job import Job
from generation.domain.refs import MessageRef, UserRef
from generation.domain.report import Report
from generation.rules.audit import AuditEntry
from generation.rules.choices import OwnChoices
from generation.rules.forms.styles import Styles
from generation.service import Quota
from generation.text import lists
from generation.text.controls.actions import clip_lines, settings_lines
from generation.text.controls.reports import report_lines
from generation.text.dialect import Markup
from generation.text.forms.choices import defaults_lines, notify_lines
from generation.text.forms.styles import removed_style_words, style_in_full, style_lines
from generation.text.money.quota import quota_lines


def queue(jobs: Sequence[JobUnderWay], viewer: UserRef, backends: Sequence[str] = ()) -> str:
    """A server's clips under way; ``backends`` are sentences about backends in trouble."""
    return fitting(lists.queue_lines(jobs, viewer, backends, DISCORD))


def history(page: HistoryPage) -> str:
    """A page of a member's own clips."""
    head = lists.history_head(page, DISCORD)
    shown = (
        lists.history_line(each.job, clip_url(each.job, each.message), DISCORD)
        for each in page.shown
    )
    return fitting([*head, *(f"{DISCORD.bullet}{line}" for line in shown)])


def clip(job: Job, message: MessageRef | None) -> str:
    """One clip that was chosen from a list, with a link to its message."""
    lines = clip_lines(job, DISCORD)
    if (url := clip_url(job, message)) is not None:
        lines.append(Markup(DISCORD.link(url, DISCORD.gettext(lists.GO_THERE))))
    return fitting(lines)


def settings(job: Job, command: str) -> tuple[str, bool]:
    """How a clip was made, and whether the command that makes it again fits beside it."""
    code = f"`{command.replace('`', chr(39))}`" if command else ""
    text = "\n".join(settings_lines(job, code, DISCORD))
    if len(text) <= MAX_CONTENT:
        return text, True
    without = "\n".join(settings_lines(job, "", DISCORD))
    said = DISCORD.gettext("The command that asks for the same again is in the file.")
    return f"{without}\n{said}"[:MAX_CONTENT], False


def details(job: Job) -> str:
    """A job that has no clip yet, or never will."""
    return "\n".join(lists.detail_lines(job, DISCORD))


def quota(found: Quota) -> str:
    """A member's and the server's usage beside the limits, and when the day starts again."""
    return "\n".join(
        quota_lines(found.limits, found.usage, DISCORD, hour_resets_at=found.hour_resets_at)
    )


def notify(own: OwnChoices) -> str:
    """When the member is told that a clip is ready."""
    return fitting(notify_lines(own, DISCORD))


def defaults(own: OwnChoices) -> str:
    """The member's own defaults."""
    return fitting(defaults_lines(own, DISCORD))


def styles(found: Styles) -> str:
    """The styles of a server."""
    return fitting(style_lines(found, DISCORD))


def style(found: Styles, name: str) -> str:
    """One style in full, as after it was added or changed."""
    return style_in_full(found, name, DISCORD)


def removed_style(name: str) -> str:
    """After a style was removed."""
    return removed_style_words(name, DISCORD)


def audit(entries: Sequence[AuditEntry]) -> str:
    """The changes of a server's limits and policy, newest first."""
    return fitting(lists.audit_list(entries, DISCORD))


def reports(open_reports: Sequence[Report]) -> str:
    """What no admin has decided."""
    return fitting(report_lines(open_reports, DISCORD))


def fitting(lines: Iterable[str]) -> str:
    """As many lines as fit into a message."""
    more = DISCORD.gettext(lists.MORE)
    text = ""
    for line in lines:
        longer = f"{text}\n{line}" if text else line
        # room for the last line, which says that there are more
        if len(longer) + len(more) + 1 > MAX_CONTENT:
            return f"{text}\n{more}"
        text = longer
    return text
