"""What admins read: limits, policy, and who changed what."""

from collections.abc import Sequence
from typing import Final

from adapters.slack.text import channel_mention, dated, escape, moment, user_mention
from adapters.slack.values import Content
from generation.audit import AuditEntry
from generation.clip_words import excerpt
from generation.limit_words import limit_range_words, limit_words
from generation.limits import LimitName, Limits
from generation.policy import Policy
from generation.wording import limit_label

MOST_AUDITED: Final = 10
_MOST_NAMED: Final = 50


def help_content() -> Content:
    """After ``/flipbook admin`` and words that mean nothing."""
    lines = [
        "*For admins of this workspace*",
        "• `/flipbook admin limits show` · `limits set NAME VALUE` · `limits reset`",
        "• `/flipbook admin channels show` · `channels only #one #two` · `channels all`",
        "• `/flipbook admin block show` · `block user @name` · `block word TERM`",
        "• `/flipbook admin unblock user @name` · `unblock word TERM`",
        "• `/flipbook admin audit` — who changed what",
        "Limits by name:",
        *(f"• `{name.value}` — {limit_label(name)}: {limit_range_words(name)}" for name in LimitName),
    ]
    return Content("\n".join(lines))


def limits_content(limits: Limits, *, changed: LimitName | None = None) -> Content:
    """The limits in force."""
    title = "*Limits of this workspace*"
    if changed is not None:
        title = f"*{limit_label(changed).capitalize()}: {escape(limit_words(limits, changed))} from now on*"
    lines = [f"• `{name.value}` {escape(limit_words(limits, name))} — {limit_label(name)}" for name in LimitName]
    return Content("\n".join([title, *lines]))


def policy_content(policy: Policy) -> Content:
    """Where the bot answers, whom it does not, and what no prompt may hold."""
    channels = _listed([channel_mention(each) for each in sorted(policy.channels)]) or "every channel it is in"
    users = _listed([user_mention(each) for each in sorted(policy.blocked_users)]) or "nobody"
    terms = _listed([f"“{escape(each)}”" for each in sorted(policy.blocked_terms)]) or "none"
    return Content(f"*Rules of this workspace*\n• answers in: {channels}\n• blocked: {users}\n• blocked words: {terms}")


def audit_content(entries: Sequence[AuditEntry]) -> Content:
    """Who changed what, newest first."""
    if not entries:
        return Content("Nobody has changed anything yet.")
    return Content("\n".join(["*The last changes*", *(_audited(entry) for entry in entries)]))


def _audited(entry: AuditEntry) -> str:
    change = f"`{escape(_short(entry.before))}` → `{escape(_short(entry.after))}`"
    return f"• {dated(moment(entry.at))} · {user_mention(entry.by.id)} · {escape(entry.what)}: {change}"


def _short(text: str) -> str:
    return excerpt(text.replace("`", "'"), 120)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
