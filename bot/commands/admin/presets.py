"""``flipbook admin preset``: ready-made rules, with what they change."""

from bot.commands.admin.acting import Acting
from generation.domain.parsing import shown
from generation.rules.limits.presets import PRESETS, Preset, preset_named
from generation.text.rules.screen import preset_lines, rule_notes


async def show_presets(acting: Acting) -> list[str]:
    """What each preset would change in a server."""
    return [line for preset in PRESETS for line in await show_preset(acting, preset)]


async def show_preset(acting: Acting, preset: Preset) -> list[str]:
    """What a preset would change in a server."""
    change = await acting.service.preset_difference(acting.server, preset)
    return list(preset_lines(preset, change.before, change.after, acting.d))


async def apply_preset(acting: Acting, preset: Preset) -> list[str]:
    """Set what a preset names; what it has changed."""
    change = await acting.service.apply_preset(acting.server, preset, by=acting.by)
    said = preset_lines(preset, change.before, change.after, acting.d)
    return [*said, *rule_notes(change.after, acting.d)]


def preset_of(name: str) -> Preset:
    """The preset that was typed. Raises ValueError."""
    preset = preset_named(name)
    if preset is None:
        names = ", ".join(each.name for each in PRESETS)
        raise ValueError(f"There is no preset named {shown(name)}. The presets are {names}.")
    return preset
