"""What people read of budgets: when one is nearly spent or spent, and why a clip does not fit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from generation.protocol import errors as e
from generation.protocol.messages import mark
from generation.text.dialect import Dialect, Markup

_TOO_DEAR: Final = {
    ("member", "day"): mark(
        "The clip costs {price}, more than you may spend in a whole day: {budget}. Ask for a "
        "smaller one."
    ),
    ("member", "month"): mark(
        "The clip costs {price}, more than you may spend in a whole month: {budget}. Ask for a "
        "smaller one."
    ),
    ("server", "day"): mark(
        "The clip costs {price}, more than this {place} may spend in a whole day: {budget}. Ask "
        "for a smaller one."
    ),
    ("server", "month"): mark(
        "The clip costs {price}, more than this {place} may spend in a whole month: {budget}. Ask "
        "for a smaller one."
    ),
    # the operator's budget is not the members' business
    ("operator", "day"): mark(
        "The clip costs {price}, more than the bot may spend in a whole day. Ask for a smaller one."
    ),
    ("operator", "month"): mark(
        "The clip costs {price}, more than the bot may spend in a whole month. Ask for a smaller "
        "one."
    ),
}
_EXHAUSTED: Final = {
    "day": mark("The clip would take the bot over its budget for today. A new day starts {when}."),
    "month": mark(
        "The clip would take the bot over its budget for this month. A new month starts {when}."
    ),
}
_NEARLY: Final = {
    ("server", "day"): mark(
        "This {place} has spent {percent} % of its budget for the day: {spent} of {budget}. A new "
        "day starts {when}."
    ),
    ("server", "month"): mark(
        "This {place} has spent {percent} % of its budget for the month: {spent} of {budget}. A "
        "new month starts {when}."
    ),
    # a server's, as the operator reads of it
    ("one_server", "day"): mark(
        "Clips of {server} have taken {percent} % of its budget for the day: {spent} of {budget}. "
        "A new day starts there {when}."
    ),
    ("one_server", "month"): mark(
        "Clips of {server} have taken {percent} % of its budget for the month: {spent} of "
        "{budget}. A new month starts there {when}."
    ),
    ("operator", "day"): mark(
        "All clips together have taken {percent} % of your budget for the day: {spent} of "
        "{budget}. A new day starts {when}."
    ),
    ("operator", "month"): mark(
        "All clips together have taken {percent} % of your budget for the month: {spent} of "
        "{budget}. A new month starts {when}."
    ),
}
_SPENT: Final = {
    ("server", "day"): mark(
        "This {place} has spent its budget for the day: {spent} of {budget}. Clips like the last "
        "one can be made again {when}."
    ),
    ("server", "month"): mark(
        "This {place} has spent its budget for the month: {spent} of {budget}. Clips like the last "
        "one can be made again {when}."
    ),
    ("one_server", "day"): mark(
        "Clips of {server} have taken its whole budget for the day: {spent} of {budget}. Others "
        "like the last one can be made there again {when}."
    ),
    ("one_server", "month"): mark(
        "Clips of {server} have taken its whole budget for the month: {spent} of {budget}. Others "
        "like the last one can be made there again {when}."
    ),
    ("operator", "day"): mark(
        "All clips together have taken your whole budget for the day: {spent} of {budget}. Others "
        "like the last one can be made again {when}."
    ),
    ("operator", "month"): mark(
        "All clips together have taken your whole budget for the month: {spent} of {budget}. "
        "Others like the last one can be made again {when}."
    ),
}


def too_dear_sentence(error: e.BudgetTooSmall, d: Dialect) -> Markup:
    """A clip that no day, or no month, has the money for."""
    sentence = _TOO_DEAR[error.scope, error.period]
    return d.gettext(sentence, price=error.price, budget=error.budget)


def exhausted_sentence(error: e.BudgetExhausted, d: Dialect) -> Markup:
    """The operator's budget has no room for it."""
    return d.gettext(_EXHAUSTED[error.period], when=Markup(d.when(error.resets_at)))


def budget_notice_sentence(details: Mapping[str, str], d: Dialect) -> Markup:
    """A budget is spent, or nearly."""
    is_spent = details["percent"] == "100"
    sentences = _SPENT if is_spent else _NEARLY
    return d.gettext(
        sentences[details["scope"], details["period"]],
        percent=details["percent"],
        spent=details["spent"],
        budget=details["budget"],
        server=details.get("server", ""),
        when=Markup(d.when(datetime.fromisoformat(details["resets_at"]))),
    )
