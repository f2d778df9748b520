"""The table of what members have chosen: every statement about it, and the methods that run it.

What a method promises is written in :mod:`generation.ports.choices`.
"""

from collections.abc import Mapping
from typing import Final

import structlog
from pydantic import ValidationError
from sqlalchemy import bindparam, delete, select

from db.dialects import insert_or
from db.queries.mapping import server_from_key
from db.queries.parts import QueryPart, StorePart, TransactionPart
from db.schema import member_choices
from generation.domain.refs import ServerRef, UserRef
from generation.rules.choices import NO_CHOICES, MemberChoices

_log = structlog.get_logger("flipbook.db")

_OF: Final = select(member_choices.c.choices).where(
    member_choices.c.server == bindparam("of"), member_choices.c.user == bindparam("by")
)
_EVERYWHERE: Final = (
    select(member_choices.c.server, member_choices.c.choices)
    .where(member_choices.c.user == bindparam("by"))
    .order_by(member_choices.c.server)
)
_TAKE_BACK: Final = delete(member_choices).where(
    member_choices.c.server == bindparam("of"), member_choices.c.user == bindparam("by")
)
_FORGET: Final = delete(member_choices).where(member_choices.c.user == bindparam("by"))


class ChoiceQueries(QueryPart):
    """What both the store and a transaction read."""

    async def choices_of(self, user: UserRef, server: ServerRef) -> MemberChoices:
        async with self._read(str(server)) as connection:
            stored = await connection.scalar(_OF, {"of": str(server), "by": str(user)})
        return NO_CHOICES if stored is None else _choices_from(stored)


class ChoiceStore(ChoiceQueries, StorePart):
    """What the store reads of choices."""

    async def every_choice_of(self, user: UserRef) -> Mapping[ServerRef, MemberChoices]:
        async with self._read() as connection:
            rows = (await connection.execute(_EVERYWHERE, {"by": str(user)})).all()
        return {server_from_key(row.server): _choices_from(row.choices) for row in rows}


class ChoiceTransaction(ChoiceQueries, TransactionPart):
    """What a transaction writes of choices."""

    async def set_choices(self, user: UserRef, server: ServerRef, choices: MemberChoices) -> None:
        if choices == NO_CHOICES:
            # nothing is kept of members who have chosen nothing
            await self._connection.execute(_TAKE_BACK, {"of": str(server), "by": str(user)})
            return
        c = member_choices.c
        written = insert_or(self._connection.dialect.name, member_choices).values(
            server=str(server),
            user=str(user),
            choices=choices.model_dump_json(exclude_none=True),
        )
        await self._connection.execute(
            written.on_conflict_do_update(
                index_elements=[c.server, c.user], set_={"choices": written.excluded.choices}
            )
        )

    async def forget_choices(self, user: UserRef) -> None:
        await self._connection.execute(_FORGET, {"by": str(user)})


def _choices_from(stored: str) -> MemberChoices:
    try:
        return MemberChoices.model_validate_json(stored)
    except ValidationError:
        # nothing that decides: better than a member who can neither ask nor choose anew, and a
        # clip that is delivered over and over because nobody can tell whether they are told
        _log.warning("what a member has chosen cannot be read; the server's defaults hold")
        return NO_CHOICES
