"""What a clip costs: estimated before anything is spent, settled afterwards. Amounts are whole
millionths of the operator's currency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, NewType, Self

from generation.domain.money.currency import shown_currency
from generation.domain.money.measured_seconds import MeasuredSeconds, is_plausible
from generation.protocol.request import Endpoint, GenerationRequest
from generation.protocol.work import denoising_work, relative_work

Micros = NewType("Micros", int)
"""Millionths of the currency's unit: of a dollar, of a euro."""

FREE = Micros(0)
_MOST: Final = 1000
_LONGEST: Final = 40
"""Characters of a price that is worth reading."""


def micros(amount: Decimal) -> Micros:
    """Whole units as whole millionths, halves rounded up."""
    return Micros(int((amount * 1_000_000).to_integral_value(ROUND_HALF_UP)))


def money(amount: Micros) -> str:
    """An amount for people, in the currency that is shown: ``$0.04``."""
    return shown_currency().words(Decimal(amount) / 1_000_000)


class PriceUnit(StrEnum):
    """What an amount is the price of."""

    DEFAULT_CLIP = ""
    """The endpoint's default clip; others cost in proportion to their work."""
    CLIP = "clip"
    """Any clip, however large."""
    SECOND = "second"
    """A second of rendering, as the backend measures it."""
    MEGAPIXEL_STEP = "megapixel-step"
    """A million of frames × steps × pixels."""


@dataclass(frozen=True, slots=True)
class Price:
    """What an endpoint costs at a backend: ``0.05``, ``0.05/clip``, ``0.0012/second``,
    ``0.0005/megapixel-step``."""

    amount: Decimal = Decimal(0)
    unit: PriceUnit = PriceUnit.DEFAULT_CLIP

    @classmethod
    def parse(cls, text: str) -> Self:
        """A price as it is written in settings. Raises ValueError with what may be written."""
        number, slash, unit = "".join(text[: _LONGEST + 1].lower().split()).partition("/")
        try:
            amount, measure = Decimal(number), PriceUnit(unit)
            # NaN fits no comparison, and a long row of digits no amount
            if len(text) > _LONGEST or not 0 <= amount <= _MOST or bool(slash) != bool(unit):
                raise ValueError(text)
        except (InvalidOperation, ValueError):
            units = ", ".join(f"/{each}" for each in PriceUnit if each)
            raise ValueError(
                f"must be an amount from 0 to {_MOST}, alone or followed by one of {units}"
            ) from None
        return cls(amount, measure)

    def __str__(self) -> str:
        return f"{self.amount:f}/{self.unit}" if self.unit else f"{self.amount:f}"

    def of(self, request: GenerationRequest, seconds: float) -> Micros:
        """What a request costs that renders for so many seconds."""
        match self.unit:
            case PriceUnit.DEFAULT_CLIP:
                units = relative_work(request)
            case PriceUnit.CLIP:
                units = Decimal(1)
            case PriceUnit.SECOND:
                units = Decimal(str(seconds))
            case PriceUnit.MEGAPIXEL_STEP:
                units = Decimal(denoising_work(request)) / 1_000_000
        return micros(self.amount * units)


_NO_PRICE: Final = Price()


@dataclass(frozen=True, slots=True)
class Prices:
    """The price of each endpoint, by backend; what is not listed is free.

    ``measured`` are the seconds that clips took, for prices by the second.
    """

    by_backend: Mapping[str, Mapping[Endpoint, Price]] = field(default_factory=dict)
    measured: MeasuredSeconds = field(default_factory=MeasuredSeconds, compare=False)

    def of(self, request: GenerationRequest, backend: str) -> Micros:
        """What the request is expected to cost at that backend."""
        expected = self.measured.expected(backend, request)
        return self._price(request, backend).of(request, expected)

    def cost(self, request: GenerationRequest, backend: str, seconds: float | None) -> Micros:
        """What it has cost, where it rendered for so many seconds; without a measurement what was
        expected."""
        if seconds is None or not is_plausible(seconds):
            return self.of(request, backend)
        return self._price(request, backend).of(request, seconds)

    def is_estimate(self, request: GenerationRequest, backend: str) -> bool:
        """Whether the price there is known only afterwards."""
        return self._price(request, backend).unit is PriceUnit.SECOND

    def cheapest(
        self, request: GenerationRequest, backends: tuple[str, ...]
    ) -> tuple[str | None, Micros]:
        """The backend among these where the request costs least, and how much."""
        prices = ((self.of(request, backend), backend) for backend in backends)
        # the first of several that are equal: it is the one that the operator prefers
        least, backend = min(prices, key=lambda each: each[0], default=(FREE, None))
        return backend, least

    def _price(self, request: GenerationRequest, backend: str) -> Price:
        return self.by_backend.get(backend, {}).get(request.endpoint, _NO_PRICE)
