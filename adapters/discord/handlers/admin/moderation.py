"""``/flipbook-admin allow|disallow|terms|reports …``: words as lists and phrases, and what members
report."""

from typing import Final

import discord
from discord import app_commands

from adapters.discord.handlers.admin.guard import for_admins
from adapters.discord.handlers.autocomplete import Choice, report_choices, term_choices
from adapters.discord.handlers.clips.context import actor_of
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import (
    CommandGroup,
    InteractionContext,
    InteractionHandler,
)
from adapters.discord.handlers.options import ClipName, Term
from adapters.discord.text import lists
from adapters.discord.text.markup import DISCORD
from generation.domain.report import Decision
from generation.protocol.errors import InvalidRequest, Violation
from generation.rules.policy import PolicyName
from generation.service import words
from generation.text.controls.reports import decided_words, decision_label
from generation.text.help import CLIP_ABOUT
from generation.text.rules.screen import changed_rule_lines

_DECISIONS: Final = [
    app_commands.Choice(name=decision_label(decision, DISCORD), value=decision.value)
    for decision in Decision
]


class WordCommands(CommandGroup):
    """Changes words, and says what holds then."""

    async def change(
        self, context: InteractionContext, name: PolicyName, change: words.Change
    ) -> None:
        """Change a list of the policy."""
        done = await self.service.change_policy(context.server, change, by=context.user)
        lines = changed_rule_lines(done.before, done.after, [name], DISCORD)
        await tell(context.interaction, lists.fitting(lines))


class AllowCommands(WordCommands):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="allow", description="Let phrases pass")

    @app_commands.command(description="Let a phrase pass, though it has a blocked word in it")
    @app_commands.describe(term="The phrase, whatever its case")
    @for_admins
    async def term(self, context: InteractionContext, term: Term) -> None:
        """An allowed phrase."""
        await self.change(
            context, PolicyName.ALLOWED_TERMS, lambda policy: words.allowed(policy, term)
        )


class DisallowCommands(WordCommands):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="disallow", description="Judge phrases again")

    @app_commands.command(description="Judge a phrase as other words again")
    @app_commands.describe(term="A phrase that was allowed before")
    @for_admins
    async def term(self, context: InteractionContext, term: Term) -> None:
        """No allowed phrase any more."""
        await self.change(
            context, PolicyName.ALLOWED_TERMS, lambda policy: words.disallowed(policy, term)
        )

    @term.autocomplete("term")
    async def choose_term(self, interaction: discord.Interaction, typed: str) -> list[Choice]:
        """The allowed ones."""
        return await term_choices(
            self.handler, interaction, typed, lambda policy: policy.allowed_terms
        )


class TermCommands(WordCommands):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="terms", description="Blocked words as a list")

    @app_commands.command(name="import", description="Block every word of a text file")
    @app_commands.describe(file="One word or phrase a line; # begins a remark")
    @for_admins
    async def import_(self, context: InteractionContext, file: discord.Attachment) -> None:
        """A list of terms."""
        text = await _text_of(file)
        await self.change(
            context, PolicyName.BLOCKED_TERMS, lambda policy: words.with_list(policy, text)
        )


class ReportCommands(CommandGroup):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="reports", description="What members have reported")

    @app_commands.command(description="Show the reports that no admin has decided")
    @for_admins
    async def show(self, context: InteractionContext) -> None:
        """The open reports."""
        reports = await self.service.open_reports(context.server)
        await tell(context.interaction, lists.reports(reports))

    @app_commands.command(description="Decide about a reported clip")
    @app_commands.describe(id=CLIP_ABOUT, decision="What to do")
    @app_commands.choices(decision=_DECISIONS)
    @for_admins
    async def decide(self, context: InteractionContext, id: ClipName, decision: str) -> None:  # noqa: A002 - the option's name
        """What the buttons in the log channel do."""
        if decision not in set(Decision):
            allowed = ", ".join(Decision)
            raise InvalidRequest((Violation("decision", f"one of {allowed}", "another"),))
        job = await self.service.with_named(
            id,
            context.server,
            lambda job_id: self.service.decide(job_id, Decision(decision), actor_of(context)),
        )
        await tell(
            context.interaction, decided_words(job, Decision(decision), context.user, DISCORD)
        )

    @decide.autocomplete("id")
    async def choose_clip(self, interaction: discord.Interaction, typed: str) -> list[Choice]:
        """The reported ones."""
        return await report_choices(self.handler, interaction, typed)


async def _text_of(file: discord.Attachment) -> str:
    """The file's text. Raises InvalidRequest for one that is too large, or is none."""
    if file.size > words.MOST_IMPORTED_BYTES:
        most = f"at most {words.MOST_IMPORTED_BYTES // 1024} KiB"
        raise InvalidRequest((Violation("file", most, f"{file.size:,} bytes"),))
    try:
        return (await file.read()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidRequest((Violation("file", "a text file in UTF-8", "another"),)) from None


MODERATION: Final = (AllowCommands, DisallowCommands, TermCommands, ReportCommands)
"""The groups of this topic."""
