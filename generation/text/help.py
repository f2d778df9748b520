"""How the commands are used, in a few lines, the same in both chats."""

from collections.abc import Mapping
from typing import Final

from generation.protocol.messages import mark
from generation.text.dialect import Dialect, Markup

ANIMATE_ABOUT: Final = mark("Make a short clip from a prompt")
EXAMPLE_PROMPT: Final = mark("a paper boat on a stormy sea")
MAKE_A_CLIP: Final = mark("Make a clip")
ANIMATE_TEXT: Final = mark("Animate this text")
"""In the menus of both chats: anywhere, and on a message."""
FLIPBOOK_ABOUT: Final = mark("Your clips, the queue and your quota")
"""What the chats' own lists of commands say of ``/animate`` and ``/flipbook``."""
CLIP_ABOUT: Final = mark("The clip's number, such as #1042")
"""Of an option that names a clip."""
_MEMBERS: Final = {
    "queue": mark("what is under way in this {place}"),
    "history": mark("your last clips"),
    "show": mark("a clip again, or where it is, for you alone"),
    "cancel": mark("stop one of your clips"),
    "quota": mark("what you have used, and may still make"),
    "notify": mark("when you are told that a clip is ready"),
    "defaults": mark("what your clips are like where you ask for nothing else"),
    "privacy": mark("what is kept of you; get a copy, or be forgotten"),
}
"""What the words after ``/flipbook`` do."""


def about_command(word: str, d: Dialect) -> str:
    """What a chat's own list of commands says of a word after ``/flipbook``."""
    about = d.gettext(_MEMBERS[word])
    return about[0].upper() + about[1:]


def help_lines(d: Dialect, arguments: Mapping[str, str]) -> list[Markup]:
    """All commands for members; ``arguments`` is what has to be typed after some words."""
    return [
        Markup(d.bold(d.gettext("Flipbook makes short clips from words."))),
        _line("/animate", d.gettext("make a clip"), d),
        *(
            _line(f"/flipbook {word}{arguments.get(word, '')}", d.gettext(about), d)
            for word, about in _MEMBERS.items()
        ),
        _line(d.admin, d.gettext("limits, channels and blocks, for admins of this {place}"), d),
        d.gettext(
            "{emoji} under a finished clip, as a button or a reaction, makes it again with another "
            "seed; it counts for whoever presses it.",
            emoji="🔁",
        ),
        d.gettext("{emoji} under a clip that is under way cancels it.", emoji="✖️"),
        d.gettext("⚡ and 🎞️ make it in the other quality, ⚙️ shows how it was made."),
        d.gettext("{emoji} deletes it, for the member who asked and for moderators.", emoji="🗑️"),
    ]


def _line(command: str, about: Markup, d: Dialect) -> Markup:
    return Markup(f"{d.bullet}{d.code(command)} — {about}")
