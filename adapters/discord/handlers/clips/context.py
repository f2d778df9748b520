"""Who acts on a clip, in the core's terms."""

from adapters.discord.handlers.interactions import InteractionContext
from generation.service.clips import Actor


def actor_of(context: InteractionContext) -> Actor:
    """The member; a moderator is one who may delete messages there, or manages the server."""
    granted = context.interaction.permissions
    is_moderator = context.is_admin or granted.manage_messages
    return Actor(context.user, context.server, is_moderator=is_moderator)
