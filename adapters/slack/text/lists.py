"""What the ``/flipbook`` commands show to one member: the queue, a member's clips and quota, a
workspace's limits and rules."""

from collections.abc import Sequence
from typing import Final

from adapters.slack.models import SlackContent
from adapters.slack.text.markup import SLACK, escaped_within
from generation.domain.job import Job
from generation.domain.refs import UserRef
from generation.rules.audit import AuditEntry
from generation.rules.limits import LimitName, Limits
from generation.rules.policy import Policy
from generation.rules.styles import Styles
from generation.service import Quota
from generation.text import lists
from generation.text.dialect import Markup
from generation.text.forms.styles import removed_style_words, style_in_full, style_lines
from generation.text.limits import changed_limit_words
from generation.text.money.quota import quota_lines

MOST_LISTED: Final = 15
MOST_AUDITED: Final = 10


def queue_content(
    jobs: Sequence[Job], reader: UserRef, backends: Sequence[str] = ()
) -> SlackContent:
    """A workspace's jobs under way, oldest first; ``backends`` are sentences about backends in
    trouble."""
    lines = lists.queue_lines(jobs[:MOST_LISTED], reader, backends, SLACK)
    return _content([*lines, SLACK.gettext(lists.MORE)] if len(jobs) > MOST_LISTED else lines)


def history_content(jobs: Sequence[Job]) -> SlackContent:
    """A member's own jobs, newest first."""
    return _content(lists.history_lines(jobs, SLACK))


def job_content(job: Job, *, link: str | None, comes_again: bool, again: str) -> SlackContent:
    """One job, and where its clip is; ``comes_again``: it is being delivered again, ``again`` the
    command that asks for the same clip."""
    # a backtick would end the code, and escaping makes a text up to five times as long
    command = Markup(f"`{escaped_within(again.replace('`', chr(39)), 3_000)}`")
    lines: list[str] = [
        *lists.detail_lines(job, SLACK),
        SLACK.gettext("Ask for the same again: {command}", command=command),
    ]
    if link is not None:
        lines.append(SLACK.link(link, SLACK.gettext("Go to its message")))
    if comes_again:
        lines.append(SLACK.gettext("The clip is on its way to you in a direct message."))
    return _content(lines)


def quota_content(quota: Quota) -> SlackContent:
    """What a member and the workspace have used of their limits."""
    return _content(
        quota_lines(quota.limits, quota.usage, SLACK, hour_resets_at=quota.hour_resets_at)
    )


def limits_content(
    limits: Limits, *, changed: LimitName | None = None, before: Limits | None = None
) -> SlackContent:
    """The limits in force; ``changed`` is the one that was just set, ``before`` the limits until
    then."""
    lines = lists.limits_list(limits, SLACK)
    if changed is not None:
        lines.insert(0, changed_limit_words(limits, changed, SLACK, before=before))
    return _content(lines)


def policy_content(policy: Policy, *, before: Policy | None = None) -> SlackContent:
    """Where the bot answers, and which members and words are blocked."""
    return _content(lists.policy_list(policy, SLACK, before=before))


def styles_content(styles: Styles) -> SlackContent:
    """The styles of a workspace."""
    return _content(style_lines(styles, SLACK))


def style_content(styles: Styles, name: str) -> SlackContent:
    """One style in full, as after it was added or changed."""
    return _content([style_in_full(styles, name, SLACK)])


def removed_style_content(name: str) -> SlackContent:
    """After a style was removed."""
    return _content([removed_style_words(name, SLACK)])


def audit_content(entries: Sequence[AuditEntry]) -> SlackContent:
    """Who changed what, newest first."""
    return _content(lists.audit_list(entries, SLACK))


def _content(lines: Sequence[str]) -> SlackContent:
    return SlackContent("\n".join(lines))
