"""The operator's currency: how amounts are read and written."""

from contextvars import copy_context
from decimal import Decimal, InvalidOperation

import pytest

from generation.domain.money.currency import Currency, show_amounts_in
from generation.domain.pricing import Micros, money


@pytest.mark.parametrize(
    ("code", "amount", "words"),
    [
        ("USD", "0.04", "$0.04"),
        ("EUR", "1234.5", "€1,234.50"),
        ("CHF", "-2", "-CHF 2.00"),
        ("JPY", "1500.4", "¥1,500"),
        ("JPY", "0.4", "¥0.4"),
        ("GBP", "0.0049", "£0.0049"),
    ],
)
def test_an_amount_is_written_as_its_currency_is(code, amount, words):
    assert Currency(code).words(Decimal(amount)) == words


def test_amounts_are_shown_in_the_currency_of_the_process():
    def in_euros() -> str:
        show_amounts_in(Currency.parse(" eur "))
        return money(Micros(40_000))

    assert copy_context().run(in_euros) == "€0.04"
    assert money(Micros(40_000)) == "$0.04"


@pytest.mark.parametrize("text", ["", "XYZ", "€", "dollars"])
def test_an_unknown_currency_is_refused_with_those_that_are_known(text):
    with pytest.raises(ValueError, match="the code of a currency, one of AUD, BRL"):
        Currency.parse(text)


@pytest.mark.parametrize("text", ["5", "€5", "5 €", "5 EUR", "eur 5.00", "€ 5"])
def test_people_write_the_currency_before_or_after_or_not_at_all(text):
    assert Currency("EUR").number(text) == 5


@pytest.mark.parametrize("text", ["$5", "five", "", "€"])
def test_an_amount_in_another_currency_is_none(text):
    with pytest.raises(InvalidOperation):
        Currency("EUR").number(text)
