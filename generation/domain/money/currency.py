"""The one currency that the operator counts in. It is only shown: nothing is ever converted."""

from contextvars import ContextVar
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Self

_SYMBOLS: Final = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "CNY": "CN¥",
    "INR": "₹",
    "KRW": "₩",
    "BRL": "R$",
    "CAD": "CA$",
    "AUD": "A$",
    "NZD": "NZ$",
    "MXN": "MX$",
    "ILS": "₪",
    "TRY": "₺",
    "UAH": "₴",
    "PLN": "zł ",
    "CHF": "CHF ",
    "SEK": "SEK ",
    "NOK": "NOK ",
    "DKK": "DKK ",
    "CZK": "CZK ",
    "SGD": "SGD ",
    "HKD": "HK$",
    "TWD": "NT$",
    "ZAR": "R ",
}
_WHOLE: Final = frozenset({"JPY", "KRW"})
"""Currencies without a smaller unit."""


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency by its ISO 4217 code, and how amounts in it are written."""

    code: str = "USD"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The currency of that code. Raises ValueError for one that is not known."""
        code = text.strip().upper()
        if code not in _SYMBOLS:
            raise ValueError(
                f"must be the code of a currency, one of {', '.join(sorted(_SYMBOLS))}"
            )
        return cls(code)

    def __str__(self) -> str:
        return self.code

    def words(self, amount: Decimal) -> str:
        """An amount for people: ``$0.04``, with as many places as it takes to show a small one."""
        sign, value = "-" if amount < 0 else "", abs(amount)
        unit = Decimal(1) if self.code in _WHOLE else Decimal("0.01")
        rounded = value.quantize(unit, ROUND_HALF_UP)
        symbol = _SYMBOLS[self.code]
        # otherwise with every place it has: less than a cent would read $0.00
        if rounded == value or value >= 1:
            return f"{sign}{symbol}{rounded:,}"
        return f"{sign}{symbol}{value.normalize():f}"

    def number(self, text: str) -> Decimal:
        """What people write as an amount: ``5``, ``$2.50``, ``1,000 EUR``. Raises InvalidOperation
        for anything else."""
        bare = text.strip().upper()
        for mark in (_SYMBOLS[self.code].strip(), self.code):
            bare = bare.removeprefix(mark).removesuffix(mark).strip()
        return Decimal(bare.replace(",", ""))


_DOLLARS: Final = Currency()
_shown: ContextVar[Currency] = ContextVar("currency", default=_DOLLARS)
"""As a locale is: every sentence of a process is in one, and no rule depends on it."""


def show_amounts_in(currency: Currency) -> None:
    """From now on amounts are written in that currency, in this context and those that begin in
    it."""
    _shown.set(currency)


def shown_currency() -> Currency:
    """The currency that amounts are written in here."""
    return _shown.get()
