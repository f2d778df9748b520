"""The permissions that the bot asks for, each with its reason, and the invite link for exactly
these."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import discord


@dataclass(frozen=True, slots=True)
class RequiredPermission:
    """``flag`` is discord.py's name for a permission, ``label`` Discord's, ``reason`` why the bot
    asks for it. Without one that is not ``is_needed`` nothing is refused."""

    flag: str
    label: str
    reason: str
    is_needed: bool = True


VIEW: Final = RequiredPermission(
    "view_channel",
    "View Channel",
    "reach the channel at all once the first answer's token has expired",
)
SEND: Final = RequiredPermission(
    "send_messages",
    "Send Messages",
    "post a clip anew when its first message can no longer be edited",
)
SEND_IN_THREADS: Final = RequiredPermission(
    "send_messages_in_threads", "Send Messages in Threads", "the same inside threads"
)
REQUIRED_PERMISSIONS: Final = (
    VIEW,
    SEND,
    SEND_IN_THREADS,
    RequiredPermission("attach_files", "Attach Files", "put the MP4 into the message"),
    RequiredPermission(
        "read_message_history",
        "Read Message History",
        "reply to a clip, and find its own message after a crash",
    ),
    RequiredPermission(
        "add_reactions",
        "Add Reactions",
        "put 🔁 under a finished clip, so that one tap re-rolls it",
        # the button under the clip does the same
        is_needed=False,
    ),
)


def missing_permissions(granted: discord.Permissions, *, in_thread: bool) -> list[str]:
    """The labels of the needed permissions that are not granted, for a thread or for another
    channel."""
    # an administrator has every permission, whatever the other bits say
    if granted.administrator:
        return []
    # sending has a permission of its own in threads; the other one does not count there
    elsewhere = SEND if in_thread else SEND_IN_THREADS
    return [
        permission.label
        for permission in REQUIRED_PERMISSIONS
        if permission.is_needed
        and permission is not elsewhere
        and not getattr(granted, permission.flag)
    ]


def missing_in_server(granted: discord.Permissions) -> list[RequiredPermission]:
    """The permissions that the bot's roles in a server do not grant; channels may still change
    them."""
    return [
        permission
        for permission in REQUIRED_PERMISSIONS
        if not (granted.administrator or getattr(granted, permission.flag))
    ]


def missing_sentence(labels: Iterable[str]) -> str:
    """The sentence for a member in a channel where the bot lacks permissions."""
    named = ", ".join(f"**{label}**" for label in labels)
    return (
        f"Flipbook lacks a permission in this channel: {named}. An admin can grant it in "
        "the channel's settings."
    )


def needed_permissions() -> discord.Permissions:
    """The bits of the invite link: the required permissions, nothing else."""
    return discord.Permissions(**{permission.flag: True for permission in REQUIRED_PERMISSIONS})


def invite_url(application_id: int) -> str:
    """The link that adds the bot to a server with these permissions and no more."""
    return discord.utils.oauth_url(
        application_id, permissions=needed_permissions(), scopes=("bot", "applications.commands")
    )
