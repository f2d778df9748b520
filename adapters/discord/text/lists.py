"""What the private commands show: a server's queue, a member's clips and quota, styles, changes."""

from collections.abc import Iterable, Sequence

from adapters.discord.text.markup import DISCORD
from adapters.discord.text.render import MAX_CONTENT
from generation.domain.job import Job
from generation.domain.refs import UserRef
from generation.domain.report import Report
from generation.rules.audit import AuditEntry
from generation.rules.choices import OwnChoices
from generation.rules.forms.styles import Styles
from generation.service import Quota
from generation.text import lists
from generation.text.controls.actions import settings_lines
from generation.text.controls.reports import report_lines
from generation.text.forms.choices import defaults_lines, notify_lines
from generation.text.forms.styles import removed_style_words, style_in_full, style_lines
from generation.text.money.quota import quota_lines


def queue(jobs: Sequence[Job], viewer: UserRef, backends: Sequence[str] = ()) -> str:
    """A server's clips under way; ``backends`` are sentences about backends in trouble."""
    return fitting(lists.queue_lines(jobs, viewer, backends, DISCORD))


def history(jobs: Sequence[Job]) -> str:
    """A member's own last clips."""
    return fitting(lists.history_lines(jobs, DISCORD))


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
