"""``/flipbook admin limits …``."""

from typing import Final

from adapters.slack.errors import AdminProblem, AdminRefused
from adapters.slack.handlers.admin.verbs import AdminVerbs
from adapters.slack.handlers.payloads import Click
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import admin
from adapters.slack.text.markup import SLACK, plain
from adapters.slack.text.render import stale_button_content
from generation.rules.limits.presets import Preset
from generation.service import Service
from generation.text.limits import limit_named, limit_value
from generation.text.rules.chat import preset_from
from generation.text.rules.presets import pressed_preset

_APPLY: Final = "apply"


class SlackLimitCommands:
    """Shows and changes a workspace's limits."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def verbs(self) -> AdminVerbs:
        """What may be typed."""
        return {
            ("limits", ""): self._show,
            ("limits", "show"): self._show,
            ("limits", "set"): self._set,
            ("limits", "reset"): self._reset,
            ("limits", "preset"): self._preset,
        }

    async def _show(self, act: Act, _: str) -> SlackContent:
        return admin.rules_content(await self._service.rules_of(server_ref(act)))

    async def pressed(self, click: Click) -> SlackContent:
        """A button under the limits, or under what a preset would change."""
        action = click.action_id.removesuffix(f":{click.value}")
        found = pressed_preset(f"{action}:{click.value}")
        if found is None:
            return stale_button_content()
        preset, is_applied = found
        return await self._show_preset(click.act, preset, is_applied=is_applied)

    async def _set(self, act: Act, words: str) -> SlackContent:
        # max_frames=8 is as good as max_frames 8
        given, _, value = plain(words).replace("=", " ", 1).partition(" ")
        try:
            name = limit_named(given)
        except ValueError:
            raise AdminRefused(AdminProblem.UNKNOWN_LIMIT, given) from None
        changes = {name.value: limit_value(name, value, SLACK)}
        change = await self._service.change_rules(server_ref(act), changes, by=user_ref(act))
        return admin.changed_content(change, [name])

    async def _reset(self, act: Act, _: str) -> SlackContent:
        await self._service.reset_limits(server_ref(act), by=user_ref(act))
        return await self._show(act, "")

    async def _preset(self, act: Act, words: str) -> SlackContent:
        """First the difference, then, by one more word, the change."""
        given = plain(words).split()
        is_applied = bool(given) and given[-1].lower() == _APPLY
        preset = preset_from(" ".join(given[:-1] if is_applied else given))
        return await self._show_preset(act, preset, is_applied=is_applied)

    async def _show_preset(self, act: Act, preset: Preset, *, is_applied: bool) -> SlackContent:
        server = server_ref(act)
        if is_applied:
            change = await self._service.apply_preset(server, preset, by=user_ref(act))
        else:
            change = await self._service.preset_difference(server, preset)
        return admin.preset_content(preset, change, is_applied=is_applied)
