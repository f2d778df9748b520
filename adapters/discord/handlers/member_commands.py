"""``/flipbook …``: what members look up, show again and cancel; every response is ephemeral."""

from functools import partial

import discord
from discord import app_commands

from adapters.discord.handlers.autocomplete import (
    Choice,
    cancel_choices,
    clip_choices,
    style_choices,
)
from adapters.discord.handlers.buttons import cancel
from adapters.discord.handlers.clips.finding import show_history, show_queue
from adapters.discord.handlers.clips.show import show
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import (
    CommandGroup,
    InteractionContext,
    InteractionHandler,
    in_server,
)
from adapters.discord.handlers.members.choices import defaults, notify
from adapters.discord.handlers.members.privacy import show_privacy
from adapters.discord.handlers.options import (
    NOTIFY_OPTIONS,
    QUALITIES,
    RESET_OPTIONS,
    ClipName,
    Fps,
    NumFrames,
    OwnNegative,
    SizeText,
    Steps,
    Style,
)
from adapters.discord.text import lists
from adapters.discord.text.help import HELP
from adapters.discord.text.markup import DISCORD
from generation.text.help import CLIP_ABOUT, FLIPBOOK_ABOUT, about_command
from generation.text.options import ABOUT


class MemberCommands(CommandGroup):
    """The command group for all members."""

    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="flipbook", description=FLIPBOOK_ABOUT)

    @app_commands.command(description=about_command("queue", DISCORD))
    @in_server
    async def queue(self, context: InteractionContext) -> None:
        """The server's jobs under way."""
        await show_queue(self.handler, context)

    @app_commands.command(description=about_command("history", DISCORD))
    @in_server
    async def history(self, context: InteractionContext) -> None:
        """The member's own jobs."""
        await show_history(self.handler, context)

    @app_commands.command(description=about_command("show", DISCORD))
    @app_commands.describe(id=CLIP_ABOUT)
    @in_server
    async def show(self, context: InteractionContext, id: ClipName) -> None:  # noqa: A002 - the option's name
        """A finished clip again, or the state of an unfinished one."""
        await self.service.with_named(id, context.server, partial(show, self.handler, context))

    @app_commands.command(description=about_command("cancel", DISCORD))
    @app_commands.describe(id=CLIP_ABOUT)
    @in_server
    async def cancel(self, context: InteractionContext, id: ClipName) -> None:  # noqa: A002 - the option's name
        """The same as the ✖ button."""
        await self.service.with_named(id, context.server, partial(cancel, self.handler, context))

    @show.autocomplete("id")
    async def choose_clip(self, interaction: discord.Interaction, typed: str) -> list[Choice]:
        """The member's own."""
        return await clip_choices(self.handler, interaction, typed)

    @cancel.autocomplete("id")
    async def choose_unfinished(self, interaction: discord.Interaction, typed: str) -> list[Choice]:
        """What the member may cancel."""
        return await cancel_choices(self.handler, interaction, typed)

    @app_commands.command(description=about_command("quota", DISCORD))
    @in_server
    async def quota(self, context: InteractionContext) -> None:
        """The limits, and what is used of them."""
        found = await self.service.quota(context.user, context.server, roles=context.roles)
        await tell(context.interaction, lists.quota(found))

    @app_commands.command(description=about_command("notify", DISCORD))
    @app_commands.describe(when="When; without it, how it is now")
    @app_commands.choices(when=NOTIFY_OPTIONS)
    @in_server
    async def notify(self, context: InteractionContext, when: str | None = None) -> None:
        """When the member is told that a clip is ready."""
        await notify(context, self.service, when)

    @app_commands.command(description=about_command("defaults", DISCORD))
    @app_commands.describe(
        quality=ABOUT["endpoint"],
        size=ABOUT["video_size"],
        style=ABOUT["style"],
        negative=ABOUT["negative_prompt"],
        frames=ABOUT["num_frames"],
        fps=ABOUT["fps"],
        steps=ABOUT["num_inference_steps"],
        reset="Which one to take back, or all",
    )
    @app_commands.choices(quality=QUALITIES, reset=RESET_OPTIONS)
    @in_server
    async def defaults(
        self,
        context: InteractionContext,
        *,
        quality: str | None = None,
        size: SizeText | None = None,
        style: Style | None = None,
        negative: OwnNegative | None = None,
        frames: NumFrames | None = None,
        fps: Fps | None = None,
        steps: Steps | None = None,
        reset: str | None = None,
    ) -> None:
        """What stands in the member's requests where they ask for nothing else."""
        given = {
            "endpoint": quality,
            "video_size": size,
            "style": style,
            "negative_prompt": negative,
            "num_frames": frames,
            "fps": fps,
            "num_inference_steps": steps,
        }
        await defaults(context, self.service, given, reset)

    @defaults.autocomplete("style")
    async def choose_style(self, interaction: discord.Interaction, typed: str) -> list[Choice]:
        """The styles that there are."""
        return await style_choices(self.handler, interaction, typed)

    @app_commands.command(description=about_command("privacy", DISCORD))
    @in_server
    async def privacy(self, context: InteractionContext) -> None:
        """What is kept, with buttons for a copy and for being forgotten."""
        await show_privacy(self.service, context)

    @app_commands.command(description="What Flipbook can do")
    @in_server
    async def help(self, context: InteractionContext) -> None:
        """All commands, one line each."""
        await tell(context.interaction, HELP)
