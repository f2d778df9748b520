"""reactions.*: what the bot puts on messages."""

import re

from doubles.slack.inbound import events
from doubles.slack.state import render
from doubles.slack.state.workspaces import Json, Message
from doubles.slack.web_api.calls import Call, Refusal, method

MOST_KINDS = 23
_NAME = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


@method("reactions.add", "reactions:write")
def add(call: Call) -> Json:
    """React; the event about it comes back to the bot."""
    message, name, bot = _target(call), _name(call), call.workspace.bot_user
    if bot in message.reactions.get(name, []):
        raise Refusal("already_reacted")
    if name not in message.reactions and len(message.reactions) >= MOST_KINDS:
        raise Refusal("too_many_emoji")
    message.reactions.setdefault(name, []).append(bot)
    _tell(call, message, name, "reaction_added")
    return {}


@method("reactions.remove", "reactions:write")
def remove(call: Call) -> Json:
    """Take the bot's own reaction back."""
    message, name, bot = _target(call), _name(call), call.workspace.bot_user
    if bot not in message.reactions.get(name, []):
        raise Refusal("no_reaction")
    message.reactions[name].remove(bot)
    if not message.reactions[name]:
        del message.reactions[name]
    _tell(call, message, name, "reaction_removed")
    return {}


@method("reactions.get", "reactions:read")
def get(call: Call) -> Json:
    """A message with all its reactions."""
    message = _target(call)
    shown = render.past_message(message, call.workspace, with_metadata=False)
    return {"type": "message", "channel": message.channel, "message": shown}


def _target(call: Call) -> Message:
    channel = call.joined_channel(call.text("channel"))
    return call.message(channel, call.text("timestamp"))


def _name(call: Call) -> str:
    name = call.text("name")
    if not _NAME.fullmatch(name):
        raise Refusal("invalid_name")
    return name


def _tell(call: Call, message: Message, name: str, kind: str) -> None:
    delivery = events.reaction(call.platform, message, name, call.workspace.bot_user, kind)
    if delivery is not None:
        call.platform.courier.dispatch(delivery)
    call.platform.changes.announce()
