"""The tables in SQLAlchemy Core. ``db/migrations`` builds the same ones; a test compares the two.

Servers and members are stored as ``platform:id``, times in UTC, money in whole millionths. Jobs
have a sequential number besides their id, because "oldest first" must not depend on a clock. The
indexes for unfinished jobs are partial: the cost of a submission does not grow with the number of
finished jobs.
"""

from db.schema.columns import VERSION_TABLE, CleanText, cleaned, metadata
from db.schema.facts import facts
from db.schema.jobs import (
    ABANDONED,
    HIDDEN,
    OWED,
    PENDING,
    UNFINISHED,
    WITH_CLIP,
    WITH_PARENT,
    WITH_PROMPT,
    clip_numbers,
    deliveries,
    jobs,
)
from db.schema.ledger import ledger, ledger_totals
from db.schema.logins import logins
from db.schema.members import member_choices
from db.schema.notices import HELD_NOTICES, OWED_NOTICES, notices
from db.schema.privacy import exports, forgettings, gone_servers
from db.schema.reports import reports
from db.schema.servers import (
    audit,
    ceilings,
    pauses,
    server_limits,
    server_policies,
    server_styles,
    servers,
)

__all__ = [
    "ABANDONED",
    "HELD_NOTICES",
    "HIDDEN",
    "OWED",
    "OWED_NOTICES",
    "PENDING",
    "UNFINISHED",
    "VERSION_TABLE",
    "WITH_CLIP",
    "WITH_PARENT",
    "WITH_PROMPT",
    "CleanText",
    "audit",
    "ceilings",
    "cleaned",
    "clip_numbers",
    "deliveries",
    "exports",
    "facts",
    "forgettings",
    "gone_servers",
    "jobs",
    "ledger",
    "ledger_totals",
    "logins",
    "member_choices",
    "metadata",
    "notices",
    "pauses",
    "reports",
    "server_limits",
    "server_policies",
    "server_styles",
    "servers",
]
