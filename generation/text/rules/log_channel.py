"""The log channel, as admins read of it when they set it."""

from generation.text.dialect import PLAIN, Dialect, Markup


def log_channel_test_words(d: Dialect = PLAIN) -> Markup:
    """The message that tries a channel."""
    return d.gettext(
        "This is now Flipbook's log channel: reports, spent budgets and what else admins of this "
        "{place} should know are posted here."
    )


def log_channel_set_words(channel: str, d: Dialect = PLAIN) -> Markup:
    """After the test message has arrived."""
    return d.gettext(
        "The log channel is {channel}; there is a test message in it.",
        channel=Markup(d.channel(channel)),
    )


def log_channel_off_words(d: Dialect = PLAIN) -> Markup:
    """After it was switched off."""
    return d.gettext(
        "There is no log channel any more: what admins should know is told under the answer to "
        "their next command."
    )


def log_channel_refused_words(channel: str, reason: str, d: Dialect = PLAIN) -> Markup:
    """Where the test message could not be posted; nothing was changed."""
    return d.gettext(
        "Nothing can be posted in {channel}: {reason}. Nothing was changed.",
        channel=Markup(d.channel(channel)),
        reason=reason,
    )


def log_channel_lacks_words(channel: str, missing: str, d: Dialect = PLAIN) -> Markup:
    """Where the bot lacks permissions; nothing was changed."""
    return d.gettext(
        "In {channel} Flipbook lacks these permissions: {missing}. Grant them, then set the "
        "channel again; nothing was changed.",
        channel=Markup(d.channel(channel)),
        missing=Markup(d.bold(missing)),
    )
