"""The first tables: jobs, deliveries, the ledger with its totals, limits, policies, audit."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UNFINISHED = sa.text("status IN ('pending', 'submitting', 'queued', 'running')")
OWED = sa.text("status = 'owed'")


def upgrade() -> None:
    """Build everything."""
    _jobs()
    _deliveries()
    _ledger()
    _servers()
    _audit()
    _forbid_changes_to_the_ledger()


def _number() -> sa.Column[int]:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("number", number, primary_key=True, autoincrement=True)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _jobs() -> None:
    op.create_table(
        "jobs",
        _number(),
        _text("id"),
        _text("origin"),
        _text("request"),
        _text("user"),
        _text("server"),
        _text("channel"),
        _text("thread", nullable=True),
        _text("parent", nullable=True),
        _moment("created_at"),
        _text("status"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        _text("backend", nullable=True),
        _text("handle_backend", nullable=True),
        _text("handle_endpoint", nullable=True),
        _text("handle_request", nullable=True),
        sa.Column("handle_attempt", sa.Integer()),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger()),
        _text("artifact_key", nullable=True),
        sa.Column("artifact_bytes", sa.BigInteger()),
        _text("failure_kind", nullable=True),
        _text("failure_detail", nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        _moment("not_before", nullable=True),
        _text("waiting_for", nullable=True),
        _moment("submitted_at", nullable=True),
        _moment("started_at", nullable=True),
        _moment("finished_at", nullable=True),
        _text("lease_owner", nullable=True),
        _moment("lease_until", nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_jobs"),
        sa.UniqueConstraint("id", name="uq_jobs_id"),
        sa.UniqueConstraint("origin", name="uq_jobs_origin"),
    )
    op.create_index("ix_jobs_of_user", "jobs", ["user", "server", "created_at"])
    _partial_index("ix_jobs_unfinished", "jobs", ["status", "created_at"], UNFINISHED)
    _partial_index("ix_jobs_under_way", "jobs", ["server", "user", "status"], UNFINISHED)
    _partial_index("ix_jobs_leased", "jobs", ["lease_owner"], UNFINISHED)


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        _text("job_id"),
        _text("platform"),
        _text("server"),
        _text("channel"),
        _text("thread", nullable=True),
        _moment("opened_at"),
        _text("status"),
        _text("message_server", nullable=True),
        _text("message_channel", nullable=True),
        _text("message_thread", nullable=True),
        _text("message_id", nullable=True),
        _text("answer_token", nullable=True),
        _moment("answer_expires_at", nullable=True),
        sa.Column("answer_private", sa.Boolean()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("next_attempt_at", nullable=True),
        _text("rung", nullable=True),
        _text("note", nullable=True),
        _text("told"),
        _moment("sent_at", nullable=True),
        sa.PrimaryKeyConstraint("job_id", name="pk_deliveries"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_deliveries_job_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_deliveries_of_message", "deliveries", ["message_id", "message_channel"])
    _partial_index("ix_deliveries_owed", "deliveries", ["next_attempt_at"], OWED)


def _ledger() -> None:
    op.create_table(
        "ledger",
        _number(),
        _text("job_id"),
        _text("server"),
        _text("user"),
        _text("kind"),
        sa.Column("clips", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        _moment("at"),
        sa.PrimaryKeyConstraint("number", name="pk_ledger"),
    )
    op.create_index("ix_ledger_job_id", "ledger", ["job_id"])
    op.create_table(
        "ledger_totals",
        _text("scope"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("clips", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "day", name="pk_ledger_totals"),
    )


def _servers() -> None:
    op.create_table(
        "servers", _text("server"), sa.PrimaryKeyConstraint("server", name="pk_servers")
    )
    op.create_table(
        "server_limits",
        _text("server"),
        _text("limits"),
        sa.PrimaryKeyConstraint("server", name="pk_server_limits"),
    )
    op.create_table(
        "server_policies",
        _text("server"),
        _text("policy"),
        sa.PrimaryKeyConstraint("server", name="pk_server_policies"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        _number(),
        _text("server"),
        _text("by"),
        _moment("at"),
        _text("what"),
        _text("before"),
        _text("after"),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    op.create_index("ix_audit_server", "audit", ["server"])


def _partial_index(name: str, table: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _forbid_changes_to_the_ledger() -> None:
    for statement in _TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


_REFUSAL = "'the ledger is append-only'"
_TRIGGERS = {
    "sqlite": (
        (
            "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, "
            f"{_REFUSAL}); END"
        ),
        (
            "CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, "
            f"{_REFUSAL}); END"
        ),
    ),
    "postgresql": (
        f"""CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION {_REFUSAL}; END $$""",
        """CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()""",
    ),
}
