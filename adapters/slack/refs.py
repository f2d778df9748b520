"""Between Slack's ids and the core's refs, and what they are called."""

from typing import Final

from adapters.slack.models import Act, PostTarget
from generation.domain.job import Job
from generation.domain.names import NameBook
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef, UserRef

_NO_NAMES: Final = frozenset({"directmessage", "privategroup"})
"""What Slack writes in place of a name that it does not tell."""


def server_ref(act: Act) -> ServerRef:
    """The workspace of an act."""
    return ServerRef(Platform.SLACK, act.team)


def user_ref(act: Act) -> UserRef:
    """The person who acted."""
    return UserRef(Platform.SLACK, act.user)


def channel_ref(act: Act) -> ChannelRef:
    """The channel of an act, and the thread in it."""
    return ChannelRef(server_ref(act), act.channel, act.thread)


def message_ref(job: Job, target: PostTarget, ts: str) -> MessageRef:
    """A message about a job, posted to ``target`` in the job's workspace."""
    return MessageRef(ChannelRef(job.channel.server, target.channel, target.thread), ts)


def post_target(channel: ChannelRef) -> PostTarget:
    """Where messages for a channel, or for a thread in it, are posted."""
    return PostTarget(channel.id, channel.thread)


def note_names(names: NameBook, act: Act) -> None:
    """What the member and the channel of an act are called, as far as Slack tells."""
    names.note(user_ref(act), act.user_name)
    if act.channel_name not in _NO_NAMES and not act.is_direct:
        # of the channel, whatever thread the act is in
        names.note(ChannelRef(server_ref(act), act.channel), act.channel_name)
