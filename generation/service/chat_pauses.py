"""Pauses from a chat: admins pause their own server, the operator also all of them."""

from datetime import datetime

from generation.domain.refs import Platform, ServerRef, UserRef
from generation.protocol.errors import OperatorOnly, OperatorsPause
from generation.rules.pause import EVERY_SERVER, Pause
from generation.service.rules import RuleActs


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
        return await self.pause(paused, reason, by=by, until=until)

    async def resume_from_chat(
        self, server: ServerRef, *, by: UserRef, everywhere: bool = False
    ) -> Pause | None:
        """End the pause of that server, or the one of all; returns it, None where there was none.
        Raises OperatorOnly and OperatorsPause."""
        return await self.resume(await self._paused(server, by, everywhere=everywhere), by=by)

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
