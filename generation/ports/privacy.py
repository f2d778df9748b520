"""The interface to what is kept of members: to read it all, to forget it, to let it grow old."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from generation.domain.delivery import Delivery
from generation.domain.job import Job, JobId
from generation.domain.privacy import Forgetting, KeptAmount, KeptClip, KeptOfMember
from generation.domain.refs import ServerRef, UserRef
from generation.domain.report import Report
from generation.rules.ledger import Entry
from generation.rules.pseudonyms import Pseudonyms


class ExportReads(Protocol):
    """What both the store and a transaction read."""

    async def exported_at(self, user: UserRef) -> datetime | None:
        """When a member last got a copy of their data."""


class PrivacyReads(ExportReads, Protocol):
    """What the store reads for privacy and retention. Nothing here takes a lock."""

    @property
    def pseudonyms(self) -> Pseudonyms:
        """Names members as the ledger does."""

    async def kept_of(self, user: UserRef) -> KeptOfMember:
        """How much is kept of a member, in all servers."""

    async def forgettings(self) -> list[Forgetting]:
        """What is still to be forgotten, the longest asked first."""

    async def forgetting_of(self, user: UserRef) -> Forgetting | None:
        """Whether a member is being forgotten."""

    async def all_jobs_of(
        self, user: UserRef, *, until: datetime, after: JobId | None, limit: int
    ) -> list[Job]:
        """A member's jobs in all servers that were made until then, by id, those after one id."""

    async def deliveries_of(self, jobs: Sequence[JobId]) -> Mapping[JobId, Delivery]:
        """The deliveries of these jobs; those that cannot be read are left out."""

    async def ledger_of_jobs(self, jobs: Sequence[JobId]) -> list[Entry]:
        """The ledger's lines of these jobs, oldest first."""

    async def every_report_by(self, user: UserRef) -> list[Report]:
        """What a member has reported, oldest first."""

    async def known_members(self) -> list[tuple[ServerRef, UserRef]]:
        """Every member of a server with jobs in their name, or with choices of their own. Reads
        all jobs."""

    async def servers_with_jobs(self) -> list[ServerRef]:
        """Every server with a job that still has a prompt or a clip."""

    async def old_clips(self, server: ServerRef, before: datetime, *, limit: int) -> list[KeptClip]:
        """Clips of jobs that ended before then and owe nothing, the oldest first."""

    async def old_prompts(self, server: ServerRef, before: datetime, *, limit: int) -> list[JobId]:
        """Jobs with a prompt that ended before then and owe nothing, the oldest first."""

    async def amount_of_old_clips(self, server: ServerRef, before: datetime) -> KeptAmount:
        """How many clips :meth:`old_clips` would find, and their bytes."""

    async def amount_of_old_prompts(self, server: ServerRef, before: datetime) -> KeptAmount:
        """How many prompts :meth:`old_prompts` would find."""

    async def gone_servers(self, before: datetime) -> list[ServerRef]:
        """Servers that removed the bot before then and have not come back."""

    async def remove_traces(self) -> bool:
        """Remove the last pieces of what was deleted from the database's file, where anything was
        since the last time; other writers wait meanwhile. Whether there was anything to do."""

    async def jobs_in(self, server: ServerRef, *, after: JobId | None, limit: int) -> list[Job]:
        """A server's jobs that still have a prompt or a member, by id, those after one id."""


class PrivacyWrites(ExportReads, Protocol):
    """What a transaction writes for privacy and retention."""

    async def ask_to_forget(self, asked: Forgetting) -> Forgetting:
        """Note it; asked again while it is under way, the later moment counts."""

    async def forget_reports(self, user: UserRef) -> None:
        """Leave of the member's reports what was reported and decided, under pseudonyms."""

    async def forget_notices(self, user: UserRef) -> int:
        """Delete what the member was told, and what others were told about them; returns how many
        such notices are still to be told."""

    async def forget_old_notices(self, before: datetime) -> int:
        """Drop notices from before then, but for those that are owed; of welcomes it stays that
        they were told. Returns how many."""

    async def end_forgetting(self, user: UserRef) -> None:
        """It is done: nothing of the member is left but what is documented."""

    async def add_left_messages(self, user: UserRef, count: int) -> None:
        """So many messages could not be removed."""

    async def note_export(self, user: UserRef, at: datetime, *, since: datetime) -> bool:
        """The member gets a copy of their data, unless they got one after ``since``; whether they
        do. Of two who ask at once, on whatever processes, one does."""

    async def forget_export(self, user: UserRef) -> None:
        """The member did not get it after all."""

    async def erase_job(self, job: Job, at: datetime) -> bool:
        """Leave of an ended job its id, its shape, its price and a pseudonym; its delivery goes.
        False where another process has done so meanwhile. Raises StaleJob for one that has not
        ended."""

    async def clear_clips(self, jobs: Sequence[JobId]) -> None:
        """The files of these jobs' clips are gone."""

    async def clear_prompts(self, jobs: Sequence[JobId], at: datetime) -> int:
        """Leave of these jobs' requests the shape only; returns how many had more. What has become
        due since is left as it is."""

    async def server_left(self, server: ServerRef, at: datetime) -> None:
        """The server has removed the bot; the first moment counts."""

    async def server_returned(self, server: ServerRef) -> bool:
        """The server has the bot (again); whether it had been gone."""

    async def erase_server(self, server: ServerRef) -> None:
        """Delete a server's own rules and its audit trail, and that it has been gone."""
