"""Report to admins: a form for members, and the admins' decision in their log channel."""

from collections.abc import Mapping

from adapters.discord.handlers.access import require_admin
from adapters.discord.handlers.clips.context import actor_of
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from adapters.discord.text import render
from adapters.discord.text.layout import NO_MENTIONS
from adapters.discord.text.markup import DISCORD
from adapters.discord.text.modals import report_modal
from generation.domain.clip_actions import ClipAction
from generation.domain.job import JobId
from generation.domain.report import Decision, ReportReason
from generation.text.controls import reports


async def ask_for_report(
    handler: InteractionHandler, context: InteractionContext, job_id: JobId
) -> None:
    """Open the form."""
    job = await handler.before_a_form(
        handler.service.clip_for(ClipAction.REPORT, job_id, actor_of(context))
    )
    await context.interaction.response.send_modal(report_modal(job))


async def report(
    handler: InteractionHandler,
    context: InteractionContext,
    job_id: JobId,
    filled: Mapping[str, object],
) -> None:
    """Take the report. What is no reason of ours counts as another one: a form can be forged."""
    given = str(filled.get("reason"))
    reason = ReportReason(given) if given in set(ReportReason) else ReportReason.OTHER
    words = str(filled.get("words") or "")
    job = await handler.service.report(job_id, actor_of(context), reason, words)
    await tell(context.interaction, reports.thanks_words(job, DISCORD))


async def decide(
    handler: InteractionHandler, context: InteractionContext, decision: Decision, job_id: JobId
) -> None:
    """An admin's decision; the case then says who has made it."""
    require_admin(context.interaction)
    job = await handler.service.decide(job_id, decision, actor_of(context))
    decided = reports.decided_words(job, decision, context.user, DISCORD)
    message = context.interaction.message
    if message is None:
        await tell(context.interaction, decided)
        return
    # the decision is said in any case, however long the report is
    content = f"{message.content[: render.MAX_CONTENT - len(decided) - 1]}\n{decided}"
    if context.interaction.response.is_done():
        await message.edit(content=content, view=None, allowed_mentions=NO_MENTIONS)
        await tell(context.interaction, decided)
        return
    await context.interaction.response.edit_message(
        content=content, view=None, allowed_mentions=NO_MENTIONS
    )
