"""What a member reads when a limit is met: which one, and when or how there can be another clip."""

from collections.abc import Callable
from typing import Final

from generation.protocol import errors as e
from generation.protocol.messages import mark
from generation.rules.limits import LimitName
from generation.text.dialect import Dialect, Markup
from generation.text.limits import size_words

_NO_CLIPS: Final = mark("This {place} allows no clips.")
_NO_CLIPS_FOR_MEMBERS: Final = mark("This {place} allows its members no clips.")
_NO_QUALITY: Final = "none"
_REASON_ROOM: Final = 300
_MOST_ROLES: Final = 10
_BUDGETS: Final = {
    LimitName.USER_BUDGET_PER_DAY: mark(
        "The clip would take you over your budget: {allowed} a day, of which {used} is spent. A "
        "new day starts {when}."
    ),
    LimitName.USER_BUDGET_PER_MONTH: mark(
        "The clip would take you over your budget: {allowed} a month, of which {used} is spent. A "
        "new month starts {when}."
    ),
    LimitName.SERVER_BUDGET_PER_DAY: mark(
        "The clip would take this {place} over its budget: {allowed} a day, of which {used} is "
        "spent. A new day starts {when}."
    ),
    LimitName.SERVER_BUDGET_PER_MONTH: mark(
        "The clip would take this {place} over its budget: {allowed} a month, of which {used} is "
        "spent. A new month starts {when}."
    ),
}


def limit_sentence(error: e.LimitExceeded, d: Dialect) -> Markup:
    """Which limit is met, and what a member can do."""
    return _LIMITS[LimitName(error.limit)](error, d)


def paused_sentence(error: e.Paused, d: Dialect) -> Markup:
    """That nothing new is taken, the operator's reason, and when it goes on, as far as said."""
    reason = Markup(d.quote(error.reason.rstrip(".!"), _REASON_ROOM)) if error.reason else None
    when = None if error.until is None else Markup(d.when(error.until))
    match reason, when:
        case None, None:
            return d.gettext("No new clips are taken for now; the bot's operator has paused them.")
        case None, _:
            return d.gettext("No new clips are taken for now; it goes on {when}.", when=when)
        case _, None:
            return d.gettext("No new clips are taken for now: {reason}.", reason=reason)
    return d.gettext(
        "No new clips are taken for now: {reason}; it goes on {when}.", reason=reason, when=when
    )


def role_sentence(error: e.RoleNeeded, d: Dialect) -> Markup:
    """Which roles may ask."""
    roles = Markup(", ".join(d.role(role) for role in sorted(error.roles)[:_MOST_ROLES]))
    return d.ngettext(
        "Clips in this {place} are for members with the role {roles}.",
        "Clips in this {place} are for members with one of these roles: {roles}.",
        len(error.roles),
        roles=roles,
    )


def _own_hour(error: e.LimitExceeded, d: Dialect) -> Markup:
    if int(error.allowed) == 0:
        return d.gettext(_NO_CLIPS_FOR_MEMBERS)
    return d.ngettext(
        "You've used your only clip for an hour; you can make another one {when}.",
        "You've used all {n} of your clips for an hour; you can make more {when}.",
        int(error.allowed),
        when=_resets(error, d),
    )


def _own_month(error: e.LimitExceeded, d: Dialect) -> Markup:
    if int(error.allowed) == 0:
        return d.gettext(_NO_CLIPS_FOR_MEMBERS)
    return d.ngettext(
        "You've used your only clip for this month; you can make another one {when}.",
        "You've used all {n} of your clips for this month; you can make more {when}.",
        int(error.allowed),
        when=_resets(error, d),
    )


def _place_month(error: e.LimitExceeded, d: Dialect) -> Markup:
    if int(error.allowed) == 0:
        return d.gettext(_NO_CLIPS)
    return d.ngettext(
        "This {place} has used its only clip for this month; it can make another one {when}.",
        "This {place} has used all {n} of its clips for this month; it can make more {when}.",
        int(error.allowed),
        when=_resets(error, d),
    )


def _cooldown(error: e.LimitExceeded, d: Dialect) -> Markup:
    return d.ngettext(
        "This {place} wants {n} second between two clips of a member, and your last was {used} s "
        "ago; ask again {when}.",
        "This {place} wants {n} seconds between two clips of a member, and your last was {used} s "
        "ago; ask again {when}.",
        int(error.allowed),
        used=error.used,
        when=_resets(error, d),
    )


