"""``/flipbook admin styles …``: words that the workspace puts around its members' prompts."""

from adapters.slack.handlers.admin.verbs import AdminVerbs
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import lists
from adapters.slack.text.markup import plain
from generation.rules.forms.styles import style_of
from generation.service import Service
from generation.text.forms.pairs import pairs_in
from generation.text.forms.styles import style_changes


class SlackStyleCommands:
    """Shows and changes a workspace's styles."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def verbs(self) -> AdminVerbs:
        """What may be typed."""
        return {
            ("styles", ""): self._list,
            ("styles", "list"): self._list,
            ("styles", "show"): self._list,
            ("styles", "add"): self._add,
            ("styles", "edit"): self._edit,
            ("styles", "remove"): self._remove,
            ("styles", "reset"): self._reset,
        }

    async def _list(self, act: Act, words: str) -> SlackContent:
        styles = await self._service.styles_of(server_ref(act))
        name = plain(words)
        return lists.style_content(styles, name) if name else lists.styles_content(styles)

    async def _add(self, act: Act, words: str) -> SlackContent:
        name, parts = pairs_in(plain(words))
        style = style_of({"name": name, **style_changes(**parts)})
        styles = await self._service.add_style(server_ref(act), style, by=user_ref(act))
        return lists.style_content(styles, style.name)

    async def _edit(self, act: Act, words: str) -> SlackContent:
        name, parts = pairs_in(plain(words))
        changes = style_changes(**parts)
        styles = await self._service.edit_style(server_ref(act), name, changes, by=user_ref(act))
        return lists.style_content(styles, parts.get("name", name))

    async def _remove(self, act: Act, words: str) -> SlackContent:
        name = plain(words)
        await self._service.remove_style(server_ref(act), name, by=user_ref(act))
        return lists.removed_style_content(name)

    async def _reset(self, act: Act, _: str) -> SlackContent:
        styles = await self._service.reset_styles(server_ref(act), by=user_ref(act))
        return lists.styles_content(styles)
