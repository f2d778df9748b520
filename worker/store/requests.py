"""The requests table: a request counts as accepted once it is in here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import (
    RowMapping,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from db.connection import DatabaseConnection
from db.engine import DatabaseEngine, begin_read, begin_write
from db.statements import change
from generation.protocol.fairness import NO_SHARE, lanes_of_share
from generation.protocol.request import Endpoint, GenerationRequest
from generation.protocol.wire import ErrorBody, LogEntry, RequestState
from worker.records import (
    Idempotency,
    Outcome,
    Request,
    RequestFailure,
    RequestOptions,
    StoredClip,
    StoredRequest,
)
from worker.store.tables import requests, webhooks

_LOGS: Final = TypeAdapter(tuple[LogEntry, ...])
# built once: the values are parameters, so SQLAlchemy compiles each of them once
_INSERT: Final = insert(requests)
_UPDATE: Final = update(requests).where(requests.c.id == bindparam("request_id"))
_CLIPLESS: Final = (
    requests.c.state == RequestState.COMPLETED.value,
    requests.c.file_name.is_(None),
)


class IdempotencyConflict(Exception):
    """The caller has used this idempotency key for another submission."""


@dataclass(frozen=True, slots=True)
class DeletedRequest:
    """A deleted request, its owner, and the name of its clip's file; None without a clip."""

    request_id: str
    owner: str
    file_name: str | None


class RequestStore:
    """Requests by id."""

    def __init__(self, engine: DatabaseEngine) -> None:
        self._engine = engine

    async def insert(
        self,
        request: Request,
        idempotency: Idempotency | None = None,
        *,
        before_commit: Callable[[], None] = lambda: None,
    ) -> Request:
        """Store a new request, or return the one that its owner submitted under this idempotency
        key. ``before_commit`` is called for a new one, which may still fail to be stored.

        Raises IdempotencyConflict when that was another submission.
        """
        async with begin_write(self._engine) as connection:
            # in the transaction that inserts: of two equal submissions the second finds the first
            if idempotency is not None and (
                earlier := await _submitted(connection, request.owner, idempotency)
            ):
                return earlier
            await change(connection, _INSERT, _new_values(request, idempotency))
            await _add_webhook(connection, request)
            before_commit()
        return request

    async def submitted_earlier(self, owner: str, idempotency: Idempotency) -> Request | None:
        """What this owner submitted under this idempotency key. Raises IdempotencyConflict as
        :meth:`insert` does."""
        async with begin_read(self._engine) as connection:
            return await _submitted(connection, owner, idempotency)

    async def save(self, request: Request, logs: tuple[LogEntry, ...] = ()) -> None:
        """Write a request's new state."""
        async with begin_write(self._engine) as connection:
            values = {**_state_values(request), "logs": _LOGS.dump_json(logs).decode()}
            await change(connection, _UPDATE, {"request_id": request.id, **values})
            await _add_webhook(connection, request)

    async def find(self, request_id: str) -> StoredRequest | None:
        """A request with its logs, open or finished."""
        async with begin_read(self._engine) as connection:
            result = await connection.execute(select(requests).where(requests.c.id == request_id))
            row = result.mappings().first()
        return (
            None if row is None else StoredRequest(_request(row), _LOGS.validate_json(row["logs"]))
        )

    async def open_requests(self) -> tuple[Request, ...]:
        """All unfinished requests, in the order of their submission."""
        # a literal: SQLite uses the partial index only for a query that contains its condition
        statement = select(requests).where(text("state != 'COMPLETED'")).order_by(requests.c.number)
        async with begin_read(self._engine) as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return tuple(_request(row) for row in rows)

    async def delete_finished_before(
        self, moment: datetime, at_most: int = 500
    ) -> tuple[DeletedRequest, ...]:
        """Delete requests that finished before then, oldest first; their files stay on disk."""
        finished = (
            requests.c.finished_at < moment,
            requests.c.state == RequestState.COMPLETED.value,
        )
        # in portions: a long delete would make all other writers wait
        oldest = (
            select(requests.c.number)
            .where(*finished)
            .order_by(requests.c.finished_at)
            .limit(at_most)
        )
        return await self._delete(oldest)

    async def clipless_by_owner(self) -> dict[str, int]:
        """How many requests of each owner have ended without a clip."""
        statement = select(requests.c.owner, func.count()).where(*_CLIPLESS)
        async with begin_read(self._engine) as connection:
            rows = (await connection.execute(statement.group_by(requests.c.owner))).all()
        return {owner: int(count) for owner, count in rows}

    async def delete_oldest_clipless(
        self, owner: str, count: int, at_most: int = 500
    ) -> tuple[DeletedRequest, ...]:
        """Delete that many of the owner's requests that ended without a clip, the oldest first."""
        oldest = (
            select(requests.c.number)
            .where(*_CLIPLESS, requests.c.owner == owner)
            .order_by(requests.c.finished_at)
            .limit(min(count, at_most))
        )
        return await self._delete(oldest)

    async def _delete(self, numbers: Select[int]) -> tuple[DeletedRequest, ...]:
        statement = (
            delete(requests)
            .where(requests.c.number.in_(numbers))
            .returning(requests.c.id, requests.c.owner, requests.c.file_name)
        )
        async with begin_write(self._engine) as connection:
            rows = (await connection.execute(statement)).all()
        return tuple(DeletedRequest(*row) for row in rows)

    async def file_names(self) -> frozenset[str]:
        """The names of all clips' files."""
        statement = select(requests.c.file_name).where(requests.c.file_name.is_not(None))
        async with begin_read(self._engine) as connection:
            return frozenset((await connection.execute(statement)).scalars().all())


