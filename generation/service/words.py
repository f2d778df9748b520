"""Blocked words and allowed phrases as changes of a policy, one by one or as a list; and what
admins are told of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from generation.domain.notice import Audience, Notice, NoticeKind
from generation.ports import Store
from generation.protocol.clock import Clock
from generation.protocol.errors import InvalidRequest, Violation
from generation.rules.policy import Policy
from generation.service.submit_context import SubmitContext

MOST_TERMS: Final = 1_000
"""Blocked terms of one server: a prompt is compared with all of them."""
MOST_IMPORTED_BYTES: Final = 64 * 1024
_MOST_NAMED: Final = 5

Change = Callable[[Policy], Mapping[str, object]]
Changes = Mapping[str, frozenset[str]]
"""Fields of a policy, as :meth:`generation.service.Service.change_policy` takes them."""


def allowed(policy: Policy, phrase: str) -> Changes:
    """A phrase in which blocked terms do not count. Raises InvalidRequest."""
    return {"allowed_terms": policy.with_phrase(phrase)}


def disallowed(policy: Policy, phrase: str) -> Changes:
    """The phrase is judged as other words are again."""
    return {"allowed_terms": policy.without_phrase(phrase)}


def with_list(policy: Policy, text: str) -> Changes:
    """Every term of a list blocked, one a line; empty lines and those that begin with ``#`` do not
    count. Raises InvalidRequest, naming the lines that cannot be used."""
    if len(text.encode(errors="replace")) > MOST_IMPORTED_BYTES:
        most = f"at most {MOST_IMPORTED_BYTES // 1024} KiB"
        raise InvalidRequest((Violation("list", most, "more"),))
    wrong: list[int] = []
    for number, line in enumerate(text.splitlines(), 1):
        term = line.strip()
        if not term or term.startswith("#"):
            continue
        try:
            policy = policy.model_copy(update={"blocked_terms": policy.with_term(term)})
        except InvalidRequest:
            wrong.append(number)
    if wrong:
        raise InvalidRequest((_unusable(wrong),))
    if len(policy.blocked_terms) > MOST_TERMS:
        most = f"a list with which at most {MOST_TERMS:,} words are blocked"
        raise InvalidRequest((Violation("list", most, f"{len(policy.blocked_terms):,}"),))
    return {"blocked_terms": policy.blocked_terms}


def _unusable(lines: Sequence[int]) -> Violation:
    named = ", ".join(map(str, lines[:_MOST_NAMED]))
    more = f" and {len(lines) - _MOST_NAMED} more" if len(lines) > _MOST_NAMED else ""
    return Violation("list", "one word or phrase a line", f"what is in line {named}{more}")


async def tell_admins(store: Store, clock: Clock, context: SubmitContext, term: str) -> bool:
    """That a member's prompt was refused for its words, once an hour and member, however often they
    try. False where this hour's was told already. Raises StoreError."""
    now, server = clock.now(), context.channel.server
    notice = Notice(
        key=f"blocked-prompt:{server}:{context.requested_by}:{now:%Y-%m-%dT%H}",
        server=server,
        audience=Audience.LOG_CHANNEL,
        kind=NoticeKind.PROMPT_BLOCKED,
        details={
            "asker": context.requested_by.id,
            "term": term,
            "in": context.place.id,
        },
        created_at=now,
    )
    async with store.transaction() as tx:
        return await tx.add_notice(notice)
