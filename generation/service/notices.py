"""What is told once, outside of any job's message."""

from collections.abc import Mapping
from typing import Final

from generation.domain.notice import Audience, Notice, NoticeKind
from generation.domain.pricing import Micros, money
from generation.domain.refs import ServerRef
from generation.ports import Urgency
from generation.protocol.request import Endpoint, GenerationRequest
from generation.service.parts import ServicePart

_MOST_HELD: Final = 5


class Notices(ServicePart):
    """Notices that the chats cause or show."""

    async def welcome(self, server: ServerRef, *, channel: str | None = None) -> None:
        """The bot is new in a server: tell the person who installed it there, once. ``channel`` is
        one where it may surely write. Raises StoreError."""
        allowed = self._rules.allowed_servers
        if allowed and server not in allowed:
            return  # the operator serves others only
        now = self._clock.now()
        limits = (await self.rules_of(server)).in_force
        details = {"limits": limits.model_dump_json(), **self._prices()}
        if channel is not None:
            details["channel"] = channel
        notice = Notice(
            key=f"welcome:{server}",
            server=server,
            audience=Audience.INSTALLER,
            kind=NoticeKind.WELCOME,
            details=details,
            created_at=now,
        )
        async with self._store.transaction() as tx:
            is_new = await tx.add_notice(notice)
        if is_new:
            self._noticed()

    async def take_held_notices(self, server: ServerRef) -> list[Notice]:
        """What could not be posted and an admin of the server has to read now; each is taken
        once."""
        async with self._store.transaction(Urgency.MEMBER) as tx:
            return await tx.take_held_notices(server, limit=_MOST_HELD)

    def _prices(self) -> Mapping[str, str]:
        """What a default clip costs at each quality, and whether that is nothing."""

        def price(endpoint: Endpoint) -> Micros:
            request = GenerationRequest.model_validate(
                {"prompt": "a boat", "endpoint": endpoint, "seed": 0}
            )
            return self._rules.prices.cheapest(request, self._rules.backends)[1]

        prices = {endpoint.label: price(endpoint) for endpoint in Endpoint}
        free = "" if any(prices.values()) else "yes"
        return {"free": free} | {label: money(cost) for label, cost in prices.items()}
