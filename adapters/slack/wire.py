"""Our values in Slack's JSON, and facts out of Slack's answers."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.slack.models import (
    ChannelFacts,
    FileFacts,
    MessageMetadata,
    PostTarget,
    SlackContent,
    UserFacts,
)

METADATA_TYPE: Final = "flipbook_job"

Answered = Mapping[str, Any]
"""Parsed JSON of Slack."""


def text_and_blocks(content: SlackContent) -> dict[str, object]:
    """Both, also where there are no blocks: an edit without them would keep the old ones."""
    return {"text": content.text, "blocks": list(content.blocks)}


def metadata_as_sent(metadata: MessageMetadata) -> dict[str, object]:
    """By which the message can be found again."""
    payload = {"job_id": metadata.job_id, "part": metadata.part}
    return {"event_type": METADATA_TYPE, "event_payload": payload}


def metadata_of(message: Answered) -> MessageMetadata | None:
    """The metadata of a message of ours; None for other messages."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != METADATA_TYPE:
        return None
    payload = metadata.get("event_payload") or {}
    return MessageMetadata(str(payload.get("job_id")), str(payload.get("part")))


def may_show(edited: Answered, file_id: str) -> bool:
    """Whether an edited message may show a file, as far as the edit's answer says."""
    files = (edited.get("message") or {}).get("files")
    if files is None:
        return True
    access = {str(each.get("id")): each.get("file_access", "visible") for each in files}
    # check_file_info: another organisation's channel, where only files.info tells
    return access.get(file_id) in ("visible", "check_file_info")


def search(target: PostTarget, between: tuple[float, float]) -> tuple[str, dict[str, object]]:
    """The method that lists what was posted there between two times, and what it is asked."""
    asked: dict[str, object] = {
        "channel": target.channel,
        "oldest": f"{between[0]:.6f}",
        "latest": f"{between[1]:.6f}",
        "limit": 200,  # one page: the window is a few minutes long
    }
    if target.thread is None:
        return "conversations.history", asked
    return "conversations.replies", {**asked, "ts": target.thread}


def channel_facts(channel: Answered) -> ChannelFacts:
    """Of the answer of ``conversations.info``."""
    # a direct conversation that the bot can look up has it as a member
    is_direct = bool(channel.get("is_im") or channel.get("is_mpim"))
    return ChannelFacts(
        is_inside=is_direct or bool(channel.get("is_member")),
        is_archived=bool(channel.get("is_archived")),
        is_closed=is_direct or bool(channel.get("is_private")),
        is_shared=bool(channel.get("is_ext_shared") or channel.get("is_pending_ext_shared")),
    )


def user_facts(user: Answered) -> UserFacts:
    """Of the answer of ``users.info``."""
    is_admin = any(user.get(name) for name in ("is_admin", "is_owner", "is_primary_owner"))
    return UserFacts(
        str(user.get("team_id", "")),
        is_admin,
        bool(user.get("is_bot")),
        enterprise=(user.get("enterprise_user") or {}).get("enterprise_id"),
        is_stranger=bool(user.get("is_stranger")),
    )


def file_facts(file: Answered) -> FileFacts:
    """Of the answer of ``files.info``."""
    shares: dict[str, tuple[str, ...]] = {}
    # Slack groups the shares into public and private channels
    for group in (file.get("shares") or {}).values():
        for channel, shared in group.items():
            shares[channel] = shares.get(channel, ()) + tuple(str(each["ts"]) for each in shared)
    return FileFacts(shares, is_processed=bool(file.get("mimetype")))
