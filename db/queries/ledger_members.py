"""The ledger's members become pseudonyms, once: lines of earlier versions name them in the clear.

Only the store can do it, when it opens: the pseudonyms need its key, which no migration has. It is
one transaction, so a start that is killed in the middle changes nothing, and the next one begins
again.
"""

from enum import Enum
from functools import partial
from typing import Final

from sqlalchemy import Connection, bindparam, select, text, update

from db.dialects import insert_or
from db.engine import DatabaseEngine, begin_read, run_alone
from db.queries.mapping import server_from_key, user_from_key
from db.queries.privacy.traces import TRACES
from db.schema import VERSION_TABLE, facts, ledger, ledger_totals
from generation.rules.ledger import user_scope
from generation.rules.pseudonyms import MARK, Pseudonym, Pseudonyms

_KEY: Final = "key of the members' pseudonyms"
_TO_REWRITE: Final = "rewriting_members"
"""An index for the time of the rewriting."""

_KNOWN: Final = select(facts.c.value).where(facts.c.name == _KEY)
_MEMBERS: Final = (
    select(ledger.c.server, ledger.c.user).where(ledger.c.user.not_like(f"%:{MARK}%")).distinct()
)
_REWRITE_LINES: Final = (
    update(ledger)
    .where(ledger.c.server == bindparam("of"), ledger.c.user == bindparam("was"))
    .values(user=bindparam("becomes"))
)
_REWRITE_TOTALS: Final = (
    update(ledger_totals)
    .where(ledger_totals.c.scope == bindparam("was"))
    .values(scope=bindparam("becomes"))
)

_TRIGGERS_OFF: Final = {
    "sqlite": ("DROP TRIGGER ledger_no_update",),
    "postgresql": ("ALTER TABLE ledger DISABLE TRIGGER ledger_no_change",),
}
_TRIGGERS_ON: Final = {
    "sqlite": (
        (
            "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, "
            "'the ledger is append-only'); END"
        ),
    ),
    "postgresql": ("ALTER TABLE ledger ENABLE TRIGGER ledger_no_change",),
}


class MembersKey(Enum):
    """Whether the ledger's members were hidden with the key that is in use."""

    SAME = "same"
    NEW = "new"
    """The members have just been hidden."""
    ANOTHER = "another"
    """The key has changed: what was used before belongs to nobody any more."""


async def hide_members(engine: DatabaseEngine, pseudonyms: Pseudonyms) -> MembersKey:
    """Give every member of the ledger a pseudonym, where that was not done before. Raises
    StoreError; then nothing was changed."""
    # the usual start: nothing to do, so nobody is kept waiting
    async with begin_read(engine) as connection:
        if await connection.scalar(_KNOWN) == pseudonyms.key_check:
            return MembersKey.SAME
    found: list[MembersKey] = []
    await run_alone(engine, partial(_hide, pseudonyms, found), VERSION_TABLE)
    return found[0]


def _hide(pseudonyms: Pseudonyms, found: list[MembersKey], connection: Connection) -> None:
    dialect = connection.dialect.name
    if dialect == "postgresql":
        # processes that start together wait here; the second finds nothing to do
        connection.execute(text("LOCK TABLE facts IN EXCLUSIVE MODE"))
    known = connection.scalar(_KNOWN)
    if known == pseudonyms.key_check:
        found.append(MembersKey.SAME)
        return
    if known is None:
        _rewrite(connection, pseudonyms)
    written = insert_or(dialect, facts).values(name=_KEY, value=pseudonyms.key_check)
    connection.execute(
        written.on_conflict_do_update(
            index_elements=[facts.c.name], set_={"value": written.excluded.value}
        )
    )
    found.append(MembersKey.NEW if known is None else MembersKey.ANOTHER)


def _rewrite(connection: Connection, pseudonyms: Pseudonyms) -> None:
    dialect = connection.dialect.name
    for statement in _TRIGGERS_OFF[dialect]:
        connection.execute(text(statement))
    members = [
        (server, user, pseudonyms.of(server_from_key(server), user_from_key(user)))
        for server, user in connection.execute(_MEMBERS)
    ]
    if members:
        connection.execute(text(f'CREATE INDEX {_TO_REWRITE} ON ledger (server, "user")'))
        connection.execute(
            _REWRITE_LINES,
            [{"of": server, "was": user, "becomes": str(new)} for server, user, new in members],
        )
        connection.execute(text(f"DROP INDEX {_TO_REWRITE}"))
        connection.execute(
            _REWRITE_TOTALS,
            [
                # earlier versions named totals by the same rule, with the id in the clear
                {
                    "was": _scope(server, Pseudonym(user_from_key(user))),
                    "becomes": _scope(server, new),
                }
                for server, user, new in members
            ],
        )
        traces = insert_or(dialect, facts).values(name=TRACES, value="")
        connection.execute(traces.on_conflict_do_nothing())
    for statement in _TRIGGERS_ON[dialect]:
        connection.execute(text(statement))


def _scope(server: str, member: Pseudonym) -> str:
    return user_scope(server_from_key(server), member)
