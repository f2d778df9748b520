"""How the commands are used, in a few lines."""

from adapters.slack.parsing import FLAGS
from adapters.slack.text import escape
from adapters.slack.values import Content
from generation.clip_words import excerpt
from generation.request import VideoSizePreset


def animate_content() -> Content:
    """After ``/animate`` alone."""
    flags = [f"• `{flag.name}{' ' + flag.example if flag.example else ''}` — {flag.about}" for flag in FLAGS]
    sizes = ", ".join(preset.value for preset in VideoSizePreset)
    lines = [
        "Type `/animate` and what you want to see, as in `/animate a paper boat on a stormy sea`. Where you like, add:",
        *flags,
        f"Named sizes: {sizes}.",
        "In a thread, mention me instead of using the command.",
    ]
    return Content("\n".join(lines))


def flipbook_content() -> Content:
    """After ``/flipbook help``."""
    lines = [
        "*Flipbook makes short animations.* `/animate` alone shows how.",
        "• `/flipbook queue` — what is under way here",
        "• `/flipbook history` — your last clips",
        "• `/flipbook show ID` — everything about a clip; brings it again where its message is gone",
        "• `/flipbook cancel ID` — stop one of your own",
        "• `/flipbook quota` — what you may still make",
        "• `/flipbook admin` — limits, channels and blocks, for admins of the workspace",
        "React with 🔁 to a finished clip to make it again with another seed; it counts for whoever reacts.",
    ]
    return Content("\n".join(lines))


def unknown_word_content(word: str, known: tuple[str, ...]) -> Content:
    """After ``/flipbook`` and a word that means nothing."""
    return Content(f"I do not know “{escape(excerpt(word, 30))}”. There are {', '.join(known)}.")


def unknown_command_content() -> Content:
    """For a command that somebody added to the app and we do not serve."""
    return Content("I do not serve this command. Type `/flipbook help` for those that I do.")
