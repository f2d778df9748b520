"""``flipbook quota``: what is left of the operator's budgets, and of a server's and a member's
limits."""

from adapters.terminal.messenger import LOCAL_SERVER
from bot.commands.admin.database import maintenance_app
from bot.settings import Settings
from generation.domain.refs import ServerRef, UserRef
from generation.text.dialect import plain_for
from generation.text.money.quota import (
    member_quota_lines,
    operator_quota_lines,
    place_quota_lines,
)


async def quota_report(settings: Settings, server: str | None, member: str | None) -> list[str]:
    """The lines about all clips together, then those about one server (this machine), and about
    one of its members. Raises ValueError where ``server`` is not of the form platform:id."""
    place = LOCAL_SERVER if server is None else ServerRef.parse(server)
    # a member is one of the server's platform, with or without that in front
    member_id = (member or "").removeprefix(f"{place.platform}:")
    asker, d = UserRef(place.platform, member_id), plain_for(place.platform)
    async with maintenance_app(settings) as app:
        found = await app.service.quota(asker, place)
        budgets = await app.service.operator_budgets()
    limits, usage = found.limits, found.usage
    lines = [*operator_quota_lines(budgets, d), *place_quota_lines(limits, usage, d)]
    if member_id:
        again = found.hour_resets_at
        lines += member_quota_lines(asker, limits, usage, d, hour_resets_at=again)
    return [str(line) for line in lines]
