"""Uploads over HTTP, exactly as fal's clients do them: token and CDN, initiate and PUT, and both in
parts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, TypeVar

from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from generation.protocol.json_size import read_json
from worker.api.app_parts import AppParts
from worker.api.auth import NO_USER, caller_of
from worker.api.parsing import MAX_DEPTH, body_broke_off, body_too_slow, read_body
from worker.api.responses import ApiError, api_error
from worker.uploads.metadata import DEFAULT_TYPE, UploadMetadata
from worker.uploads.store import (
    MAX_PARTS,
    PendingUpload,
    TooManyUploads,
    UploadBusy,
    UploadBytesExceeded,
    UploadPartsMissing,
)

CHUNK_SECONDS: Final = 30.0
"""How long the next bytes of an upload may take."""
_INLINE_TYPES: Final = ("image/", "video/", "audio/")
_MAX_JSON_BODY: Final = 2**20  # bytes
_MAX_VALUES: Final = 4 * MAX_PARTS

M = TypeVar("M", bound=BaseModel)


class _InitiateBody(BaseModel):
    content_type: str = DEFAULT_TYPE
    file_name: str = "upload.bin"


class _PartBody(BaseModel):
    part_number: int = Field(alias="partNumber")
    etag: str


class _CompleteBody(BaseModel):
    parts: list[_PartBody] = Field(max_length=MAX_PARTS)


class UploadRoutes:
    """The handlers. An unfinished upload is identified by its secret ticket."""

    def __init__(self, parts: AppParts) -> None:
        self._parts = parts
        self._uploads = parts.uploads

    def routes(self) -> list[Route]:
        """All upload routes."""
        ticket, number = "{ticket}", "{number:int}"
        multipart = f"/files/uploads/{{name}}/multipart/{ticket}"
        return [
            Route("/storage/auth/token", self.token, methods=["POST"]),
            Route("/storage/upload/initiate", self.initiate, methods=["POST"]),
            # the ticket's URL takes parts as well as a whole file
            Route("/storage/upload/initiate-multipart", self.initiate, methods=["POST"]),
            Route("/files/upload", self.upload, methods=["POST"]),
            Route("/files/upload/multipart", self.begin_multipart, methods=["POST"]),
            Route(f"/files/write/{ticket}", self.write, methods=["PUT"]),
            Route(f"/files/write/{ticket}/complete", self.complete, methods=["POST"]),
            Route(f"/files/write/{ticket}/{number}", self.write_part, methods=["PUT"]),
            Route(f"{multipart}/complete", self.complete, methods=["POST"]),
            Route(f"{multipart}/{number}", self.write_part, methods=["PUT"]),
            Route("/files/uploads/{name}", self.read, methods=["GET", "HEAD"]),
        ]

    async def token(self, http: Request) -> Response:
        """A token for the CDN's upload host."""
        token = self._parts.tokens.issue(self._owner(http))
        return JSONResponse(
            {
                "token": token.token,
                "token_type": "Bearer",
                "base_url": self._parts.base_of(http),
                "expires_at": token.expires_at.isoformat(),
            }
        )

    async def initiate(self, http: Request) -> Response:
        """The URL to write a file to, and the URL to read it from."""
        owner = self._owner(http)
        body = _read(_InitiateBody, await read_body(http, _MAX_JSON_BODY))
        pending = self._begin(
            UploadMetadata.from_caller(owner, body.content_type, body.file_name, _lifecycle(http))
        )
        write = f"{self._parts.base_of(http)}/files/write/{pending.ticket}"
        return JSONResponse(
            {"upload_url": f"{write}?name={pending.name}", "file_url": self._url(http, pending)}
        )

    async def upload(self, http: Request) -> Response:
        """A whole file at once."""
        pending = self._begin(self._metadata(http))
        await self._receive(http, pending)
        return JSONResponse({"access_url": self._url(http, pending)})

    async def begin_multipart(self, http: Request) -> Response:
        """The URL to write a file's parts to."""
        pending = self._begin(self._metadata(http))
        return JSONResponse({"access_url": self._url(http, pending), "uploadId": pending.ticket})

    async def write(self, http: Request) -> Response:
        """A whole file, to the URL of an initiated upload."""
        await self._receive(http, self._pending(http))
        return JSONResponse({})

    async def write_part(self, http: Request) -> Response:
        """One part of a file."""
        number = http.path_params["number"]
        if not 1 <= number <= MAX_PARTS:
            raise api_error(400, f"Parts are numbered from 1 to {MAX_PARTS}")
        try:
            # the ETag is how the client names the part when it completes the upload
            etag = await self._uploads.receive_part(self._pending(http), number, _chunks(http))
        except (UploadBytesExceeded, TooManyUploads, UploadBusy) as error:
            raise _error_for(error) from None
        return JSONResponse({"partNumber": number, "etag": etag}, headers={"etag": etag})

    async def complete(self, http: Request) -> Response:
        """Complete an upload from its parts."""
        pending = self._pending(http)
        body = _read(_CompleteBody, await read_body(http, _MAX_JSON_BODY))
        try:
            await self._uploads.join(
                pending, [(part.part_number, part.etag) for part in body.parts]
            )
        except (UploadPartsMissing, UploadBusy) as error:
            raise _error_for(error) from None
        return JSONResponse({"access_url": self._url(http, pending)})

    async def read(self, http: Request) -> Response:
        """A complete upload. What a browser could execute is sent as a download, and sandboxed."""
        found = await self._uploads.find(http.path_params["name"])
        if found is None:
            raise api_error(404, "File not found")
        upload, path = found
        # an SVG can hold scripts, which would run with the worker's origin
        inline = upload.content_type.startswith(_INLINE_TYPES) and "svg" not in upload.content_type
        headers = {
            "etag": f'"{upload.name}"',
            "content-security-policy": "sandbox; default-src 'none'",
            "x-content-type-options": "nosniff",
        }
        return FileResponse(
            path,
            media_type=upload.content_type,
            headers=headers,
            filename=upload.file_name,
            content_disposition_type="inline" if inline else "attachment",
        )

    def _owner(self, http: Request) -> str:
        return caller_of(http, self._parts.keys, self._parts.settings.cors_origins).owner

    def _metadata(self, http: Request) -> UploadMetadata:
        """From the headers of an upload that a token or a key allows."""
        scheme, _, token = http.headers.get("authorization", "").partition(" ")
        owner = (
            self._parts.tokens.owner_of(token.strip())
            if scheme.lower() == "bearer"
            else self._owner(http)
        )
        if owner is None:
            raise api_error(401, NO_USER)
        content_type = http.headers.get("content-type", DEFAULT_TYPE)
        return UploadMetadata.from_caller(
            owner, content_type, http.headers.get("x-fal-file-name", "upload.bin"), _lifecycle(http)
        )

    def _begin(self, metadata: UploadMetadata) -> PendingUpload:
        try:
            return self._uploads.begin(metadata)
        except TooManyUploads as error:
            raise _error_for(error) from None

    def _pending(self, http: Request) -> PendingUpload:
        pending = self._uploads.pending(http.path_params["ticket"])
        if pending is None:
            raise api_error(404, "Upload not found")
        return pending

    async def _receive(self, http: Request, pending: PendingUpload) -> None:
        try:
            await self._uploads.receive(pending, _chunks(http))
        except (UploadBytesExceeded, UploadBusy) as error:
            raise _error_for(error) from None

    def _url(self, http: Request, pending: PendingUpload) -> str:
        return f"{self._parts.base_of(http)}/files/uploads/{pending.name}"


