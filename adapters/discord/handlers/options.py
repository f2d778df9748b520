"""The options of our commands as Discord's app offers them, with the core's own ranges and
choices."""

from typing import Any, Final

import discord
from discord import AppCommandOptionType, app_commands

from adapters.discord.text.markup import DISCORD
from generation.domain.style import MAX_WORDS
from generation.protocol.extensions.loops import Loop
from generation.protocol.request import (
    Endpoint,
    Motion,
    VideoSizePreset,
    bounds_of,
    side_bounds,
)
from generation.rules.forms.form import SMOOTH_RATES
from generation.rules.limits import OF_MEMBERS, LimitName
from generation.rules.limits.presets import PRESETS
from generation.rules.pause import MAX_REASON
from generation.rules.policy import MAX_ADDED_NEGATIVE
from generation.text.clips import loop_words
from generation.text.forms.choices import EVERYTHING, notify_choices, typed_names
from generation.text.limits import limit_label
from generation.text.rules.chat import SETTINGS
from generation.text.rules.policy import policy_label


class RangeTransformer(app_commands.Transformer):
    """An option whose range Discord's app checks: of values, or of lengths for texts."""

    def __init__(self, kind: AppCommandOptionType, bounds: tuple[int, int]) -> None:
        self._kind = kind
        self._low, self._high = bounds

    @property
    def type(self) -> AppCommandOptionType:
        """String, integer or number."""
        return self._kind

    @property
    def min_value(self) -> int:
        """The smallest value, or the shortest length."""
        return self._low

    @property
    def max_value(self) -> int:
        """The largest value, or the longest length."""
        return self._high

    async def transform(self, interaction: discord.Interaction, value: Any, /) -> Any:  # noqa: ARG002 - discord.py's
        """The value unchanged: the core checks it again."""
        return value


class ChannelTransformer(app_commands.Transformer):
    """A channel that messages can be posted to; the client need not know it."""

    @property
    def type(self) -> AppCommandOptionType:
        """A channel."""
        return AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """The types in which clips can be asked for."""
        return [
            discord.ChannelType.text,
            discord.ChannelType.news,
            discord.ChannelType.voice,
            discord.ChannelType.forum,
        ]

    async def transform(self, interaction: discord.Interaction, value: Any, /) -> Any:  # noqa: ARG002 - discord.py's
        """The channel unchanged."""
        # discord.py's own transformer fails for channels that the client does not know
        return value


class TextChannelTransformer(ChannelTransformer):
    """A channel that takes messages, not only threads or voices."""

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """The types that have a list of messages."""
        return [discord.ChannelType.text, discord.ChannelType.news]


_TEXT: Final = AppCommandOptionType.string
_INTEGER: Final = AppCommandOptionType.integer

Prompt = app_commands.Transform[str, RangeTransformer(_TEXT, bounds_of("prompt"))]
NegativePrompt = app_commands.Transform[str, RangeTransformer(_TEXT, bounds_of("negative_prompt"))]
Side = app_commands.Transform[int, RangeTransformer(_INTEGER, side_bounds())]
NumFrames = app_commands.Transform[int, RangeTransformer(_INTEGER, bounds_of("num_frames"))]
Seconds = app_commands.Transform[
    float, RangeTransformer(AppCommandOptionType.number, bounds_of("seconds"))
]
Fps = app_commands.Transform[int, RangeTransformer(_INTEGER, bounds_of("fps"))]
Steps = app_commands.Transform[int, RangeTransformer(_INTEGER, bounds_of("num_inference_steps"))]
Guidance = app_commands.Transform[
    float, RangeTransformer(AppCommandOptionType.number, bounds_of("guidance_scale"))
]
Seed = app_commands.Transform[int, RangeTransformer(_INTEGER, bounds_of("seed"))]
ClipName = app_commands.Transform[str, RangeTransformer(_TEXT, (1, 100))]
Style = app_commands.Transform[str, RangeTransformer(_TEXT, (1, 100))]
StyleWords = app_commands.Transform[str, RangeTransformer(_TEXT, (1, MAX_WORDS))]
OwnNegative = app_commands.Transform[str, RangeTransformer(_TEXT, (1, MAX_ADDED_NEGATIVE))]
SizeText = app_commands.Transform[str, RangeTransformer(_TEXT, (1, 40))]
Term = app_commands.Transform[str, RangeTransformer(_TEXT, (1, 100))]
Channel = app_commands.Transform[app_commands.AppCommandChannel, ChannelTransformer]
TextChannel = app_commands.Transform[app_commands.AppCommandChannel, TextChannelTransformer]
LimitText = app_commands.Transform[str, RangeTransformer(_TEXT, (1, 40))]
SettingText = app_commands.Transform[str, RangeTransformer(_TEXT, (1, MAX_ADDED_NEGATIVE))]
Reason = app_commands.Transform[str, RangeTransformer(_TEXT, (1, MAX_REASON))]
Until = app_commands.Transform[str, RangeTransformer(_TEXT, (1, 20))]

QUALITIES: Final = [
    app_commands.Choice(name=f"{endpoint.label} ({words})", value=endpoint.label)
    for endpoint, words in ((Endpoint.STANDARD, "better"), (Endpoint.TURBO, "quicker"))
]
SIZES: Final = [
    app_commands.Choice(
        name=f"{preset.value} ({preset.pixels[0]}×{preset.pixels[1]})", value=preset.value
    )
    for preset in VideoSizePreset
]
LOOPS: Final = [app_commands.Choice(name=loop_words(loop), value=loop.value) for loop in Loop]
SMOOTH: Final = [app_commands.Choice(name=f"{fps} fps", value=fps) for fps in SMOOTH_RATES]
MOTIONS: Final = [app_commands.Choice(name=motion.value, value=motion.value) for motion in Motion]
LIMITS: Final = [
    app_commands.Choice(name=limit_label(name, DISCORD), value=name.value) for name in LimitName
]
MEMBER_LIMITS: Final = [choice for choice in LIMITS if choice.value in OF_MEMBERS]
PRESET_CHOICES: Final = [
    app_commands.Choice(name=preset.name, value=preset.name) for preset in PRESETS
]
SETTING_CHOICES: Final = [
    app_commands.Choice(name=policy_label(name, DISCORD), value=name.value) for name in SETTINGS
]
NOTIFY_OPTIONS: Final = [
    app_commands.Choice(name=name, value=value) for name, value in notify_choices(DISCORD)
]
RESET_OPTIONS: Final = [
    app_commands.Choice(name=name, value=name) for name in (EVERYTHING, *typed_names())
]
