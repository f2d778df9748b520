"""Who acts on a clip, in the core's terms."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from adapters.slack.handlers.access import Access
from adapters.slack.models import Act
from adapters.slack.refs import server_ref, user_ref
from generation.protocol.errors import JobNotFound, NotYourJob
from generation.service.clips import Actor

Result = TypeVar("Result")


def actor_of(act: Act) -> Actor:
    """The member, with their own rights."""
    return Actor(user_ref(act), server_ref(act))


async def with_rights(access: Access, act: Act, do: Callable[[Actor], Awaitable[Result]]) -> Result:
    """Do it as the member; where that is not enough, as the admin that the member may be: Slack has
    to be asked who is one."""
    actor = actor_of(act)
    try:
        return await do(actor)
    except (NotYourJob, JobNotFound):
        if not await access.is_admin(act.user):
            raise
        return await do(replace(actor, is_moderator=True))
