"""Pauses as operators read them."""

from collections.abc import Sequence

from generation.rules.pause import EVERY_SERVER, Pause
from generation.text.dialect import PLAIN, Dialect, Markup


def pause_lines(pauses: Sequence[Pause], d: Dialect = PLAIN) -> list[Markup]:
    """The pauses in force, one line each."""
    return [_pause_line(pause, d) for pause in pauses] or [d.gettext("Nothing is paused.")]


def paused_words(pause: Pause, d: Dialect = PLAIN) -> Markup:
    """After a pause has begun."""
    held = (
        d.gettext("Clips that wait are held too; those under way end as usual.")
        if pause.holds_waiting
        else d.gettext("Clips that wait or are under way end as usual.")
    )
    return Markup(f"{_pause_line(pause, d)} {held}")


def resumed_words(pause: Pause | None, d: Dialect = PLAIN) -> Markup:
    """After a pause was ended; None: there was none."""
    if pause is None:
        return d.gettext("Nothing was paused there.")
    return d.gettext("New clips are made again: {where}.", where=_where(pause, d))


def _pause_line(pause: Pause, d: Dialect) -> Markup:
    said = {"where": _where(pause, d), "who": d.who(pause.by)}
    if pause.reason:
        reason = Markup(d.quote(pause.reason.rstrip("."), len(pause.reason)))
        line = d.gettext("Paused: {where}, by {who}: {reason}.", reason=reason, **said)
    else:
        line = d.gettext("Paused: {where}, by {who}.", **said)
    if pause.until is None:
        return line
    goes_on = d.gettext("It goes on {when}.", when=Markup(d.when(pause.until)))
    return Markup(f"{line} {goes_on}")


def _where(pause: Pause, d: Dialect) -> Markup:
    if pause.server == EVERY_SERVER:
        return d.gettext("everything")
    return Markup(d.escape(str(pause.server)))
