"""How the commands are used."""

from typing import Final

from adapters.slack.commands import FLAGS
from adapters.slack.models import SlackContent
from adapters.slack.text.markup import SLACK
from generation.protocol.messages import mark
from generation.protocol.request import VideoSizePreset
from generation.text.dialect import Markup, excerpt
from generation.text.help import EXAMPLE_PROMPT, help_lines

_ADMIN: Final = (
    ("limits show", mark("what members may make")),
    ("limits set NAME VALUE", mark("change one limit")),
    ("limits reset", mark("go back to the operator's limits")),
    (
        "limits preset NAME [apply]",
        mark("limits for a kind of workspace: see them, then apply them"),
    ),
    ("channels show", mark("the channels and blocks")),
    ("channels only #one #two", mark("answer in these channels only")),
    ("channels add #one", mark("answer in this channel too")),
    ("channels remove #one", mark("answer in this channel no longer")),
    ("channels everywhere", mark("answer in every channel")),
    ("channels deny #one", mark("never answer in this channel")),
    ("channels allow #one", mark("answer in a channel again that was denied")),
    ("members allow @name", mark("let these members make clips, and only those who are allowed")),
    ("members remove @name", mark("take a member off that list")),
    ("members everyone", mark("let every member make clips")),
    ("settings show", mark("log channel, time zone, emoji, defaults")),
    ("settings set NAME VALUE", mark("change one setting")),
    (
        "settings log_channel #one",
        mark("where admins are told what they should know; off for nowhere"),
    ),
    ("pause REASON [until 18:00]", mark("take no new clips; those under way finish")),
    ("resume", mark("take new clips again")),
    ("block member @name", mark("take no more prompts from a member")),
    ("block term TERM", mark("take no more prompts with a word")),
    ("unblock member @name", mark("take a member's prompts again")),
    ("unblock term TERM", mark("take prompts with a word again")),
    ("styles list [NAME]", mark("the looks that members choose by name")),
    ('styles add NAME prefix="…" suffix="…" no="…"', mark("offer one more style")),
    ('styles edit NAME prefix="…"', mark("change parts of a style; - for nothing")),
    ("styles remove NAME", mark("offer a style no longer")),
    ("styles reset", mark("go back to the styles that Flipbook brings")),
    ("audit", mark("who changed what")),
)


def animate_content() -> SlackContent:
    """After ``/animate`` alone."""
    flags = (
        f"• `{flag.name}{' ' + flag.example if flag.example else ''}` — {SLACK.gettext(flag.about)}"
        for flag in FLAGS
    )
    example = SLACK.gettext(EXAMPLE_PROMPT)
    lines = [
        SLACK.gettext(
            "Type {command} and what you want to see, as in {example}. Add where you like:",
            command=Markup("`/animate`"),
            example=Markup(SLACK.code(f"/animate {example}")),
        ),
        *flags,
        SLACK.gettext("Named sizes: {sizes}.", sizes=", ".join(p.value for p in VideoSizePreset)),
        SLACK.gettext("In a thread, mention the bot instead of using the command."),
    ]
    return SlackContent("\n".join(lines))


def flipbook_content() -> SlackContent:
    """After ``/flipbook help``."""
    return SlackContent("\n".join(help_lines(SLACK, {"show": " #1042", "cancel": " #1042"})))


def admin_content() -> SlackContent:
    """After ``/flipbook admin`` and unknown words."""
    lines = [
        SLACK.bold(SLACK.gettext("For admins of this {place}")),
        *(f"• `/flipbook admin {words}` — {SLACK.gettext(about)}" for words, about in _ADMIN),
        SLACK.gettext("What can be set, with its name, is shown by limits and settings."),
    ]
    return SlackContent("\n".join(lines))


def unknown_word_content(word: str, known: tuple[str, ...]) -> SlackContent:
    """After ``/flipbook`` and an unknown word."""
    return SlackContent(
        SLACK.gettext(
            "There is no command “{word}”. There are {known}.",
            word=excerpt(word, 30),
            known=", ".join(known),
        )
    )


def unknown_command_content() -> SlackContent:
    """For a command that the bot does not have."""
    return SlackContent(
        SLACK.gettext(
            "The bot does not have this command. {help} lists those that it has.",
            help=Markup("`/flipbook help`"),
        )
    )
