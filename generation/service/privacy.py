"""What members do about their own data: see what is kept, take a copy, be forgotten."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from generation.domain.privacy import Forgetting, KeptOfMember
from generation.domain.refs import ServerRef, UserRef
from generation.ports import Urgency
from generation.privacy.confirmations import Confirmations
from generation.privacy.exporting import MAX_BYTES, Exporter
from generation.privacy.retention import KeepDays
from generation.protocol.errors import ExportTooSoon
from generation.service.parts import ServicePart

BETWEEN_EXPORTS: Final = timedelta(hours=1)
EXPORT_NAME: Final = "flipbook-my-data.json"


@dataclass(frozen=True, slots=True)
class PrivacyFacts:
    """What a member reads about their data: how much is kept of them in all servers, for how long
    in this one, and since when they are being forgotten (None: they are not)."""

    kept: KeptOfMember
    days: KeepDays
    forgetting_since: datetime | None
    makers: tuple[str, ...] = ()
    """The backends that get prompts."""


class PrivacyActs(ServicePart):
    """What members do about their own data, and what happens when a server removes the bot."""

    async def privacy_of(self, user: UserRef, server: ServerRef) -> PrivacyFacts:
        """What is kept of a member."""
        asked = await self._store.forgetting_of(user)
        kept = await self._store.kept_of(user)
        since = None if asked is None else asked.asked_at
        days = await self.keep_days(server)
        return PrivacyFacts(kept, days, since, makers=self._rules.backends)

    @property
    def exports_have_links(self) -> bool:
        """Whether clips can be opened from a copy of a member's data."""
        return self._links is not None

    async def keep_days(self, server: ServerRef) -> KeepDays:
        """How long a server keeps clips and prompts, as it is in force."""
        limits = (await self.rules_of(server)).in_force
        return KeepDays(limits.clip_retention_days, limits.prompt_retention_days)

    async def export(self, user: UserRef) -> bytes:
        """A copy of everything that is kept of a member, as JSON in UTF-8, once an hour.

        Raises ExportTooSoon, ExportTooLarge, StoreError.
        """
        now = self._clock.now()
        async with self._store.transaction(Urgency.MEMBER) as tx:
            # noted before it is made: two presses at once make one copy
            if not await tx.note_export(user, now, since=now - BETWEEN_EXPORTS):
                last = await tx.exported_at(user) or now
                raise ExportTooSoon(last + BETWEEN_EXPORTS)
        try:
            return await self._exporter.export(user, max_bytes=MAX_BYTES)
        except BaseException:
            await self._forget_export(user)
            raise

    async def export_failed(self, user: UserRef) -> None:
        """The copy did not reach the member, who may ask again at once."""
        await self._forget_export(user)

    def confirmation_to_forget(self, user: UserRef) -> str:
        """The proof that :meth:`forget` takes, for the button that confirms."""
        return self._confirmations.issue(user)

    async def forget(self, user: UserRef, server: ServerRef, proof: str) -> Forgetting:
        """Begin to forget a member who has confirmed it; it goes on in the background, also after a
        restart, and the member is told at its end.

        Raises ConfirmationInvalid; then nothing has begun.
        """
        self._confirmations.check(proof, user)
        async with self._store.transaction(Urgency.MEMBER) as tx:
            asked = await tx.ask_to_forget(Forgetting(user, self._clock.now(), server))
        self.names.forget(user)
        self._forgetting()
        return asked

    async def server_left(self, server: ServerRef) -> None:
        """A server has removed the bot: what is kept of it is deleted after a week, unless it comes
        back."""
        async with self._store.transaction() as tx:
            await tx.server_left(server, self._clock.now())

    async def servers_present(self, servers: Collection[ServerRef]) -> None:
        """These servers have the bot: they keep what they had."""
        for server in await self._store.gone_servers(self._clock.now()):
            if server in servers:
                async with self._store.transaction() as tx:
                    await tx.server_returned(server)

    async def _forget_export(self, user: UserRef) -> None:
        async with self._store.transaction() as tx:
            await tx.forget_export(user)

    @property
    def _confirmations(self) -> Confirmations:
        return Confirmations(self._store.pseudonyms, self._clock)

    @property
    def _exporter(self) -> Exporter:
        return Exporter(self._store, self._clock, self._links)
