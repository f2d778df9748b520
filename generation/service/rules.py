"""What an operator and a server's admins decide: rules by name, presets, ceilings, pauses; each
change audited."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from generation.domain.parsing import shown
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.ports import Transaction, Urgency
from generation.protocol.errors import InvalidRequest, OperatorOnly, OperatorsPause, Violation
from generation.rules.audit import AuditEntry, Difference
from generation.rules.limits import SomeLimits, some_limits
from generation.rules.limits.presets import Preset
from generation.rules.pause import EVERY_SERVER, MAX_REASON, Pause
from generation.rules.policy import Policy
from generation.rules.server_rules import ServerRules
from generation.service.parts import ServicePart


@dataclass(frozen=True, slots=True)
class RulesChange:
    """A server's rules before and after a change."""

    before: ServerRules
    after: ServerRules


class RuleActs(ServicePart):
    """Rules of a server, ceilings over them, and pauses."""

    async def change_rules(
        self, server: ServerRef, changes: Mapping[str, object], *, by: UserRef
    ) -> RulesChange:
        """Change limits and rules by the names of their fields. Raises InvalidRequest naming each
        that is wrong; then nothing was changed."""
        return await self._change_rules(server, by, "rules", lambda _: changes)

    async def change_policy(
        self, server: ServerRef, change: Callable[[Policy], Mapping[str, object]], *, by: UserRef
    ) -> RulesChange:
        """Change rules that depend on what they are, such as one more of a list. Raises as
        :meth:`change_rules`, and what ``change`` raises."""
        return await self._change_rules(server, by, "rules", lambda rules: change(rules.policy))

    async def apply_preset(self, server: ServerRef, preset: Preset, *, by: UserRef) -> RulesChange:
        """Set everything that a preset names, as one change."""
        return await self._change_rules(
            server, by, f"preset {preset.name}", lambda _: preset.changes
        )

    async def preset_difference(self, server: ServerRef, preset: Preset) -> RulesChange:
        """What a preset would change; nothing is stored."""
        before = await self.rules_of(server)
        return RulesChange(before, before.changed(preset.changes, self._clock.now()))

    async def ceilings_of(self, server: ServerRef) -> SomeLimits:
        """What the operator has stored as the ceilings of that server, or of
        :data:`generation.rules.pause.EVERY_SERVER`."""
        return await self._store.ceilings_of(server)

    async def set_ceilings(
        self, server: ServerRef, changes: Mapping[str, object], *, by: UserRef
    ) -> SomeLimits:
        """Store ceilings over those that are there. Raises InvalidRequest naming the limit that is
        wrong."""
        checked = some_limits(changes)
        return await self._replace_ceilings(server, by, lambda before: {**before, **checked})

    async def reset_ceilings(self, server: ServerRef, *, by: UserRef) -> SomeLimits:
        """Forget the ceilings that are stored, so that those of the settings hold."""
        return await self._replace_ceilings(server, by, lambda _: {})

    async def pauses(self) -> list[Pause]:
        """The pauses in force, oldest first."""
        return await self._store.pauses(self._clock.now())

    async def pause(
        self,
        server: ServerRef,
        reason: str,
        *,
        by: UserRef,
        until: datetime | None = None,
        holds_waiting: bool = False,
    ) -> Pause:
        """Take nothing new in that server, or in :data:`generation.rules.pause.EVERY_SERVER`; a
        pause that is there is replaced. Raises InvalidRequest for a reason that is too long and a
        moment that has passed."""
        pause = self._new_pause(server, reason, by, until=until, holds_waiting=holds_waiting)
        await self._set_pause(server, by, pause)
        return pause

    def _new_pause(
        self,
        server: ServerRef,
        reason: str,
        by: UserRef,
        *,
        until: datetime | None,
        holds_waiting: bool = False,
    ) -> Pause:
        now = self._clock.now()
        words = " ".join(reason.split())
        if len(words) > MAX_REASON:
            given = f"{len(words):,} characters"
            raise InvalidRequest((Violation("reason", f"at most {MAX_REASON} characters", given),))
        if until is not None and until <= now:
            raise InvalidRequest((Violation("until", "a moment to come", shown(until)),))
        return Pause(server, words, by, now, until, holds_waiting)

    async def resume(self, server: ServerRef, *, by: UserRef) -> Pause | None:
        """End the pause of exactly that server, or of all; returns it, None where there was
        none."""
        return await self._set_pause(server, by, None)

    async def _change_rules(
        self,
        server: ServerRef,
        by: UserRef,
        what: str,
        change: Callable[[ServerRules], Mapping[str, object]],
    ) -> RulesChange:
        now = self._clock.now()
        # read in the transaction: of two admins at once neither undoes the other's change
        async with self._store.transaction(Urgency.MEMBER) as tx:
            before = await self._rules_in(tx, server, by)
            after = before.changed(change(before), now)
            limits = Difference.of(before.limits, after.limits)
            policy = Difference.of(before.policy, after.policy)
            entry = AuditEntry(server, by, now, what, *limits.joined(policy).as_json())
            await tx.set_rules(
                server,
                after.limits if limits else None,
                after.policy if policy else None,
                entry,
            )
        return RulesChange(before, after)

    async def _rules_in(self, tx: Transaction, server: ServerRef, by: UserRef) -> ServerRules:
        standing = await tx.standing(server, by, self._clock.now())
        return self._rules.for_server(server, standing.rules)

    async def _replace_ceilings(
        self, server: ServerRef, by: UserRef, change: Callable[[SomeLimits], SomeLimits]
    ) -> SomeLimits:
        async with self._store.transaction(Urgency.MEMBER) as tx:
            before = await tx.ceilings_of(server)
            after = change(before)
            difference = Difference.of_values(before, after)
            entry = AuditEntry(server, by, self._clock.now(), "ceilings", *difference.as_json())
            await tx.set_ceilings(server, after, entry)
        return after

    async def _set_pause(
        self,
        server: ServerRef,
        by: UserRef,
        pause: Pause | None,
        *,
        may_replace: Callable[[Pause], bool] = lambda _: True,
    ) -> Pause | None:
        now = self._clock.now()
        async with self._store.transaction(Urgency.MEMBER) as tx:
            before = await tx.pause_at(server, now)
            # asked here: the operator's may have begun after the admin has looked
            if before is not None and not may_replace(before):
                raise OperatorsPause
            if before is not None or pause is not None:
                entry = AuditEntry(server, by, now, "pause", *map(_pause_json, (before, pause)))
                await tx.set_pause(server, pause, entry)
        # what waited may be taken up again
        self._submitted()
        return before


