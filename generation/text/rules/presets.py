"""Presets by button: the first press says what one would change, a second one applies it."""

from typing import Final

from generation.rules.limits.presets import PRESETS, Preset, preset_named
from generation.text.dialect import Dialect
from generation.text.notices import NoticeButton

LOOK: Final = "v1:preset:"
APPLY: Final = "v1:apply_preset:"
"""The ids of the buttons; after them comes the preset's name. Old messages hold them, so they never
change."""


def preset_buttons(d: Dialect) -> tuple[NoticeButton, ...]:
    """A button for each preset, under the limits in force."""
    return tuple(
        NoticeButton(f"{LOOK}{_typed(preset)}", d.gettext("Preset: {preset}", preset=preset.name))
        for preset in PRESETS
    )


def apply_button(preset: Preset, d: Dialect) -> NoticeButton:
    """Under what a preset would change."""
    label = d.gettext("Apply {preset}", preset=preset.name)
    return NoticeButton(f"{APPLY}{_typed(preset)}", label)


def pressed_preset(button: str) -> tuple[Preset, bool] | None:
    """The preset of a button, and whether to apply it; None for other buttons and forged ids."""
    for prefix in (LOOK, APPLY):
        if button.startswith(prefix):
            preset = preset_named(button.removeprefix(prefix))
            return None if preset is None else (preset, prefix == APPLY)
    return None


def _typed(preset: Preset) -> str:
    return preset.name.replace(" ", "-")
