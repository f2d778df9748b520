"""Routes for reactions by the bot's own token."""

import re

from doubles.discord.backstage import Backstage
from doubles.discord.rest.call import Answer, Call
from doubles.discord.rest.routing import Route, Routes
from doubles.discord.rules.access import require, require_message, require_open
from doubles.discord.rules.refusals import Refusal
from doubles.discord.state.messages import Message
from doubles.discord.state.people import User
from doubles.discord.state.permissions import Permission
from doubles.discord.wire.payloads import user_payload

ROUTES: list[Route] = []
route = Routes(ROUTES)

MAX_DISTINCT = 20
ONE = "/channels/{channel}/messages/{message}/reactions/{emoji}"
CUSTOM = re.compile(r"\w{2,32}:\d+")


@route("PUT", f"{ONE}/@me", bucket="react", major="channel")
def add_reaction(stage: Backstage, call: Call) -> Answer:
    """React as the bot; its own echo arrives on the gateway."""
    message, emoji = _message(stage, call), call.params["emoji"]
    require_open(message.channel)
    require(stage.world, message.channel, Permission.READ_MESSAGE_HISTORY)
    if emoji not in message.reactions:
        require(stage.world, message.channel, Permission.ADD_REACTIONS)
    if message.author.blocks_bot:
        raise Refusal(90001)
    react(stage, message, emoji, stage.world.bot)
    return Answer(204)


@route("DELETE", f"{ONE}/@me", bucket="react", major="channel")
def remove_own_reaction(stage: Backstage, call: Call) -> Answer:
    """Take the bot's own reaction back."""
    unreact(stage, _message(stage, call), call.params["emoji"], stage.world.bot)
    return Answer(204)


@route("DELETE", f"{ONE}/{{user}}", bucket="react", major="channel")
def remove_reaction(stage: Backstage, call: Call) -> Answer:
    """Remove a user's reaction: needs Manage Messages, and is impossible in a DM."""
    message = _message(stage, call)
    if message.channel.guild is None:
        raise Refusal(50003)
    require(stage.world, message.channel, Permission.MANAGE_MESSAGES)
    user = stage.world.users.get(call.id("user"))
    if user is None:
        raise Refusal(10013)
    unreact(stage, message, call.params["emoji"], user)
    return Answer(204)


@route("GET", ONE, major="channel")
def who_reacted(stage: Backstage, call: Call) -> Answer:
    """Who reacted with one emoji."""
    message = _message(stage, call)
    after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 25))
    users = [user for user in message.reactions.get(call.params["emoji"], []) if user.id > after]
    return Answer(200, [user_payload(user) for user in users[:limit]])


def react(stage: Backstage, message: Message, emoji: str, user: User) -> None:
    """Add anyone's reaction; adding it twice changes nothing."""
    if emoji.isascii() and not CUSTOM.fullmatch(emoji):
        raise Refusal(10014)
    if emoji not in message.reactions and len(message.reactions) >= MAX_DISTINCT:
        raise Refusal(30010)
    users = message.reactions.setdefault(emoji, [])
    if user not in users:
        users.append(user)
        stage.reacted(message, emoji, user, added=True)


def unreact(stage: Backstage, message: Message, emoji: str, user: User) -> None:
    """Take a reaction back; one that is not there is no matter."""
    users = message.reactions.get(emoji, [])
    if user not in users:
        return
    users.remove(user)
    if not users:
        del message.reactions[emoji]
    stage.reacted(message, emoji, user, added=False)


def _message(stage: Backstage, call: Call) -> Message:
    return require_message(stage.world, call.id("channel"), call.id("message"))
