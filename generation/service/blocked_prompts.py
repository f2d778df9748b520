"""Tells the admins that a member's prompt was refused for its words: once an hour and member,
however often they try."""

from generation.domain.notice import Audience, Notice, NoticeKind
from generation.ports import Store
from generation.protocol.clock import Clock
from generation.service.submit_context import SubmitContext


async def tell_admins(store: Store, clock: Clock, context: SubmitContext, term: str) -> bool:
    """Add the notice; False where this hour's was told already. Raises StoreError."""
    now, server = clock.now(), context.channel.server
    notice = Notice(
        key=f"blocked-prompt:{server}:{context.requested_by}:{now:%Y-%m-%dT%H}",
        server=server,
        audience=Audience.LOG_CHANNEL,
        kind=NoticeKind.PROMPT_BLOCKED,
        details={
            "asker": context.requested_by.id,
            "term": term,
            "in": context.channel.id,
        },
        created_at=now,
    )
    async with store.transaction() as tx:
        return await tx.add_notice(notice)
