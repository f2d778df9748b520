"""One request that a backend has accepted: its status, its result and its cancellation, each asked
for once."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from typing import Final

from generation.backends.errors import error_of_read, error_of_result, error_of_status, is_vague
from generation.backends.responses import BackendResponse, read_leniently
from generation.backends.transport import (
    AnswerTooLarge,
    ConnectionBroken,
    QueueTransport,
    Unreachable,
)
from generation.ports import BackendClip, CancelOutcome
from generation.protocol.errors import (
    BackendError,
    BackendUnavailable,
    ProtocolViolation,
    RequestNotFound,
)
from generation.protocol.wire import (
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
    """Asks one backend about one request. Every method raises BackendError: BackendUnavailable for
    what may pass."""

    def __init__(self, backend: str, transport: QueueTransport, urls: RequestUrls) -> None:
        self._backend = backend
        self._transport = transport
        self._urls = urls
        self._logs = 1

    async def poll(self) -> QueueStatus:
        """The status with its log; without the log once that is too large."""
        with self._reads():
            answer = await self._status_answer()
        status = answer.read_as(QueueStatus) if answer.succeeded else None
        if status is None:
            raise error_of_read(self._backend, answer)
        return status

    async def stream(self) -> AsyncGenerator[QueueStatus | None, None]:
        """The status, event by event; None for one that cannot be read. Raises what the transport
        raises."""
        async with aclosing(self._transport.events(f"{self._urls.stream}?logs=1")) as events:
            async for data in events:
                yield read_leniently(QueueStatus, data)

    async def clip(self) -> BackendClip:
        """The finished clip. Raises why there is none, or BackendUnavailable while it renders."""
        answer = await self._ask("GET", self._urls.response)
        # a 2xx without a video is an error too, and error_of_result says which
        output = answer.read_as(Output) if answer.succeeded else None
        if output is not None:
            file = output.video
            engine = engine_named(answer.headers.get(ENGINE_HEADER, ""))
            return BackendClip(file.url, output.seed, file.file_name, file.file_size, engine)
        error = error_of_result(self._backend, answer)
        raise await self._named_by_status(error) if is_vague(error) else error

    async def cancel(self) -> CancelOutcome:
        """Ask the backend to stop it."""
        answer = await self._ask("PUT", self._urls.cancel)
        body = answer.read_as(CancelAnswer)
        # fal answers 400 and 404 with a status too; a proxy's pages have none
        if body is not None and (answer.succeeded or answer.status in {400, 404}):
            return _CANCELS[body.status]
        # another JSON object, such as {"success": true}, means the same with a 2xx
        if answer.succeeded and answer.is_json_object:
            return CancelOutcome.REQUESTED
        error = error_of_read(self._backend, answer)
        if isinstance(error, RequestNotFound):
            return CancelOutcome.NOT_FOUND
        raise error

    async def _named_by_status(self, error: BackendError) -> BackendError:
        """The error that the status names, if it does; else the result's."""
        status = await self.poll()
        # a proxy's 500 looks like a failed result, but the request goes on
        if status.status is not RequestState.COMPLETED:
            return BackendUnavailable(self._backend, "the request has not ended")
        named = status.error_type or (status.failed and isinstance(error, ProtocolViolation))
        return error_of_status(self._backend, status) if named else error

    async def _status_answer(self) -> BackendResponse:
        try:
            return await self._transport.exchange("GET", f"{self._urls.status}?logs={self._logs}")
        except AnswerTooLarge:
            # a log only grows, so it is left out from now on
            self._logs = 0
            return await self._transport.exchange("GET", f"{self._urls.status}?logs=0")

    async def _ask(self, method: str, url: str) -> BackendResponse:
        with self._reads():
            return await self._transport.exchange(method, url)

    @contextmanager
    def _reads(self) -> Iterator[None]:
        """Translate the transport's errors: a read may be repeated, however it failed."""
        try:
            yield
        except (Unreachable, ConnectionBroken) as error:
            raise BackendUnavailable(self._backend, str(error)) from error
