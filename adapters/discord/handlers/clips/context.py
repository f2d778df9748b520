"""Who acts on a clip, in the core's terms."""

from adapters.discord.handlers.interactions import InteractionContext
from generation.service.clips import Actor


def actor_of(context: InteractionContext) -> Actor:
    """The member; a moderator is one who manages the server, or may delete messages there: of other
    channels the interaction does not tell."""
    granted = context.interaction.permissions
    is_moderator = context.is_admin or granted.manage_messages
    only_in = None if context.is_admin else context.channel
    return Actor(context.user, context.server, is_moderator=is_moderator, only_in=only_in)
