"""What a server allows its members, and whether one more request fits its usage. Pure."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generation.domain.parsing import shown
from generation.domain.pricing import FREE, Micros, money
from generation.protocol.errors import (
    BudgetTooSmall,
    InvalidRequest,
    LimitExceeded,
    Refused,
    Violation,
)
from generation.protocol.request import (
    MAX_PIXELS,
    SIDE_MULTIPLE,
    Endpoint,
    GenerationRequest,
    ImageSize,
)

Count = Annotated[int, Field(ge=0, le=1_000_000)]


class LimitName(StrEnum):
    """Every limit by name, as admins set it and refusals name it."""

    USER_CLIPS_PER_DAY = "user_clips_per_day"
    SERVER_CLIPS_PER_DAY = "server_clips_per_day"
    USER_ACTIVE_JOBS = "user_active_jobs"
    SERVER_ACTIVE_JOBS = "server_active_jobs"
    SERVER_BUDGET_PER_DAY = "server_budget_per_day"
    MAX_FRAMES = "max_frames"
    MAX_STEPS = "max_steps"
    MAX_PIXELS = "max_pixels"
    ENDPOINTS = "endpoints"


class Limits(BaseModel):
    """One server's limits. ``None`` means without limit; money is in micro-dollars, a day is a UTC
    day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_clips_per_day: Count | None = 20
    server_clips_per_day: Count | None = 200
    user_active_jobs: Annotated[int, Field(ge=1, le=1000)] = 2
    server_active_jobs: Annotated[int, Field(ge=1, le=10_000)] = 20
    server_budget_per_day: Annotated[int, Field(ge=0, le=10**12)] | None = 5_000_000
    max_frames: Annotated[int, Field(ge=1, le=32)] = 32
    max_steps: Annotated[int, Field(ge=1, le=50)] = 50
    max_pixels: Annotated[int, Field(ge=64 * 64, le=MAX_PIXELS)] = MAX_PIXELS
    endpoints: frozenset[Endpoint] = frozenset(Endpoint)

    def fitted(self, request: GenerationRequest) -> GenerationRequest:
        """The request with every value that nobody asked for within the limits; what was asked for
        stays, and :meth:`check` may refuse it."""
        chosen = request.model_fields_set
        within = {
            name: value for name, value in _narrowed(self, request).items() if name not in chosen
        }
        if not within:
            return request
        given = {name: getattr(request, name) for name in chosen}
        # validated anew: another endpoint brings its own steps and guidance
        changed = GenerationRequest.model_validate(given | within)
        # which may have to be narrowed in turn
        return self.fitted(changed)

    def changed(self, changes: Mapping[str, object]) -> "Limits":
        """The same with some limits changed. Raises InvalidRequest naming the limit that is
        wrong."""
        try:
            return Limits.model_validate({**self.model_dump(), **changes})
        except ValidationError as error:
            complaints = error.errors(include_url=False, include_context=False)
            violations = (
                Violation(
                    ".".join(map(str, e["loc"])), _allowed(e["type"], e["msg"]), shown(e["input"])
                )
                for e in complaints
            )
            raise InvalidRequest(tuple(violations)) from error

    def check(self, request: GenerationRequest, usage: "Usage", price: Micros) -> None:
        """Raise :class:`LimitExceeded` for the first limit that one more such request would pass;
        :class:`BudgetTooSmall` for one that no day's budget allows."""
        for check in _CHECKS:
            for refusal in check(self, request, usage, price):
                raise refusal

    def check_price(self, request: GenerationRequest, usage: "Usage", price: Micros) -> None:
        """As :meth:`check`, for the server's budget alone."""
        for check in (_too_dear, _money):
            for refusal in check(self, request, usage, price):
                raise refusal


@dataclass(frozen=True, slots=True)
class Usage:
    """What a member and a server have used: clips and money since the UTC day began, and jobs under
    way now."""

    user_clips_today: int
    server_clips_today: int
    user_active_jobs: int
    server_active_jobs: int
    server_spent_today: Micros
    all_spent_today: Micros
    day: date
    waiting_jobs: int = 0
    """How many jobs of all servers wait, counted up to
    :data:`generation.protocol.progress.MOST_AHEAD`."""

    @property
    def resets_at(self) -> datetime:
        """When the day ends and the daily counts start again."""
        return day_end(self.day)


def day_of(moment: datetime) -> date:
    """The UTC day that a moment belongs to: what daily limits count by."""
    return moment.astimezone(UTC).date()


def day_end(day: date) -> datetime:
    """The first moment of the next UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def _narrowed(limits: Limits, request: GenerationRequest) -> dict[str, object]:
    """The values of a request that pass the limits, each narrowed to what is allowed."""
    values: dict[str, object] = {}
    if request.endpoint not in limits.endpoints and limits.endpoints:
        values["endpoint"] = min(limits.endpoints)
    if request.num_frames > limits.max_frames:
        values["num_frames"] = limits.max_frames
    if request.num_inference_steps > limits.max_steps:
        values["num_inference_steps"] = limits.max_steps
    width, height = request.pixels
    if width * height > limits.max_pixels:
        # only the default size is ever narrowed, and it is a square
        side = math.isqrt(limits.max_pixels) // SIDE_MULTIPLE * SIDE_MULTIPLE
        values["video_size"] = ImageSize(width=side, height=side)
    return values


def _allowed(kind: str, message: str) -> str:
    """What a limit may be, from pydantic's complaint."""
    if kind == "extra_forbidden":
        return "the name of a limit"
    return message.removeprefix("Input should be ")


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
    counts = (
        (LimitName.USER_ACTIVE_JOBS, limits.user_active_jobs, usage.user_active_jobs),
        (LimitName.SERVER_ACTIVE_JOBS, limits.server_active_jobs, usage.server_active_jobs),
    )
    for name, most, used in counts:
        if used >= most:
            yield LimitExceeded(name, allowed=str(most), used=str(used))


def _daily(
    limits: Limits, _request: GenerationRequest, usage: Usage, _price: Micros
) -> Iterator[LimitExceeded]:
    counts = (
        (LimitName.USER_CLIPS_PER_DAY, limits.user_clips_per_day, usage.user_clips_today),
        (LimitName.SERVER_CLIPS_PER_DAY, limits.server_clips_per_day, usage.server_clips_today),
    )
    for name, most, used in counts:
        if most is not None and used >= most:
            yield LimitExceeded(name, allowed=str(most), used=str(used), resets_at=usage.resets_at)


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


_CHECKS: Final[
    tuple[Callable[[Limits, GenerationRequest, Usage, Micros], Iterator[Refused]], ...]
] = (
    _shape,
    _too_dear,
    _active,
    _daily,
    _money,
)
