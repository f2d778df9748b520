"""How the commands are used."""

from adapters.slack.commands import FLAGS
from adapters.slack.models import SlackContent
from adapters.slack.text.markup import escape
from generation.domain.limits import LimitName
from generation.protocol.request import VideoSizePreset
from generation.text.clips import excerpt
from generation.text.errors import limit_label
from generation.text.limits import limit_range_words


def animate_content() -> SlackContent:
    """After ``/animate`` alone."""
    flags = [
        f"• `{flag.name}{' ' + flag.example if flag.example else ''}` — {flag.about}"
        for flag in FLAGS
    ]
    sizes = ", ".join(preset.value for preset in VideoSizePreset)
    lines = [
        (
            "Type `/animate` and what you want to see, as in `/animate a paper boat on a stormy "
            "sea`. Where you like, add:"
        ),
        *flags,
        f"Named sizes: {sizes}.",
        "In a thread, mention me instead of using the command.",
    ]
    return SlackContent("\n".join(lines))


def flipbook_content() -> SlackContent:
    """After ``/flipbook help``."""
    lines = [
        "*Flipbook makes short animations.* `/animate` alone shows how.",
        "• `/flipbook queue` — what is under way here",
        "• `/flipbook history` — your last clips",
        (
            "• `/flipbook show ID` — everything about a clip; brings it again where its message is "
            "gone"
        ),
        "• `/flipbook cancel ID` — stop one of your own",
        "• `/flipbook quota` — what you may still make",
        "• `/flipbook admin` — limits, channels and blocks, for admins of the workspace",
        (
            "React with 🔁 to a finished clip to make it again with another seed; it counts for "
            "whoever reacts."
        ),
    ]
    return SlackContent("\n".join(lines))


def admin_content() -> SlackContent:
    """After ``/flipbook admin`` and unknown words."""
    lines = [
        "*For admins of this workspace*",
        "• `/flipbook admin limits show` · `limits set NAME VALUE` · `limits reset`",
        "• `/flipbook admin channels show` · `channels only #one #two` · `channels all`",
        "• `/flipbook admin block show` · `block user @name` · `block word TERM`",
        "• `/flipbook admin unblock user @name` · `unblock word TERM`",
        "• `/flipbook admin audit` — who changed what",
        "Limits by name:",
        *(
            f"• `{name.value}` — {limit_label(name)}: {limit_range_words(name)}"
            for name in LimitName
        ),
    ]
    return SlackContent("\n".join(lines))


def unknown_word_content(word: str, known: tuple[str, ...]) -> SlackContent:
    """After ``/flipbook`` and an unknown word."""
    return SlackContent(
        f"I do not know “{escape(excerpt(word, 30))}”. There are {', '.join(known)}."
    )


def unknown_command_content() -> SlackContent:
    """For a command that the bot does not have."""
    return SlackContent("I do not serve this command. Type `/flipbook help` for those that I do.")
