"""Whether one more request fits a server's limits and what is used of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from generation.domain.pricing import FREE, Micros, money
from generation.protocol.errors import BudgetTooSmall, LimitExceeded, Refused
from generation.protocol.request import GenerationRequest
from generation.rules.limits.model import LimitName, Limits
from generation.rules.limits.usage import Usage


def check(limits: Limits, request: GenerationRequest, usage: Usage, price: Micros) -> None:
    """Raise :class:`LimitExceeded` for the first limit that one more such request would pass;
    :class:`BudgetTooSmall` for one that no day's budget allows."""
    for refusals in (_shape, _too_dear, _active, _cooldown, _clips, _money):
        for refusal in refusals(limits, request, usage, price):
            raise refusal


def check_price(limits: Limits, request: GenerationRequest, usage: Usage, price: Micros) -> None:
    """As :func:`check`, for the budgets alone."""
    for refusals in (_too_dear, _money):
        for refusal in refusals(limits, request, usage, price):
            raise refusal


def _shape(
    limits: Limits, request: GenerationRequest, _usage: Usage, _price: Micros
) -> Iterator[LimitExceeded]:
    if request.endpoint not in limits.endpoints:
        allowed = ", ".join(sorted(e.label for e in limits.endpoints)) or "none"
        yield LimitExceeded(LimitName.ENDPOINTS, allowed=allowed, used=request.endpoint.label)
    width, height = request.pixels
    sizes = (
        (LimitName.MAX_FRAMES, limits.max_frames, request.num_frames),
        (LimitName.MAX_STEPS, limits.max_steps, request.num_inference_steps),
        (LimitName.MAX_PIXELS, limits.max_pixels, width * height),
    )
    for name, most, wanted in sizes:
        if wanted > most:
            # a size as it was asked for: so many pixels may be wide or high
            used = f"{width}×{height}" if name is LimitName.MAX_PIXELS else str(wanted)
            yield LimitExceeded(name, allowed=str(most), used=used)


def _active(
    limits: Limits, _request: GenerationRequest, usage: Usage, _price: Micros
) -> Iterator[LimitExceeded]:
    yield from _count(LimitName.USER_ACTIVE_JOBS, limits, usage.user_active_jobs, None)
    yield from _count(LimitName.SERVER_ACTIVE_JOBS, limits, usage.server_active_jobs, None)


def _cooldown(
    limits: Limits, _request: GenerationRequest, usage: Usage, _price: Micros
) -> Iterator[LimitExceeded]:
    if usage.last_clip_at is None or usage.at is None:
        return
    since = usage.at - usage.last_clip_at
    wait = timedelta(seconds=limits.cooldown_seconds)
    # a clock that was set back would else make everyone wait until it is there again
    if abs(since) < wait:
        yield LimitExceeded(
            LimitName.COOLDOWN_SECONDS,
            allowed=str(limits.cooldown_seconds),
            used=str(max(0, int(since.total_seconds()))),
            resets_at=usage.last_clip_at + wait,
        )


def _clips(
    limits: Limits, _request: GenerationRequest, usage: Usage, _price: Micros
) -> Iterator[LimitExceeded]:
    day, month = usage.resets_at, usage.month_resets_at
    # when that is over takes another read, which only a refusal makes
    yield from _count(LimitName.USER_CLIPS_PER_HOUR, limits, usage.user_clips_this_hour, None)
    yield from _count(LimitName.USER_CLIPS_PER_DAY, limits, usage.user_clips_today, day)
    yield from _count(LimitName.SERVER_CLIPS_PER_DAY, limits, usage.server_clips_today, day)
    yield from _count(LimitName.USER_CLIPS_PER_MONTH, limits, usage.user_clips_this_month, month)
    yield from _count(
        LimitName.SERVER_CLIPS_PER_MONTH, limits, usage.server_clips_this_month, month
    )


def _count(
    name: LimitName, limits: Limits, used: int, resets_at: datetime | None
) -> Iterator[LimitExceeded]:
    most: int | None = getattr(limits, name.value)
    if most is not None and used >= most:
        yield LimitExceeded(name, allowed=str(most), used=str(used), resets_at=resets_at)


def _too_dear(
    limits: Limits, _request: GenerationRequest, _usage: Usage, price: Micros
) -> Iterator[Refused]:
    budget = limits.server_budget_per_day
    if budget is not None and price > budget:
        yield BudgetTooSmall(money(price), server_budget=money(Micros(budget)))


def _money(
    limits: Limits, _request: GenerationRequest, usage: Usage, price: Micros
) -> Iterator[Refused]:
    budget = limits.server_budget_per_day
    # a free clip passes even where the budget is spent
    if budget is not None and price > FREE and usage.server_spent_today + price > budget:
        yield LimitExceeded(
            LimitName.SERVER_BUDGET_PER_DAY,
            allowed=money(Micros(budget)),
            used=money(usage.server_spent_today),
            resets_at=usage.resets_at,
        )
