"""What the bot may not do without, each with its reason, and the invite link that asks for exactly that."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import discord


@dataclass(frozen=True, slots=True)
class Need:
    """One permission: discord.py's name of it, Discord's, and why the bot needs it."""

    flag: str
    label: str
    reason: str


SEND: Final = Need(
    "send_messages", "Send Messages", "post a clip anew when its first message is gone or too old to edit"
)
SEND_IN_THREADS: Final = Need("send_messages_in_threads", "Send Messages in Threads", "the same inside threads")
NEEDS: Final = (
    Need("view_channel", "View Channel", "reach the channel at all once the first answer's token has expired"),
    SEND,
    SEND_IN_THREADS,
    Need("attach_files", "Attach Files", "put the MP4 into the message"),
    Need("read_message_history", "Read Message History", "reply to a clip, and find its own message after a crash"),
    Need("add_reactions", "Add Reactions", "put 🔁 under a finished clip, so that one tap re-rolls it"),
)


def missing_permissions(granted: discord.Permissions, *, in_thread: bool) -> list[str]:
    """The labels of what is not granted, in a place of that kind."""
    if granted.administrator:
        return []
    elsewhere = SEND if in_thread else SEND_IN_THREADS
    return [need.label for need in NEEDS if need is not elsewhere and not getattr(granted, need.flag)]


def missing_in_server(granted: discord.Permissions) -> list[Need]:
    """What is not granted by the bot's roles in a server, before any channel takes or gives more."""
    return [need for need in NEEDS if not (granted.administrator or getattr(granted, need.flag))]


def missing_sentence(labels: Iterable[str]) -> str:
    """What a member is told before anything is spent."""
    named = ", ".join(f"**{label}**" for label in labels)
    return f"Flipbook lacks a permission in this channel: {named}. An admin can grant it in the channel's settings."


def needed_permissions() -> discord.Permissions:
    """The bits of the invite link: all needs, nothing else."""
    return discord.Permissions(**{need.flag: True for need in NEEDS})


def invite_url(application_id: int) -> str:
    """The link that adds the bot to a server with the least permissions it works with."""
    return discord.utils.oauth_url(
        application_id, permissions=needed_permissions(), scopes=("bot", "applications.commands")
    )
