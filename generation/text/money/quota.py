"""What is left of a member's and a server's limits and budgets, and when there is more again."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from generation.domain.pricing import money
from generation.domain.refs import UserRef
from generation.protocol.messages import mark
from generation.rules.limits import LimitName, Limits, Usage
from generation.rules.money.budgets import Budget, BudgetScope, Period, budgets_of
from generation.text.dialect import PLAIN, Dialect, Markup
from generation.text.limits import frames_words, limit_words, size_words, steps_words

_PERIODS: Final = {
    Period.DAY: mark("money today: {left}"),
    Period.MONTH: mark("money this month: {left}"),
}


def quota_lines(
    limits: Limits, usage: Usage, d: Dialect = PLAIN, *, hour_resets_at: datetime | None = None
) -> list[Markup]:
    """One screen for a member: the member's own, the server's, and when each begins anew. What has
    no limit is left out, except for the day. ``hour_resets_at`` is when the hour has room again,
    where it has none."""
    own = _own_lines(limits, usage, d, hour_resets_at)
    return [*_section(d.gettext("Yours"), own, d), *place_quota_lines(limits, usage, d)]


def member_quota_lines(
    member: UserRef,
    limits: Limits,
    usage: Usage,
    d: Dialect = PLAIN,
    *,
    hour_resets_at: datetime | None = None,
) -> list[Markup]:
    """A member's own part, as the operator reads of it."""
    heading = d.gettext("Of {member}", member=d.who(member))
    return _section(heading, _own_lines(limits, usage, d, hour_resets_at), d)


def place_quota_lines(limits: Limits, usage: Usage, d: Dialect = PLAIN) -> list[Markup]:
    """The server's part, and when its day and its month begin anew."""
    shared = [
        *_shared_clips(limits, usage, d),
        *_money(budgets_of(limits, usage), BudgetScope.SERVER, d),
    ]
    return [
        *_section(d.gettext("Of this {place}"), shared, d),
        _largest_words(limits, d),
        d.gettext(
            "A new day starts {day}, a new month {month}.",
            day=Markup(d.when(usage.resets_at)),
            month=Markup(d.when(usage.month_resets_at)),
        ),
    ]


def _section(heading: Markup, lines: Iterable[Markup], d: Dialect) -> list[Markup]:
    return [Markup(d.bold(heading)), *(Markup(f"{d.bullet}{line}") for line in lines)]


def _own_lines(
    limits: Limits, usage: Usage, d: Dialect, hour_resets_at: datetime | None
) -> Iterator[Markup]:
    yield from _own_clips(limits, usage, d, hour_resets_at)
    yield from _money(budgets_of(limits, usage), BudgetScope.MEMBER, d)


def operator_quota_lines(budgets: tuple[Budget, ...], d: Dialect = PLAIN) -> list[Markup]:
    """The operator's budgets over all servers, which begin anew by UTC."""
    lines = list(_money(budgets, BudgetScope.OPERATOR, d))
    return _section(
        d.gettext("All clips together"), lines or [d.gettext("money: without limit")], d
    )


def _own_clips(
    limits: Limits, usage: Usage, d: Dialect, hour_resets_at: datetime | None
) -> Iterator[Markup]:
    hour = limits.user_clips_per_hour
    if hour is not None:
        left = _left(usage.user_clips_this_hour, hour, d)
        if hour_resets_at is None:
            yield d.gettext("clips this hour: {left}", left=left)
        else:
            when = Markup(d.when(hour_resets_at))
            yield d.gettext("clips this hour: {left}, more {when}", left=left, when=when)
    today, month = usage.user_clips_today, usage.user_clips_this_month
    yield from _clips((today, limits.user_clips_per_day), (month, limits.user_clips_per_month), d)
    yield _under_way(usage.user_active_jobs, limits.user_active_jobs, d)


def _shared_clips(limits: Limits, usage: Usage, d: Dialect) -> Iterator[Markup]:
    today = usage.server_clips_today, limits.server_clips_per_day
    month = usage.server_clips_this_month, limits.server_clips_per_month
    yield from _clips(today, month, d)
    yield _under_way(usage.server_active_jobs, limits.server_active_jobs, d)


def _clips(
    today: tuple[int, int | None], month: tuple[int, int | None], d: Dialect
) -> Iterator[Markup]:
    yield d.gettext("clips today: {left}", left=_left(*today, d))
    if month[1] is not None:
        yield d.gettext("clips this month: {left}", left=_left(*month, d))


def _money(budgets: tuple[Budget, ...], scope: BudgetScope, d: Dialect) -> Iterator[Markup]:
    for budget in budgets:
        if budget.scope is scope:
            yield d.gettext(
                _PERIODS[budget.period], left=_rest(money(budget.left), money(budget.most), d)
            )


def _left(used: int, most: int | None, d: Dialect) -> Markup:
    if most is None:
        strong = Markup(d.bold(f"{used:,}"))
        return d.gettext("{used} made, without limit", used=strong)
    if most == 0:
        return d.gettext("none allowed")
    return _rest(f"{max(0, most - used):,}", f"{most:,}", d)


def _rest(left: str, most: str, d: Dialect) -> Markup:
    return d.gettext("{left} of {most} left", left=Markup(d.bold(left)), most=most)


def _under_way(count: int, most: int, d: Dialect) -> Markup:
    strong = Markup(d.bold(f"{count:,}"))
    return d.gettext("under way: {used} of {most}", used=strong, most=f"{most:,}")


def _largest_words(limits: Limits, d: Dialect) -> Markup:
    return d.gettext(
        "Each clip: at most {frames}, {steps} and {size}; quality: {quality}",
        frames=frames_words(limits.max_frames, d),
        steps=steps_words(limits.max_steps, d),
        size=size_words(limits.max_pixels),
        quality=limit_words(limits, LimitName.ENDPOINTS, d),
    )
