"""``/flipbook notify`` and ``/flipbook defaults``: what members choose for themselves."""

from collections.abc import Mapping

from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import InteractionContext
from adapters.discord.text import lists
from adapters.discord.text.markup import DISCORD
from generation.service import Service
from generation.text.forms.choices import EVERYTHING, default_named, default_value, notify_value


async def notify(context: InteractionContext, service: Service, when: str | None) -> None:
    """When the member is told that a clip is ready; without a choice, how it is now."""
    if when is None:
        own = await service.choices_of(context.user, context.server)
    else:
        changes = {"notify": notify_value(when, DISCORD)}
        own = await service.choose(context.user, context.server, changes)
    await tell(context.interaction, lists.notify(own))


async def defaults(
    context: InteractionContext,
    service: Service,
    given: Mapping[str, object],
    reset: str | None,
) -> None:
    """What stands in the member's requests where they ask for nothing else; ``given`` are new ones
    by the request's field, None for those that stay."""
    user, server, roles = context.user, context.server, context.roles
    changes = {
        name: default_value(name, str(value), DISCORD)
        for name, value in given.items()
        if value is not None
    }
    if reset == EVERYTHING:
        await service.reset_defaults(user, server)
    elif reset is not None:
        changes = {default_named(reset, DISCORD): None, **changes}
    if changes:
        own = await service.choose(user, server, changes, roles=roles)
    else:
        own = await service.choices_of(user, server, roles=roles)
    await tell(context.interaction, lists.defaults(own))
