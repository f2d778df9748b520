"""files.*: upload in three steps, info, delete."""

from doubles.slack.faults import AltTextHidesFiles, FileNotShown, FilesInfoLags
from doubles.slack.platform import Platform
from doubles.slack.state import posting, render
from doubles.slack.state.workspaces import Channel, File, Json
from doubles.slack.web_api import rules
from doubles.slack.web_api.calls import Call, Refusal, method


@method("files.getUploadURLExternal", "files:write")
def get_upload_url(call: Call) -> Json:
    """Announce a file: its id, and an address that takes exactly `length` bytes."""
    length = int(call.text("length"))
    if length < 1:
        raise Refusal("invalid_arguments")
    file = File(
        id=call.platform.world.next_id("F"),
        team=call.workspace.team,
        owner=call.workspace.bot_user,
        name=call.text("filename"),
        length=length,
        created=int(call.platform.clock.now()),
        alt_text=call.given("alt_txt") or call.given("alt_text") or "",
    )
    call.workspace.files[file.id] = file
    return {"file_id": file.id, "upload_url": f"{call.platform.url}/upload/v1/{file.team}/{file.id}"}


@method("files.completeUploadExternal", "files:write")
def complete_upload(call: Call) -> Json:
    """Make uploaded files real, once each; with a channel also share them there in a new message."""
    named = call.arguments.get("files")
    if not isinstance(named, list) or not named:
        raise Refusal("invalid_arguments")
    channels = [call.joined_channel(each) for each in _channels(call)]
    thread_ts = call.thread(channels[0]) if channels else None
    if len(channels) > 1 and thread_ts:
        raise Refusal("invalid_arguments")
    for complaint in rules.loud({"text": call.given("initial_comment"), "blocks": call.arguments.get("blocks")}):
        call.violate(complaint)
    files = [_completed(call, each) for each in named]
    hidden = hidden_files(call.platform, call.method, files) if channels else {}
    for channel in channels if not hidden else ():
        _share(call, files, channel, thread_ts)
    return {"files": [{"id": each.id, "title": each.title} for each in files]}


@method("files.info", "files:read")
def info(call: Call) -> Json:
    """A file; its shares and its type may be listed later."""
    file = _existing(call)
    file.info_calls += 1
    lag = call.platform.faults.standing(FilesInfoLags)
    is_ready = lag is None or (lag.calls is not None and file.info_calls > lag.calls)
    shown = render.file_object(file, is_ready=is_ready) | render.file_links(file, call.platform.url)
    return {"file": shown | (render.file_shares(file, call.workspace) if is_ready else {"shares": {}})}


@method("files.delete", "files:write")
def delete(call: Call) -> Json:
    """Delete a file; messages with it keep a tombstone."""
    file = _existing(call)
    file.deleted, file.content = True, None
    call.platform.changes.announce()
    return {}


def hidden_files(platform: Platform, method: str, files: list[File]) -> dict[str, str | None]:
    """The files that a call will not show although it is answered "ok", with the access that its answer tells."""
    if not files:
        return {}
    if platform.faults.standing(AltTextHidesFiles) and any(each.alt_text for each in files):
        return {each.id: None for each in files if each.alt_text}
    fault = platform.faults.take(FileNotShown, method)
    return {each.id: fault.access for each in files} if fault else {}


def _channels(call: Call) -> list[str]:
    one, many = call.given("channel_id"), call.given("channels")
    return [one] if one else many.split(",") if many else []


def _completed(call: Call, named: Json) -> File:
    file = call.workspace.files.get(str(named.get("id")))
    if file is None or file.deleted:
        raise Refusal("file_not_found")
    file.completions += 1
    if file.completed:
        raise Refusal("file_not_found")  # it can be called once; the error's name is not documented
    if file.content is None:
        call.violate(f"{file.id} was completed before its bytes were uploaded")
        raise Refusal("file_not_found")
    file.completed, file.title = True, str(named.get("title") or file.name)
    call.platform.changes.announce()
    return file


def _share(call: Call, files: list[File], channel: Channel, thread_ts: str | None) -> None:
    comment = call.given("initial_comment")
    message = posting.post(
        call.platform,
        call.workspace,
        channel,
        call.workspace.bot_user,
        text=comment or "",
        blocks=[] if comment else list(call.arguments.get("blocks") or []),
        thread_ts=thread_ts,
        file_ids=[each.id for each in files],
    )
    for file in files:
        posting.share(call.platform, file, message)


def _existing(call: Call) -> File:
    file = call.workspace.files.get(call.text("file"))
    if file is None or not file.completed:
        raise Refusal("file_not_found")
    if file.deleted:
        raise Refusal("file_deleted")
    return file
