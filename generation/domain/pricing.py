"""What a clip costs: estimated before anything is spent, settled afterwards. Amounts are whole
micro-dollars."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import NewType

from generation.protocol.request import Endpoint, GenerationRequest
from generation.protocol.work import relative_work

Micros = NewType("Micros", int)
"""Millionths of a US dollar."""

FREE = Micros(0)


def micros(dollars: Decimal) -> Micros:
    """Dollars as whole micro-dollars, halves rounded up."""
    return Micros(int((dollars * 1_000_000).to_integral_value(ROUND_HALF_UP)))


def dollars(amount: Micros) -> str:
    """An amount for people: ``$0.04``, with as many places as it takes to show a small price."""
    sign = "-" if amount < 0 else ""
    value = abs(Decimal(amount)) / 1_000_000
    cents = value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    # otherwise with every place it has: less than a cent would read $0.00
    if cents == value or value >= 1:
        return f"{sign}${cents:,}"
    return f"{sign}${value.normalize():f}"


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars for the default clip of each endpoint, by backend; what is not listed is free.

    A larger request costs in proportion to its work, because compute is billed by the second.
    """

    by_backend: Mapping[str, Mapping[Endpoint, Decimal]] = field(default_factory=dict)

    def of(self, request: GenerationRequest, backend: str) -> Micros:
        """What the request costs at that backend."""
        price = self.by_backend.get(backend, {}).get(request.endpoint, Decimal(0))
        return micros(price * relative_work(request))

    def least(self, request: GenerationRequest, backends: tuple[str, ...]) -> Micros:
        """The least that the request can cost at any of these backends."""
        return min((self.of(request, backend) for backend in backends), default=FREE)
