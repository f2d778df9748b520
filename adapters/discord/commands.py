"""``/animate``: Discord's options to a wish, and nothing else."""

from typing import Any

import discord
from discord import app_commands

from adapters.discord import options as o
from adapters.discord.parsing import Wish, request_of
from adapters.discord.reception import Reception

Command = app_commands.Command[Any, ..., None]


def animate_command(reception: Reception) -> Command:
    """The command that makes a clip."""

    @app_commands.command(name="animate", description="Make a short clip from a prompt")
    @app_commands.describe(
        prompt="What to show",
        negative_prompt="What to avoid",
        quality="standard looks better, turbo is quicker",
        size="One of the usual sizes",
        width="A width of your own in pixels, a multiple of 8",
        height="A height of your own in pixels, a multiple of 8",
        motion="How the camera moves",
        num_frames="How many pictures the clip has",
        fps="How many pictures are shown per second",
        steps="More steps: finer, and slower",
        guidance="How closely to follow the prompt",
        seed="The same seed and settings make the same clip",
    )
    @app_commands.choices(quality=o.QUALITIES, size=o.SIZES, motion=o.MOTIONS)
    async def animate(
        interaction: discord.Interaction,
        *,
        prompt: o.Prompt,
        negative_prompt: o.NegativePrompt | None = None,
        quality: str | None = None,
        size: str | None = None,
        width: o.Side | None = None,
        height: o.Side | None = None,
        motion: str | None = None,
        num_frames: o.NumFrames | None = None,
        fps: o.Fps | None = None,
        steps: o.Steps | None = None,
        guidance: o.Guidance | None = None,
        seed: o.Seed | None = None,
    ) -> None:
        wish = Wish(
            prompt=prompt,
            negative_prompt=negative_prompt,
            quality=quality,
            size=size,
            width=width,
            height=height,
            motion=motion,
            num_frames=num_frames,
            fps=fps,
            steps=steps,
            guidance=guidance,
            seed=seed,
        )
        async with reception.visit(interaction) as visit:
            if visit is not None:
                request = request_of(wish, reception.service.draw_seed)
                await reception.take_wish(visit, lambda: reception.service.submit(request, visit.ask()))

    return animate
