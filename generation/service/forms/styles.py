"""A server's prompt styles: read by everyone, changed by its admins, each change audited."""

import json
from collections.abc import Callable

from generation.domain.refs import ServerRef, UserRef
from generation.domain.style import PromptStyle
from generation.ports import Reads, Transaction, Urgency
from generation.rules.audit import AuditEntry
from generation.rules.forms.styles import Styles, starter_styles
from generation.service.parts import ServicePart


class StyleActs(ServicePart):
    """Styles of a server."""

    async def styles_of(self, server: ServerRef) -> Styles:
        """The server's styles: its own, else those that Flipbook is shipped with."""
        return await _styles(self._store, server)

    async def add_style(self, server: ServerRef, style: PromptStyle, *, by: UserRef) -> Styles:
        """One more style. Raises InvalidRequest for a name that is taken."""
        return await self._change(server, by, lambda styles: styles.added(style))

    async def edit_style(
        self, server: ServerRef, name: str, changes: dict[str, object], *, by: UserRef
    ) -> Styles:
        """Change parts of a style. Raises StyleUnknown or InvalidRequest."""
        return await self._change(server, by, lambda styles: styles.edited(name, changes))

    async def remove_style(self, server: ServerRef, name: str, *, by: UserRef) -> Styles:
        """Offer a style no longer; clips that were made in it keep its words. Raises
        StyleUnknown."""
        return await self._change(server, by, lambda styles: styles.removed(name))

    async def reset_styles(self, server: ServerRef, *, by: UserRef) -> Styles:
        """Go back to the styles that Flipbook is shipped with."""
        async with self._store.transaction(Urgency.MEMBER) as tx:
            entry = self._styles_entry(server, by, await _styles(tx, server), starter_styles())
            await tx.set_styles(server, None, entry)
        return starter_styles()

    async def _change(
        self, server: ServerRef, by: UserRef, change: Callable[[Styles], Styles]
    ) -> Styles:
        # read in the transaction: of two admins at once neither undoes the other's change
        async with self._store.transaction(Urgency.MEMBER) as tx:
            before = await _styles(tx, server)
            after = change(before)
            await tx.set_styles(server, after, self._styles_entry(server, by, before, after))
        return after

    def _styles_entry(
        self, server: ServerRef, by: UserRef, before: Styles, after: Styles
    ) -> AuditEntry:
        return AuditEntry(server, by, self._clock.now(), "styles", *_difference(before, after))


async def style_in(
    tx: Transaction, server: ServerRef, style: str | PromptStyle | None
) -> PromptStyle | None:
    """The style that a request names, as it is now. Raises StyleUnknown."""
    # most requests name none, and an older job brings its own
    return (await _styles(tx, server)).named(style) if isinstance(style, str) else style


async def _styles(reads: Reads, server: ServerRef) -> Styles:
    stored = await reads.styles_of(server)
    return starter_styles() if stored is None else stored


def _difference(before: Styles, after: Styles) -> tuple[str, str]:
    """The styles that differ, by name, as JSON before and after."""
    sides = ({style.name: style for style in styles.styles} for styles in (before, after))
    old, new = sides
    names = [name for name in old | new if old.get(name) != new.get(name)]
    return _as_json(old, names), _as_json(new, names)


def _as_json(styles: dict[str, PromptStyle], names: list[str]) -> str:
    return json.dumps({n: styles[n].model_dump(mode="json") for n in names if n in styles})