async def _chunks(http: Request) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises 408 when the next bytes take too long, 400 when the caller
    disconnects."""
    stream = http.stream()
    while True:
        try:
            # per chunk and not for the whole body: a large upload on a slow line is fine
            async with asyncio.timeout(CHUNK_SECONDS):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise body_too_slow() from None
        except ClientDisconnect:
            raise body_broke_off() from None
        if chunk is None:
            return
        yield chunk


def _lifecycle(http: Request) -> str | None:
    # fal's clients have sent both names
    return http.headers.get("x-fal-object-lifecycle") or http.headers.get(
        "x-fal-object-lifecycle-preference"
    )


def _read(model: type[M], body: bytes) -> M:
    try:
        # the body may be left out where all fields have defaults
        value = read_json(body or b"{}", values=_MAX_VALUES, depth=MAX_DEPTH)
        return model.model_validate(value)
    except ValueError:  # pydantic's ValidationError is one
        raise api_error(422, "The body is not what this upload needs") from None


def _error_for(
    error: UploadBytesExceeded | TooManyUploads | UploadPartsMissing | UploadBusy,
) -> ApiError:
    match error:
        case UploadBytesExceeded(allowed=allowed):
            sentence = f"The uploads of this key may take at most {allowed} bytes together"
            return api_error(413, sentence, headers={"connection": "close"})
        case TooManyUploads():
            return api_error(413, str(error), headers={"connection": "close"})
        case UploadPartsMissing():
            return api_error(400, "The named parts are not those that arrived")
        case UploadBusy():
            return api_error(409, "Somebody is writing there just now")
