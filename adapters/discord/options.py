"""The options of our commands as Discord's own app offers them: ranges and choices come from the core, written once."""

from typing import Any, Final

import discord
from discord import AppCommandOptionType, app_commands

from generation.limits import LimitName
from generation.request import Endpoint, Motion, VideoSizePreset, bounds_of, side_bounds
from generation.wording import limit_label


class Within(app_commands.Transformer):
    """An option that Discord checks against a range before it is sent: of values, or of lengths for texts."""

    def __init__(self, kind: AppCommandOptionType, bounds: tuple[int, int]) -> None:
        self._kind = kind
        self._low, self._high = bounds

    @property
    def type(self) -> AppCommandOptionType:
        """Text, whole number or number."""
        return self._kind

    @property
    def min_value(self) -> int:
        """The smallest value or shortest length."""
        return self._low

    @property
    def max_value(self) -> int:
        """The largest value or longest length."""
        return self._high

    async def transform(self, interaction: discord.Interaction, value: Any, /) -> Any:  # noqa: ARG002 - discord.py's
        """The value as it came: the core judges it again."""
        return value


class PlaceToPost(app_commands.Transformer):
    """A channel with room for messages, as Discord names it: the bot need not know it."""

    @property
    def type(self) -> AppCommandOptionType:
        """A channel."""
        return AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """Those in which clips can be asked for."""
        return [
            discord.ChannelType.text,
            discord.ChannelType.news,
            discord.ChannelType.voice,
            discord.ChannelType.forum,
        ]

    async def transform(self, interaction: discord.Interaction, value: Any, /) -> Any:  # noqa: ARG002 - discord.py's
        """The channel as it came."""
        return value


_TEXT: Final = AppCommandOptionType.string
_WHOLE: Final = AppCommandOptionType.integer

Prompt = app_commands.Transform[str, Within(_TEXT, bounds_of("prompt"))]
NegativePrompt = app_commands.Transform[str, Within(_TEXT, bounds_of("negative_prompt"))]
Side = app_commands.Transform[int, Within(_WHOLE, side_bounds())]
NumFrames = app_commands.Transform[int, Within(_WHOLE, bounds_of("num_frames"))]
Fps = app_commands.Transform[int, Within(_WHOLE, bounds_of("fps"))]
Steps = app_commands.Transform[int, Within(_WHOLE, bounds_of("num_inference_steps"))]
Guidance = app_commands.Transform[float, Within(AppCommandOptionType.number, bounds_of("guidance_scale"))]
Seed = app_commands.Transform[int, Within(_WHOLE, bounds_of("seed"))]
ClipId = app_commands.Transform[str, Within(_TEXT, (24, 24))]
Term = app_commands.Transform[str, Within(_TEXT, (1, 100))]
Channel = app_commands.Transform[app_commands.AppCommandChannel, PlaceToPost]
LimitText = app_commands.Transform[str, Within(_TEXT, (1, 40))]

QUALITIES: Final = [
    app_commands.Choice(name=f"{endpoint.label} ({words})", value=endpoint.label)
    for endpoint, words in ((Endpoint.STANDARD, "better"), (Endpoint.TURBO, "quicker"))
]
SIZES: Final = [
    app_commands.Choice(name=f"{preset.value} ({preset.pixels[0]}×{preset.pixels[1]})", value=preset.value)
    for preset in VideoSizePreset
]
MOTIONS: Final = [app_commands.Choice(name=motion.value, value=motion.value) for motion in Motion]
LIMITS: Final = [app_commands.Choice(name=limit_label(name), value=name.value) for name in LimitName]
