"""chat.*: messages of the bot."""

from doubles.slack.faults import FileNotReady
from doubles.slack.state import posting, render
from doubles.slack.state.workspaces import Channel, Json, Message
from doubles.slack.web_api import files, rules
from doubles.slack.web_api.calls import Call, Refusal, method


@method("chat.postMessage", "chat:write")
def post_message(call: Call) -> Json:
    """Post to a channel, a thread, or (by a user id) to a person."""
    _complain_if_loud(call)
    channel = _postable(call)
    thread_ts = call.thread(channel)
    rules.refuse_unpostable(call.arguments)
    message = posting.post(
        call.platform,
        call.workspace,
        channel,
        call.workspace.bot_user,
        text=str(call.arguments.get("text") or ""),
        thread_ts=thread_ts,
        metadata=call.arguments.get("metadata") or None,
        **_lists(call, "blocks", "attachments"),
    )
    return {"channel": channel.id, "ts": message.ts, "message": render.posted_message(message)}


@method("chat.postEphemeral", "chat:write")
def post_ephemeral(call: Call) -> Json:
    """Show something to one person in a channel."""
    _complain_if_loud(call)
    channel = call.joined_channel(call.text("channel"))
    user = call.text("user")
    if user not in channel.members:
        raise Refusal("user_not_in_channel")
    thread_ts = call.thread(channel)
    rules.refuse_unpostable(call.arguments)
    message = posting.post(
        call.platform,
        call.workspace,
        channel,
        call.workspace.bot_user,
        text=str(call.arguments.get("text") or ""),
        thread_ts=thread_ts,
        ephemeral_for=user,
        **_lists(call, "blocks", "attachments"),
    )
    return {"message_ts": message.ts}


@method("chat.update", "chat:write")
def update(call: Call) -> Json:
    """Edit a message of the bot. What is not given stays: blocks, metadata, files."""
    _complain_if_loud(call)
    channel = call.seen_channel(call.text("channel"))
    if call.arguments.get("file_ids") or "chat:write.public" not in call.workspace.tokens.scopes:
        channel = call.joined_channel(channel.id)
    message = call.message(channel, call.text("ts"))
    if message.user != call.workspace.bot_user:
        raise Refusal("cant_update_message")
    rules.refuse_unpostable(call.arguments)
    wanted = _new_files(call, message)
    hidden = files.hidden_files(call.platform, call.method, [call.workspace.files[each] for each in wanted])
    file_ids = [each for each in wanted if each not in hidden]
    changes: Json = _lists(call, "blocks", "attachments") | {"file_ids": [*message.file_ids, *file_ids]}
    if call.given("text") is not None:
        changes["text"] = call.text("text")
    if "metadata" in call.arguments:
        changes["metadata"] = call.arguments["metadata"] or None
    posting.edit(call.platform, message, changes)
    for file_id in file_ids:
        posting.share(call.platform, call.workspace.files[file_id], message)
    shown = render.updated_message(message, call.workspace)
    if hidden:
        shown.pop("files", None)
    if denied := [{"id": each, "file_access": access} for each, access in hidden.items() if access]:
        shown["files"] = denied
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


@method("chat.delete", "chat:write")
def delete(call: Call) -> Json:
    """Delete a message of the bot."""
    message = call.message(call.seen_channel(call.text("channel")), call.text("ts"))
    if message.user != call.workspace.bot_user:
        raise Refusal("cant_delete_message")
    posting.remove(call.platform, message)
    return {"channel": message.channel, "ts": message.ts}


@method("chat.getPermalink")
def get_permalink(call: Call) -> Json:
    """The address of a message for people."""
    message = call.message(call.seen_channel(call.text("channel")), call.text("message_ts"))
    address = f"https://{call.workspace.domain}.slack.com/archives/{message.channel}/p{message.ts.replace('.', '')}"
    return {"channel": message.channel, "permalink": address}


def _postable(call: Call) -> Channel:
    """The channel of a post: joined, or public with chat:write.public, or a person's direct channel."""
    wanted = call.text("channel")
    if wanted in call.workspace.users:
        return posting.direct_channel(call.platform, call.workspace, wanted)
    channel = call.seen_channel(wanted)
    if channel.kind == "public" and not channel.archived and "chat:write.public" in call.workspace.tokens.scopes:
        return channel
    return call.joined_channel(wanted)


def _new_files(call: Call, message: Message) -> list[str]:
    """The files of a chat.update that are not yet in the message: completed, the bot's own, shared nowhere else."""
    file_ids = [str(each) for each in call.arguments.get("file_ids") or []]
    not_ready = call.platform.faults.take(FileNotReady) if file_ids else None
    if not_ready:
        raise Refusal(not_ready.error)
    for file_id in file_ids:
        file = call.workspace.files.get(file_id)
        if file is None or file.deleted or not file.completed:
            call.violate(f"file_ids names {file_id}, which is no completed file of this workspace")
            raise Refusal("file_not_found")
        if any(share != (message.channel, message.ts) for share in file.shares):
            call.violate(f"file_ids names {file_id}, which is shared elsewhere already")
            raise Refusal("file_already_shared")
    return [each for each in file_ids if each not in message.file_ids]


def _complain_if_loud(call: Call) -> None:
    for complaint in rules.loud(call.arguments):
        call.violate(complaint)


def _lists(call: Call, *names: str) -> Json:
    return {name: list(call.arguments[name]) for name in names if isinstance(call.arguments.get(name), list)}