async def _submitted(
    connection: DatabaseConnection, owner: str, idempotency: Idempotency
) -> Request | None:
    statement = select(requests).where(
        requests.c.owner == owner, requests.c.idempotency_key == idempotency.key
    )
    row = (await connection.execute(statement)).mappings().first()
    if row is None:
        return None
    # the same key for another input is a mistake of the caller, not a repetition
    if row["digest"] != idempotency.digest:
        raise IdempotencyConflict(idempotency.key)
    return _request(row)


async def _add_webhook(connection: DatabaseConnection, request: Request) -> None:
    """Once a request with a webhook has finished, its webhook is due at once."""
    if request.open or request.options.webhook is None:
        return
    values = {"request_id": request.id, "attempts": 0, "next_attempt_at": request.finished_at}
    await connection.execute(insert(webhooks).values(values))


def _new_values(request: Request, idempotency: Idempotency | None) -> dict[str, Any]:
    return {
        "id": request.id,
        "owner": request.owner,
        "idempotency_key": None if idempotency is None else idempotency.key,
        "digest": None if idempotency is None else idempotency.digest,
        "endpoint": request.endpoint.value,
        "input": None if request.input is None else request.input.model_dump_json(),
        "low_priority": request.options.low_priority,
        "start_by": request.options.start_by,
        "may_run_again": request.options.may_run_again,
        "webhook": request.options.webhook,
        "share": None if request.options.share == NO_SHARE else "/".join(request.options.share),
        "created_at": request.created_at,
        "logs": "[]",
        **_state_values(request),
    }


def _state_values(request: Request) -> dict[str, Any]:
    """The columns that change during a request's life."""
    return {
        "state": request.state.value,
        "attempts": request.attempts,
        "cancel_requested": request.cancel_requested,
        "started_at": request.started_at,
        "finished_at": request.finished_at,
        **_outcome_values(request.outcome),
    }


def _outcome_values(outcome: Outcome | None) -> dict[str, Any]:
    clip = outcome if isinstance(outcome, StoredClip) else None
    failure = outcome if isinstance(outcome, RequestFailure) else None
    return {
        "file_name": clip and clip.file_name,
        "file_size": clip and clip.size,
        "seed": clip and clip.seed,
        "engine": clip and clip.engine,
        "http_status": failure and failure.http_status,
        "error_body": failure and failure.body.model_dump_json(),
        "error": failure and failure.error,
        "error_type": failure and failure.error_type,
    }


def _request(row: RowMapping) -> Request:
    return Request(
        id=row["id"],
        owner=row["owner"],
        endpoint=Endpoint(row["endpoint"]),
        input=_input(row["input"]),
        created_at=row["created_at"],
        options=RequestOptions(
            row["low_priority"],
            row["start_by"],
            row["may_run_again"],
            row["webhook"],
            lanes_of_share(row["share"]),
        ),
        state=RequestState(row["state"]),
        attempts=row["attempts"],
        cancel_requested=row["cancel_requested"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        outcome=_outcome(row),
    )


def _input(stored: str | None) -> GenerationRequest | None:
    """The input; None when it is not valid, or no longer valid in this version."""
    if stored is None:
        return None
    try:
        return GenerationRequest.model_validate_json(stored)
    except ValidationError:
        return None


def _outcome(row: RowMapping) -> Outcome | None:
    if row["file_name"] is not None:
        return StoredClip(row["file_name"], row["file_size"], row["seed"], row["engine"] or "")
    if row["http_status"] is not None:
        body = ErrorBody.model_validate_json(row["error_body"])
        return RequestFailure(row["http_status"], body, row["error"], row["error_type"])
    return None
