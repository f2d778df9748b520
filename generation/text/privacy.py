"""What members and operators read about what is kept of them."""

from generation.protocol import errors as e
from generation.text.dialect import Dialect, Markup


def export_too_soon(error: e.ExportTooSoon, d: Dialect) -> Markup:
    """When the next copy can be made."""
    return d.gettext(
        "You got a copy of your data within the last hour. The next one can be made {when}.",
        when=Markup(d.when(error.resets_at)),
    )


def forgotten_lines(left: int, d: Dialect) -> tuple[Markup, ...]:
    """What a member reads when everything is forgotten; ``left`` messages the chat kept."""
    done = d.gettext(
        "You are forgotten: your prompts, your clips and the bot's messages with them are deleted. "
        "What you have used of your quotas still counts."
    )
    if not left:
        return (done,)
    return done, d.ngettext(
        "{n} message could not be deleted, because the bot may no longer write there.",
        "{n} messages could not be deleted, because the bot may no longer write there.",
        left,
    )