def _own_clips(error: e.LimitExceeded, d: Dialect) -> Markup:
    if int(error.allowed) == 0:
        return d.gettext(_NO_CLIPS_FOR_MEMBERS)
    return d.ngettext(
        "You've used your only clip for today; you can make another one {when}.",
        "You've used all {n} of your clips for today; you can make more {when}.",
        int(error.allowed),
        when=_resets(error, d),
    )


def _place_clips(error: e.LimitExceeded, d: Dialect) -> Markup:
    if int(error.allowed) == 0:
        return d.gettext(_NO_CLIPS)
    return d.ngettext(
        "This {place} has used its only clip for today; it can make another one {when}.",
        "This {place} has used all {n} of its clips for today; it can make more {when}.",
        int(error.allowed),
        when=_resets(error, d),
    )


def _own_active(error: e.LimitExceeded, d: Dialect) -> Markup:
    return d.ngettext(
        "You may have {n} clip under way at once and have {used}; wait until it has finished, or "
        "cancel it.",
        "You may have {n} clips under way at once and have {used}; wait until one has finished, "
        "or cancel one.",
        int(error.allowed),
        used=error.used,
    )


def _place_active(error: e.LimitExceeded, d: Dialect) -> Markup:
    return d.ngettext(
        "This {place} may have {n} clip under way at once and has {used}; ask again when it has "
        "finished.",
        "This {place} may have {n} clips under way at once and has {used}; ask again when one has "
        "finished.",
        int(error.allowed),
        used=error.used,
    )


def _budget(error: e.LimitExceeded, d: Dialect) -> Markup:
    return d.gettext(
        _BUDGETS[LimitName(error.limit)],
        allowed=error.allowed,
        used=error.used,
        when=_resets(error, d),
    )


def _frames(error: e.LimitExceeded, d: Dialect) -> Markup:
    return d.ngettext(
        "This {place} allows {n} frame per clip; you asked for {used}.",
        "This {place} allows at most {n} frames per clip; you asked for {used}.",
        int(error.allowed),
        used=error.used,
    )


def _steps(error: e.LimitExceeded, d: Dialect) -> Markup:
    return d.ngettext(
        "This {place} allows {n} step per clip; you asked for {used}.",
        "This {place} allows at most {n} steps per clip; you asked for {used}.",
        int(error.allowed),
        used=error.used,
    )


def _size(error: e.LimitExceeded, d: Dialect) -> Markup:
    return d.gettext(
        "This {place} allows clips as large as {allowed}; you asked for {used}.",
        allowed=size_words(int(error.allowed)),
        used=size_words(int(error.used)) if error.used.isdigit() else error.used,
    )


def _quality(error: e.LimitExceeded, d: Dialect) -> Markup:
    if error.allowed == _NO_QUALITY:
        return d.gettext(_NO_CLIPS)
    return d.gettext(
        "This {place} allows {allowed} quality only; you asked for {used}.",
        allowed=error.allowed,
        used=error.used,
    )


def _resets(error: e.LimitExceeded, d: Dialect) -> Markup:
    return d.gettext("tomorrow") if error.resets_at is None else Markup(d.when(error.resets_at))


_LIMITS: Final[dict[LimitName, Callable[[e.LimitExceeded, Dialect], Markup]]] = {
    LimitName.USER_CLIPS_PER_HOUR: _own_hour,
    LimitName.USER_CLIPS_PER_DAY: _own_clips,
    LimitName.USER_CLIPS_PER_MONTH: _own_month,
    LimitName.SERVER_CLIPS_PER_DAY: _place_clips,
    LimitName.SERVER_CLIPS_PER_MONTH: _place_month,
    LimitName.COOLDOWN_SECONDS: _cooldown,
    LimitName.USER_ACTIVE_JOBS: _own_active,
    LimitName.SERVER_ACTIVE_JOBS: _place_active,
    **dict.fromkeys(_BUDGETS, _budget),
    LimitName.MAX_FRAMES: _frames,
    LimitName.MAX_STEPS: _steps,
    LimitName.MAX_PIXELS: _size,
    LimitName.ENDPOINTS: _quality,
}
