"""Every column that can hold text says what becomes of a member in it, so that a new one cannot be overlooked."""

from sqlalchemy import Text, TypeDecorator

from db.schema import CleanText, metadata

ERASED = "goes, or is replaced by a pseudonym, when the member is forgotten"
STAYS = "stays: what admins and operators have decided, and who is blocked; docs/operators/privacy.md says so"
NOTHING = "tells nothing of a member"
PSEUDONYM = "has pseudonyms only"


def all_of(names: str, becomes: str) -> dict[str, str]:
    """Several columns, of all of which the same becomes."""
    return dict.fromkeys(names.split(), becomes)


OF_DELIVERIES = (
    "job_id platform server channel thread status message_server message_channel message_thread message_id "
    "answer_token rung note told lease_owner"
)
OF_JOBS = (
    "origin request user channel thread handle_backend handle_endpoint handle_request artifact_key failure_detail "
    "waiting_for lease_owner avoided left_backend left_request style defaults_used parent_channel parent_message"
)
COLUMNS: dict[str, dict[str, str]] = {
    "audit": {"server": NOTHING, **all_of("by what before after", STAYS)},
    "ceilings": all_of("server ceilings", NOTHING),
    "deliveries": all_of(OF_DELIVERIES, ERASED),
    "clip_numbers": {"server": NOTHING},
    "exports": {"user": ERASED},
    "facts": all_of("name value", NOTHING),
    "forgettings": all_of("user server", ERASED),
    "gone_servers": {"server": NOTHING},
    "jobs": all_of(OF_JOBS, ERASED)
    | all_of("id server parent status backend failure_kind engine reserved_for", NOTHING),
    "ledger": {"user": PSEUDONYM, **all_of("job_id server kind", NOTHING)},
    "ledger_totals": {"scope": PSEUDONYM},
    "logins": {"name": STAYS, **all_of("digest kind form_token", NOTHING)},
    "member_choices": {"server": NOTHING, **all_of("user choices", ERASED)},
    "notices": all_of("key details member note reason", ERASED)
    | all_of("platform server audience kind status lease_owner", NOTHING),
    "pauses": {"server": NOTHING, **all_of("reason by", STAYS)},
    "reports": all_of("by words", ERASED)
    | all_of("job_id server reason", NOTHING)
    | all_of("decision decided_by", STAYS),
    "server_limits": all_of("server limits", NOTHING),
    "server_policies": {"server": NOTHING, "policy": STAYS},
    "server_styles": all_of("server styles", NOTHING),
    "servers": {"server": NOTHING},
}


def holds_text(kind: object) -> bool:
    return isinstance(kind, Text | CleanText) or (isinstance(kind, TypeDecorator) and isinstance(kind.impl, Text))


def test_every_column_of_text_says_what_becomes_of_a_member_in_it() -> None:
    found = {
        table.name: {column.name for column in table.columns if holds_text(column.type)}
        for table in metadata.sorted_tables
    }
    assert found == {name: set(columns) for name, columns in COLUMNS.items()}
