"""What the ``/flipbook`` commands show to one member: the queue, a member's clips and quota,
styles, changes."""

from collections.abc import Sequence
from typing import Final

from adapters.slack.models import SlackContent
from adapters.slack.text.markup import SLACK, escaped_within
from generation.domain.job import Job
from generation.rules.audit import AuditEntry
from generation.rules.choices import OwnChoices
from generation.rules.forms.styles import Styles
from generation.service import Quota
from generation.text import lists
from generation.text.controls.actions import again_words, on_its_way_words
from generation.text.dialect import Markup
from generation.text.forms.choices import defaults_lines, how_to_change_words, notify_lines
from generation.text.forms.styles import removed_style_words, style_in_full, style_lines
from generation.text.money.quota import quota_lines

MOST_AUDITED: Final = 10


def job_content(job: Job, *, link: str | None, comes_again: bool, again: str) -> SlackContent:
    """One job, and where its clip is; ``comes_again``: it is being delivered again, ``again`` the
    command that asks for the same clip."""
    # a backtick would end the code, and escaping makes a text up to five times as long
    command = Markup(f"`{escaped_within(again.replace('`', chr(39)), 3_000)}`")
    lines: list[str] = [
        *lists.detail_lines(job, SLACK),
        again_words(command, SLACK),
    ]
    if link is not None:
        lines.append(SLACK.link(link, SLACK.gettext(lists.GO_THERE)))
    if comes_again:
        lines.append(on_its_way_words(SLACK))
    return of_lines(lines)


def notify_content(own: OwnChoices) -> SlackContent:
    """When the member is told that a clip is ready."""
    return SlackContent("\n".join(notify_lines(own, SLACK)))


def defaults_content(own: OwnChoices) -> SlackContent:
    """The member's own defaults, and how they are changed."""
    return SlackContent("\n".join([*defaults_lines(own, SLACK), how_to_change_words(SLACK)]))


def quota_content(quota: Quota) -> SlackContent:
    """What a member and the workspace have used of their limits."""
    return of_lines(
        quota_lines(quota.limits, quota.usage, SLACK, hour_resets_at=quota.hour_resets_at)
    )


def styles_content(styles: Styles) -> SlackContent:
    """The styles of a workspace."""
    return of_lines(style_lines(styles, SLACK))


def style_content(styles: Styles, name: str) -> SlackContent:
    """One style in full, as after it was added or changed."""
    return of_lines([style_in_full(styles, name, SLACK)])


def removed_style_content(name: str) -> SlackContent:
    """After a style was removed."""
    return of_lines([removed_style_words(name, SLACK)])


def audit_content(entries: Sequence[AuditEntry]) -> SlackContent:
    """Who changed what, newest first."""
    return of_lines(lists.audit_list(entries, SLACK))


def of_lines(lines: Sequence[str]) -> SlackContent:
    """A message of these lines."""
    return SlackContent("\n".join(lines))
