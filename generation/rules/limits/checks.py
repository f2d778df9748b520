"""Whether one more request fits a server's limits and what is used of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from generation.protocol.errors import LimitExceeded
from generation.protocol.request import GenerationRequest
from generation.rules.limits.model import LimitName, Limits
from generation.rules.limits.usage import Usage


def check_shape(limits: Limits, request: GenerationRequest) -> None:
    """Raise :class:`LimitExceeded` where the request is larger than any may be."""
    for refusal in _shape(limits, request):
        raise refusal


def check_counts(limits: Limits, usage: Usage) -> None:
    """Raise :class:`LimitExceeded` for the first count that one more request would pass."""
    for refusals in (_active, _cooldown, _clips):
        for refusal in refusals(limits, usage):
            raise refusal


def _shape(limits: Limits, request: GenerationRequest) -> Iterator[LimitExceeded]:
    if request.endpoint not in limits.endpoints:
        allowed = ", ".join(sorted(e.label for e in limits.endpoints)) or "none"
        yield LimitExceeded(LimitName.ENDPOINTS, allowed=allowed, used=request.endpoint.label)
    width, height = request.pixels
    sizes = (
        (LimitName.MAX_FRAMES, limits.max_frames, request.frames),
        (LimitName.MAX_STEPS, limits.max_steps, request.num_inference_steps),
        (LimitName.MAX_PIXELS, limits.max_pixels, width * height),
    )
    for name, most, wanted in sizes:
        if wanted > most:
            # a size as it was asked for: so many pixels may be wide or high
            used = f"{width}×{height}" if name is LimitName.MAX_PIXELS else str(wanted)
            yield LimitExceeded(name, allowed=str(most), used=used)


def _active(limits: Limits, usage: Usage) -> Iterator[LimitExceeded]:
    yield from _count(LimitName.USER_ACTIVE_JOBS, limits, usage.user_active_jobs, None)
    yield from _count(LimitName.SERVER_ACTIVE_JOBS, limits, usage.server_active_jobs, None)


def _cooldown(limits: Limits, usage: Usage) -> Iterator[LimitExceeded]:
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


def _clips(limits: Limits, usage: Usage) -> Iterator[LimitExceeded]:
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