def _pause_json(pause: Pause | None) -> str:
    if pause is None:
        return _NO_PAUSE
    until = None if pause.until is None else pause.until.isoformat()
    return json.dumps(
        {"reason": pause.reason, "until": until, "holds_waiting": pause.holds_waiting}
    )


_NO_PAUSE: Final = "{}"


class ChatPauses(RuleActs):
    """What members of a chat may do about pauses; that they are admins of the server, or its
    operator, the chat has checked."""

    def is_operator(self, user: UserRef) -> bool:
        """Whether this member is one of the bot's operators, by the settings."""
        return user in self._rules.operators

    async def pause_from_chat(
        self,
        server: ServerRef,
        reason: str,
        *,
        by: UserRef,
        until: datetime | None = None,
        everywhere: bool = False,
    ) -> Pause:
        """Take nothing new in that server, or ``everywhere``. Raises OperatorOnly, OperatorsPause,
        and InvalidRequest as :meth:`pause`."""
        paused = await self._paused(server, by, everywhere=everywhere)
        pause = self._new_pause(paused, reason, by, until=until)
        await self._set_pause(paused, by, pause, may_replace=self._may_replace(by))
        return pause

    async def resume_from_chat(
        self, server: ServerRef, *, by: UserRef, everywhere: bool = False
    ) -> Pause | None:
        """End the pause of that server, or the one of all; returns it, None where there was none.
        Raises OperatorOnly and OperatorsPause."""
        paused = await self._paused(server, by, everywhere=everywhere)
        return await self._set_pause(paused, by, None, may_replace=self._may_replace(by))

    def _may_replace(self, by: UserRef) -> Callable[[Pause], bool]:
        return lambda pause: self.is_operator(by) or not self._is_operators(pause)

    async def _paused(self, server: ServerRef, by: UserRef, *, everywhere: bool) -> ServerRef:
        """Whose pause it is about. Raises where only the operator may change it."""
        if self.is_operator(by):
            return EVERY_SERVER if everywhere else server
        if everywhere:
            raise OperatorOnly
        for pause in await self.pauses():
            if pause.server in {server, EVERY_SERVER} and self._is_operators(pause):
                raise OperatorsPause
        return server

    def _is_operators(self, pause: Pause) -> bool:
        return pause.by.platform is Platform.TERMINAL or self.is_operator(pause.by)
