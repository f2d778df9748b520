"""``/animate``: from Discord's options to a submitted request."""

from dataclasses import replace
from functools import partial
from typing import Any

import discord
from discord import app_commands

from adapters.discord.handlers import options as o
from adapters.discord.handlers.autocomplete import (
    Choice,
    prompt_choices,
    style_choices,
    typed_prompt,
)
from adapters.discord.handlers.forms.handler import offering_again, open_form
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from adapters.discord.handlers.parsing import (
    AnimateOptions,
    request_from_options,
    values_from_options,
)
from generation.text.help import ANIMATE_ABOUT
from generation.text.options import ABOUT

Command = app_commands.Command[Any, ..., None]


def animate_command(handler: InteractionHandler) -> Command:
    """The command that makes a clip."""

    async def choose_style(interaction: discord.Interaction, typed: str) -> list[Choice]:
        return await style_choices(handler, interaction, typed)

    async def choose_prompt(interaction: discord.Interaction, typed: str) -> list[Choice]:
        return await prompt_choices(handler, interaction, typed)

    @app_commands.command(name="animate", description=ANIMATE_ABOUT)
    @app_commands.describe(
        prompt=ABOUT["prompt"],
        negative_prompt=ABOUT["negative_prompt"],
        quality=ABOUT["endpoint"],
        size="One of the usual sizes",
        width="A width of your own in pixels, a multiple of 8",
        height="A height of your own in pixels, a multiple of 8",
        style=ABOUT["style"],
        motion=ABOUT["motions"],
        num_frames=ABOUT["num_frames"],
        seconds=ABOUT["seconds"],
        loop=ABOUT["loop"],
        smooth=ABOUT["smooth_fps"],
        fps=ABOUT["fps"],
        steps=ABOUT["num_inference_steps"],
        guidance=ABOUT["guidance_scale"],
        seed=ABOUT["seed"],
        private=ABOUT["private"],
    )
    @app_commands.choices(quality=o.QUALITIES, size=o.SIZES, motion=o.MOTIONS, loop=o.LOOPS)
    @app_commands.choices(smooth=o.SMOOTH)
    @app_commands.autocomplete(prompt=choose_prompt, style=choose_style)
    async def animate(
        interaction: discord.Interaction,
        *,
        prompt: o.Prompt | None = None,
        negative_prompt: o.NegativePrompt | None = None,
        quality: str | None = None,
        size: str | None = None,
        width: o.Side | None = None,
        height: o.Side | None = None,
        style: o.Style | None = None,
        motion: str | None = None,
        num_frames: o.NumFrames | None = None,
        seconds: o.Seconds | None = None,
        loop: str | None = None,
        smooth: int | None = None,
        fps: o.Fps | None = None,
        steps: o.Steps | None = None,
        guidance: o.Guidance | None = None,
        seed: o.Seed | None = None,
        private: bool | None = None,
    ) -> None:
        options = AnimateOptions(
            prompt=prompt or "",
            negative_prompt=negative_prompt,
            quality=quality,
            size=size,
            width=width,
            height=height,
            motion=motion,
            num_frames=num_frames,
            seconds=seconds,
            loop=loop,
            smooth=smooth,
            fps=fps,
            steps=steps,
            guidance=guidance,
            seed=seed,
            style=style,
            private=private,
        )
        await handler.handle(interaction, partial(_submit, handler, options))

    return animate


async def _submit(
    handler: InteractionHandler, options: AnimateOptions, context: InteractionContext
) -> None:
    options = replace(options, prompt=await typed_prompt(handler, context, options.prompt))
    values = values_from_options(options)
    if not options.prompt:
        await open_form(handler, context, values)
        return

    async def make() -> None:
        request, style, is_private = request_from_options(options, handler.service.draw_seed)
        asked = handler.asked(context, is_private=is_private)
        await handler.submit(
            context,
            partial(handler.service.make, request, asked, style=style),
            is_private=is_private,
        )

    await offering_again(handler, context, values, make)
