"""What one member reads about a clip that they ask for: what they typed, when it is not made; a
button, when it is not sure that they want one; where its message is, when they cannot see it."""

from typing import Final

from adapters.slack.ids import ANIMATE_ACTION, asking_block_id
from adapters.slack.models import Block, SlackContent
from adapters.slack.text.markup import SLACK, as_typed
from adapters.slack.text.render import error_content
from generation.protocol.errors import FlipbookError
from generation.text.clips import seconds_words
from generation.text.dialect import Markup, excerpt

MOST_BUTTON_VALUE: Final = 2000
"""Characters; Slack takes no more in a button."""
_SHOWN: Final = 300


def refused_content(error: FlipbookError, typed: str = "") -> SlackContent:
    """What went wrong, with what the member typed."""
    return with_typed(error_content(error), typed)


def with_typed(content: SlackContent, typed: str) -> SlackContent:
    """The same with what the member typed, to be copied: Slack has emptied their box."""
    if not typed:
        return content
    blocks: list[Block] = [_section(content.text), _preformatted(as_typed(typed))]
    return SlackContent(content.text, blocks, content.thread)


def ask_content(words: str, ts: str, thread: str | None) -> SlackContent:
    """After a mention that may not ask for a clip; ``ts`` and ``thread`` are those of the
    mention."""
    text = SLACK.gettext("Make a clip of “{prompt}”?", prompt=excerpt(as_typed(words), _SHOWN))
    if len(words) > MOST_BUTTON_VALUE:
        too_long = SLACK.gettext("Say so with “animate” in front of it.")
        return SlackContent(f"{text} {too_long}")
    costs = SLACK.gettext(
        "It counts against your quota. With “animate” in front it is made at once."
    )
    text = Markup(f"{text} {costs}")
    button: Block = {
        "type": "button",
        "action_id": ANIMATE_ACTION,
        "style": "primary",
        "text": {"type": "plain_text", "text": SLACK.gettext("🎬 Make it"), "emoji": True},
        "value": words,
    }
    actions: Block = {
        "type": "actions",
        "block_id": asking_block_id(ts, thread),
        "elements": [button],
    }
    return SlackContent(text, [_section(text), actions])


def chat_content() -> SlackContent:
    """After a mention that asks for nothing."""
    return SlackContent(
        SLACK.gettext(
            "Mention the bot with what to make, as in “@Flipbook animate a fox in snow”. {help} "
            "shows the rest: the queue, your clips, your quota.",
            help=Markup("`/flipbook help`"),
        )
    )


def direct_chat_content() -> SlackContent:
    """After small talk with the bot alone."""
    return SlackContent(
        SLACK.gettext(
            "Write what to make, as in “animate a fox in snow”; nobody else sees the clip. {help} "
            "shows the rest: the queue, your clips, your quota.",
            help=Markup("`/flipbook help`"),
        )
    )


def comes_elsewhere_content() -> SlackContent:
    """Where two people talk to each other, whom the bot cannot join."""
    return SlackContent(
        SLACK.gettext(
            "The bot cannot post where you two talk, so your clip comes in your direct messages "
            "with it."
        )
    )


def comes_privately_content() -> SlackContent:
    """Where a clip was asked for that the member alone sees."""
    return SlackContent(
        SLACK.gettext("Only you see this clip: it comes in your direct messages with Flipbook.")
    )


def comes_later_content(seconds: float) -> SlackContent:
    """When many ask at once in one channel, where Slack takes a message a second."""
    return SlackContent(
        SLACK.gettext(
            "Your clip is ordered. Many are asked for here at once: its message appears in about "
            "{seconds}.",
            seconds=seconds_words(seconds),
        )
    )


def _section(text: str) -> Block:
    # verbatim: Slack would make links of names and channels in a prompt
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _preformatted(text: str) -> Block:
    element = {"type": "text", "text": text}
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_preformatted", "elements": [element]}],
    }
