"""Routes for messages by the bot's own token: read, post, edit, delete."""

from doubles.discord.backstage import Backstage
from doubles.discord.rest.call import Answer, Call
from doubles.discord.rest.routing import Route, Routes
from doubles.discord.rules.access import require, require_channel, require_message, require_open, require_posting
from doubles.discord.rules.refusals import Refusal, form_refusal
from doubles.discord.state.messages import Json, Message
from doubles.discord.state.permissions import Permission
from doubles.discord.state.places import Channel

ROUTES: list[Route] = []
route = Routes(ROUTES)

NONCE_SECONDS = 300.0
HOUR = 3600.0
REPLY = 19


@route("GET", "/channels/{channel}/messages", major="channel")
def list_messages(stage: Backstage, call: Call) -> Answer:
    """The newest messages, newest first; before, after and limit are understood."""
    channel = require_channel(stage.world, call.id("channel"))
    require(stage.world, channel, Permission.READ_MESSAGE_HISTORY)
    before, after = int(call.query.get("before", 1 << 63)), int(call.query.get("after", 0))
    seen = [item for item in channel.messages.values() if not item.ephemeral and after < item.id < before]
    newest = sorted(seen, key=lambda message: message.id, reverse=True)[: int(call.query.get("limit", 50))]
    return Answer(200, [stage.wire.rest(message) for message in newest])


@route("POST", "/channels/{channel}/messages", bucket="create", major="channel")
def post_message(stage: Backstage, call: Call) -> Answer:
    """A new message. The same nonce within a few minutes gives the message that is there already."""
    channel = require_channel(stage.world, call.id("channel"))
    require_posting(stage.world, channel)
    if call.files:
        require(stage.world, channel, Permission.ATTACH_FILES)
    if repeated := _same_nonce(stage, channel, call.fields):
        return Answer(200, stage.wire.rest(repeated))
    target = _replied_to(stage, channel, call.fields)
    message = stage.composer.create(channel, call.fields, call, upload_limit=channel.upload_limit)
    message.nonce = call.fields.get("nonce")
    if target is not None:
        message.kind, message.replies_to = REPLY, target
    stage.message_created(message)
    return Answer(200, stage.wire.rest(message))


@route("GET", "/channels/{channel}/messages/{message}", major="channel")
def read_message(stage: Backstage, call: Call) -> Answer:
    """One message, with freshly signed links."""
    message = require_message(stage.world, call.id("channel"), call.id("message"))
    require(stage.world, message.channel, Permission.READ_MESSAGE_HISTORY)
    return Answer(200, stage.wire.rest(message))


@route("PATCH", "/channels/{channel}/messages/{message}", bucket="edit", major="channel")
def edit_message(stage: Backstage, call: Call) -> Answer:
    """Edit one of the bot's own messages; after an hour only a few times."""
    message = require_message(stage.world, call.id("channel"), call.id("message"))
    if message.author is not stage.world.bot:
        raise Refusal(50005, violation="an edit of another author's message")
    require_open(message.channel)
    if call.files:
        require(stage.world, message.channel, Permission.ATTACH_FILES)
    require_young(stage, message)
    stage.composer.edit(message, call.fields, call, upload_limit=message.channel.upload_limit)
    stage.check_interval(message)
    stage.message_edited(message)
    return Answer(200, stage.wire.rest(message))


@route("DELETE", "/channels/{channel}/messages/{message}", major="channel")
def delete_message(stage: Backstage, call: Call) -> Answer:
    """Delete a message; another author's needs Manage Messages."""
    message = require_message(stage.world, call.id("channel"), call.id("message"))
    if message.author is not stage.world.bot:
        if message.channel.guild is None:
            raise Refusal(50003)
        require(stage.world, message.channel, Permission.MANAGE_MESSAGES)
    stage.message_deleted(message)
    return Answer(204)


def require_young(stage: Backstage, message: Message) -> None:
    """Refuse when a message older than an hour has been edited often enough since."""
    late = [edit for edit in message.edits if edit.at - message.created_at > HOUR]
    is_old = stage.clock.now() - message.created_at > HOUR
    if is_old and len(late) >= stage.strictness.old_edits:
        raise Refusal(30046, retry_after=stage.strictness.old_edit_retry_after)


def _same_nonce(stage: Backstage, channel: Channel, body: Json) -> Message | None:
    if body.get("nonce") is None or not body.get("enforce_nonce"):
        return None
    for message in channel.messages.values():
        young = stage.clock.now() - message.created_at < NONCE_SECONDS
        if message.author is stage.world.bot and message.nonce == body["nonce"] and young:
            return message
    return None


def _replied_to(stage: Backstage, channel: Channel, body: Json) -> Message | None:
    reference = body.get("message_reference")
    if not reference:
        return None
    require(stage.world, channel, Permission.READ_MESSAGE_HISTORY, code=160002)
    target = channel.messages.get(int(reference["message_id"]))
    if target is None and reference.get("fail_if_not_exists", True):
        raise Refusal(50035)
    if target is not None and target.ephemeral:
        raise form_refusal("a reply to an ephemeral message")
    return target
