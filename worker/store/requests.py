"""Requests on disk: what is in here survives a power cut; what is not never happened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import RowMapping, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import begin_read, begin_write
from generation.request import Endpoint, GenerationRequest
from generation.wire import ErrorBody, LogEntry, RequestState
from worker.records import Clip, Ending, Failure, Idempotency, Kept, Request, Wishes
from worker.store.tables import requests, webhooks

_LOGS: Final = TypeAdapter(tuple[LogEntry, ...])


class IdempotencyConflict(Exception):
    """The caller used the same idempotency key for something else before."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A request that is no longer kept, and the name of the file that it had, if it had one."""

    request_id: str
    file_name: str | None


class RequestStore:
    """Requests by id."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def insert(self, request: Request, idempotency: Idempotency | None = None) -> Request:
        """Keep a new request, or give back the one that the same caller submitted under the same idempotency key.

        Raises IdempotencyConflict when that one asked for something else.
        """
        async with begin_write(self._engine) as connection:
            if idempotency is not None and (earlier := await _submitted(connection, request.owner, idempotency)):
                return earlier
            await connection.execute(insert(requests).values(_new_row(request, idempotency)))
            await _owe_webhook(connection, request)
        return request

    async def submitted_earlier(self, owner: str, idempotency: Idempotency) -> Request | None:
        """What that caller submitted under that idempotency key; raises IdempotencyConflict like :meth:`insert`."""
        async with begin_read(self._engine) as connection:
            return await _submitted(connection, owner, idempotency)

    async def save(self, request: Request, logs: tuple[LogEntry, ...] = ()) -> None:
        """Keep where the request stands now."""
        async with begin_write(self._engine) as connection:
            statement = update(requests).where(requests.c.id == request.id)
            await connection.execute(statement.values(**_progress_row(request), logs=_LOGS.dump_json(logs).decode()))
            await _owe_webhook(connection, request)

    async def find(self, request_id: str) -> Kept | None:
        """A request with its logs, open or finished."""
        async with begin_read(self._engine) as connection:
            result = await connection.execute(select(requests).where(requests.c.id == request_id))
            row = result.mappings().first()
        return None if row is None else Kept(_request(row), _LOGS.validate_json(row["logs"]))

    async def open_requests(self) -> tuple[Request, ...]:
        """All that have not ended, in the order of their submission."""
        statement = select(requests).where(text("state != 'COMPLETED'")).order_by(requests.c.number)
        async with begin_read(self._engine) as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return tuple(_request(row) for row in rows)

    async def forget_finished_before(self, moment: datetime, at_most: int = 500) -> tuple[Forgotten, ...]:
        """Drop requests that ended before then, the oldest first; returns what they leave behind."""
        finished = (requests.c.finished_at < moment, requests.c.state == RequestState.COMPLETED.value)
        oldest = select(requests.c.number).where(*finished).order_by(requests.c.finished_at).limit(at_most)
        statement = delete(requests).where(requests.c.number.in_(oldest)).returning(requests.c.id, requests.c.file_name)
        async with begin_write(self._engine) as connection:
            rows = (await connection.execute(statement)).all()
        return tuple(Forgotten(request_id, file_name) for request_id, file_name in rows)

    async def file_names(self) -> frozenset[str]:
        """The names of all files that some result points to."""
        statement = select(requests.c.file_name).where(requests.c.file_name.is_not(None))
        async with begin_read(self._engine) as connection:
            return frozenset((await connection.execute(statement)).scalars().all())


async def _submitted(connection: AsyncConnection, owner: str, idempotency: Idempotency) -> Request | None:
    named = (requests.c.owner == owner, requests.c.idempotency_key == idempotency.key)
    row = (await connection.execute(select(requests).where(*named))).mappings().first()
    if row is None:
        return None
    if row["digest"] != idempotency.digest:
        raise IdempotencyConflict(idempotency.key)
    return _request(row)


async def _owe_webhook(connection: AsyncConnection, request: Request) -> None:
    """With the end of a request that named a URL, a call of that URL is owed, at once."""
    if request.open or request.wishes.webhook is None:
        return
    values = {"request_id": request.id, "attempts": 0, "next_attempt_at": request.finished_at}
    await connection.execute(insert(webhooks).values(values))


def _new_row(request: Request, idempotency: Idempotency | None) -> dict[str, Any]:
    return {
        "id": request.id,
        "owner": request.owner,
        "idempotency_key": None if idempotency is None else idempotency.key,
        "digest": None if idempotency is None else idempotency.digest,
        "endpoint": request.endpoint.value,
        "input": None if request.input is None else request.input.model_dump_json(),
        "low_priority": request.wishes.low_priority,
        "start_by": request.wishes.start_by,
        "may_run_again": request.wishes.may_run_again,
        "webhook": request.wishes.webhook,
        "created_at": request.created_at,
        "logs": "[]",
        **_progress_row(request),
    }


def _progress_row(request: Request) -> dict[str, Any]:
    """The columns that change during a request's life."""
    return {
        "state": request.state.value,
        "attempts": request.attempts,
        "cancel_requested": request.cancel_requested,
        "started_at": request.started_at,
        "finished_at": request.finished_at,
        **_ending_row(request.ending),
    }


def _ending_row(ending: Ending | None) -> dict[str, Any]:
    clip = ending if isinstance(ending, Clip) else None
    failure = ending if isinstance(ending, Failure) else None
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
        wishes=Wishes(row["low_priority"], row["start_by"], row["may_run_again"], row["webhook"]),
        state=RequestState(row["state"]),
        attempts=row["attempts"],
        cancel_requested=row["cancel_requested"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        ending=_ending(row),
    )


def _input(stored: str | None) -> GenerationRequest | None:
    """What was valid when it was submitted need not be valid in this version."""
    if stored is None:
        return None
    try:
        return GenerationRequest.model_validate_json(stored)
    except ValidationError:
        return None


def _ending(row: RowMapping) -> Ending | None:
    if row["file_name"] is not None:
        return Clip(row["file_name"], row["file_size"], row["seed"], row["engine"] or "")
    if row["http_status"] is not None:
        body = ErrorBody.model_validate_json(row["error_body"])
        return Failure(row["http_status"], body, row["error"], row["error_type"])
    return None
