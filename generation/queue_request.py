"""One request that a backend has accepted: how it stands, what came of it, and the wish to stop it. Each asked once."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from typing import Final

from generation.errors import BackendError, BackendUnavailable, ProtocolViolation, RequestNotFound
from generation.ports import CancelOutcome, Clip
from generation.queue_answers import Answer, read_leniently
from generation.queue_errors import error_of_read, error_of_result, error_of_status, is_vague
from generation.queue_transport import AnswerTooLarge, Broken, QueueTransport, Unreachable
from generation.wire import (
    ENGINE_HEADER,
    CancelAnswer,
    CancelStatus,
    Output,
    QueueStatus,
    RequestState,
    RequestUrls,
    engine_named,
)

_CANCELS: Final = {
    CancelStatus.OK: CancelOutcome.REQUESTED,
    CancelStatus.CANCELLATION_REQUESTED: CancelOutcome.REQUESTED,
    CancelStatus.ALREADY_COMPLETED: CancelOutcome.ALREADY_COMPLETED,
    CancelStatus.NOT_FOUND: CancelOutcome.NOT_FOUND,
}


class AcceptedRequest:
    """Asks one backend about one request. Every method raises BackendError, BackendUnavailable for what may pass."""

    def __init__(self, backend: str, transport: QueueTransport, urls: RequestUrls) -> None:
        self._backend = backend
        self._transport = transport
        self._urls = urls
        self._logs = 1

    async def poll(self) -> QueueStatus:
        """How it stands, with its log; without, when the log has grown beyond reading."""
        with self._reaching():
            answer = await self._status_answer()
        status = answer.read_as(QueueStatus) if answer.succeeded else None
        if status is None:
            raise error_of_read(self._backend, answer)
        return status

    async def stream(self) -> AsyncGenerator[QueueStatus | None, None]:
        """How it stands, event by event; None for one that makes no sense. Raises what the transport raises."""
        async with aclosing(self._transport.events(f"{self._urls.stream}?logs=1")) as events:
            async for data in events:
                yield read_leniently(QueueStatus, data)

    async def clip(self) -> Clip:
        """What came of it; raises what went wrong when there is no clip, BackendUnavailable while it goes on."""
        answer = await self._ask("GET", self._urls.response)
        output = answer.read_as(Output) if answer.succeeded else None
        if output is not None:
            file = output.video
            engine = engine_named(answer.headers.get(ENGINE_HEADER, ""))
            return Clip(file.url, output.seed, file.file_name, file.file_size, engine)
        error = error_of_result(self._backend, answer)
        raise await self._better_known(error) if is_vague(error) else error

    async def cancel(self) -> CancelOutcome:
        """Ask the backend to stop it."""
        answer = await self._ask("PUT", self._urls.cancel)
        said = answer.read_as(CancelAnswer)
        if said is not None and (answer.succeeded or answer.status in {400, 404}):
            return _CANCELS[said.status]
        if answer.succeeded and answer.is_json_object:
            return CancelOutcome.REQUESTED
        error = error_of_read(self._backend, answer)
        if isinstance(error, RequestNotFound):
            return CancelOutcome.NOT_FOUND
        raise error

    async def _better_known(self, error: BackendError) -> BackendError:
        """What the status says went wrong, where the result did not name it."""
        status = await self.poll()
        if status.status is not RequestState.COMPLETED:
            return BackendUnavailable(self._backend, "the request has not ended")
        named = status.error_type or (status.failed and isinstance(error, ProtocolViolation))
        return error_of_status(self._backend, status) if named else error

    async def _status_answer(self) -> Answer:
        try:
            return await self._transport.exchange("GET", f"{self._urls.status}?logs={self._logs}")
        except AnswerTooLarge:
            self._logs = 0
            return await self._transport.exchange("GET", f"{self._urls.status}?logs=0")

    async def _ask(self, method: str, url: str) -> Answer:
        with self._reaching():
            return await self._transport.exchange(method, url)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except (Unreachable, Broken) as error:
            raise BackendUnavailable(self._backend, str(error)) from error
