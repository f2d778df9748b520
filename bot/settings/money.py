"""Money as settings write it: prices, and the currency that amounts are shown in."""

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from generation.domain.money.currency import Currency
from generation.domain.pricing import Price


def _price(value: Any) -> Any:
    return value if isinstance(value, Price) else Price.parse(str(value))


def _currency(value: Any) -> Any:
    return value if isinstance(value, Currency) else Currency.parse(str(value))


# NoDecode: neither is written as JSON
PriceSetting = Annotated[Price, NoDecode, BeforeValidator(_price)]
CurrencySetting = Annotated[Currency, NoDecode, BeforeValidator(_currency)]
