"""``/flipbook …``: what members look up, bring once more and cancel; every answer is for them alone."""

import discord
from discord import app_commands

from adapters.discord import lists, render
from adapters.discord.answer_token import AnswerToken
from adapters.discord.components import cancel
from adapters.discord.first_answer import tell
from adapters.discord.layout import NOBODY
from adapters.discord.options import ClipId
from adapters.discord.reception import Reception, Visit
from generation.errors import FlipbookError
from generation.job import JobId

_SHOWN = 10


class MemberCommands(app_commands.Group):
    """The command group of members."""

    def __init__(self, reception: Reception) -> None:
        super().__init__(name="flipbook", description="Your clips, the queue and your quota")
        self._reception = reception

    @app_commands.command(description="What this server is waiting for")
    async def queue(self, interaction: discord.Interaction) -> None:
        """The server's jobs under way."""
        async with self._reception.visit(interaction) as visit:
            if visit is not None:
                jobs = await self._reception.service.queue_of(visit.channel.server)
                await tell(interaction, lists.queue(jobs, visit.user, self._reception.service.backend_lines()))

    @app_commands.command(description="Your last clips in this server")
    async def history(self, interaction: discord.Interaction) -> None:
        """The member's own jobs."""
        async with self._reception.visit(interaction) as visit:
            if visit is not None:
                jobs = await self._reception.service.jobs_of(visit.user, visit.channel.server, limit=_SHOWN)
                await tell(interaction, lists.history(jobs))

    @app_commands.command(description="Show a clip once more, to you alone")
    @app_commands.describe(id="The 24 characters under the clip")
    async def show(self, interaction: discord.Interaction, id: ClipId) -> None:  # noqa: A002 - the option's name
        """A finished clip again, or where an unfinished one is."""
        async with self._reception.visit(interaction) as visit:
            if visit is not None:
                await self._show(visit, JobId(id))

    @app_commands.command(description="Cancel one of your clips")
    @app_commands.describe(id="The 24 characters under the clip")
    async def cancel(self, interaction: discord.Interaction, id: ClipId) -> None:  # noqa: A002 - the option's name
        """The same as the ✖ button."""
        async with self._reception.visit(interaction) as visit:
            if visit is not None:
                await cancel(self._reception, visit, JobId(id))

    @app_commands.command(description="What you have used and may still make")
    async def quota(self, interaction: discord.Interaction) -> None:
        """Limits beside usage."""
        async with self._reception.visit(interaction) as visit:
            if visit is not None:
                found = await self._reception.service.quota(visit.user, visit.channel.server)
                await tell(interaction, lists.quota(found))

    @app_commands.command(description="What Flipbook can do")
    async def help(self, interaction: discord.Interaction) -> None:
        """All commands, one line each."""
        async with self._reception.visit(interaction) as visit:
            if visit is not None:
                await tell(interaction, lists.HELP)

    async def _show(self, visit: Visit, job_id: JobId) -> None:
        """The clip comes into this private answer the way every outcome does; so the answer is deferred."""
        interaction = visit.interaction
        job = await self._reception.service.job(job_id, visit.channel.server)
        if not job.status.is_final:
            await tell(interaction, lists.details(job))
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        token = AnswerToken(interaction.token, interaction.filesize_limit)
        try:
            await self._reception.service.deliver_again(
                job_id,
                token.answer(self._reception.clock.now(), private=True),
                by=visit.user,
                channel=visit.channel,
                is_admin=visit.is_admin,
            )
        except FlipbookError as error:
            await interaction.edit_original_response(content=render.refusal(error), allowed_mentions=NOBODY)
