"""Uploads over HTTP, exactly as fal's clients do them: token and CDN, initiate and PUT, and both kinds in parts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, TypeVar

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from worker.answers import Refusal, refuse
from worker.auth import NO_USER, caller_of
from worker.parts import Parts
from worker.submission import read_body
from worker.upload_wishes import DEFAULT_TYPE, Wanted
from worker.uploads import MAX_PARTS, Busy, PartsMissing, Pending, TooMany, TooMuch

CHUNK_SECONDS: Final = 30.0
"""How long the next bytes of an upload may take."""
_SHOWN: Final = ("image/", "video/", "audio/")
_SMALL: Final = 2**20

M = TypeVar("M", bound=BaseModel)


class _Initiate(BaseModel):
    content_type: str = DEFAULT_TYPE
    file_name: str = "upload.bin"


class _Part(BaseModel):
    part_number: int = Field(alias="partNumber")
    etag: str


class _Complete(BaseModel):
    parts: list[_Part] = Field(max_length=MAX_PARTS)


class UploadRoutes:
    """The handlers; every upload under way is known by its ticket, which is secret."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._uploads = parts.uploads

    def routes(self) -> list[Route]:
        """All of them."""
        ticket, number = "{ticket}", "{number:int}"
        multipart = f"/files/uploads/{{name}}/multipart/{ticket}"
        return [
            Route("/storage/auth/token", self.token, methods=["POST"]),
            Route("/storage/upload/initiate", self.initiate, methods=["POST"]),
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
        """Where to write a file, and where it can be read then."""
        owner = self._owner(http)
        said = _read(_Initiate, await read_body(http, _SMALL))
        pending = self._begin(Wanted.by(owner, said.content_type, said.file_name, _lifecycle(http)))
        write = f"{self._parts.base_of(http)}/files/write/{pending.ticket}"
        return JSONResponse({"upload_url": f"{write}?name={pending.name}", "file_url": self._url(http, pending)})

    async def upload(self, http: Request) -> Response:
        """A whole file at once."""
        pending = self._begin(self._wanted(http))
        await self._receive(http, pending)
        return JSONResponse({"access_url": self._url(http, pending)})

    async def begin_multipart(self, http: Request) -> Response:
        """Where the parts of a file go."""
        pending = self._begin(self._wanted(http))
        return JSONResponse({"access_url": self._url(http, pending), "uploadId": pending.ticket})

    async def write(self, http: Request) -> Response:
        """A whole file to where it was promised."""
        await self._receive(http, self._pending(http))
        return JSONResponse({})

    async def write_part(self, http: Request) -> Response:
        """One part of a file."""
        number = http.path_params["number"]
        if not 1 <= number <= MAX_PARTS:
            raise refuse(400, f"Parts are numbered from 1 to {MAX_PARTS}")
        try:
            etag = await self._uploads.receive_part(self._pending(http), number, _chunks(http))
        except (TooMuch, TooMany, Busy) as error:
            raise _refused(error) from None
        return JSONResponse({"partNumber": number, "etag": etag}, headers={"etag": etag})

    async def complete(self, http: Request) -> Response:
        """All parts are there."""
        pending = self._pending(http)
        said = _read(_Complete, await read_body(http, _SMALL))
        try:
            await self._uploads.join(pending, [(part.part_number, part.etag) for part in said.parts])
        except (PartsMissing, Busy) as error:
            raise _refused(error) from None
        return JSONResponse({"access_url": self._url(http, pending)})

    async def read(self, http: Request) -> Response:
        """A complete upload. What a browser could run is given as a download, and sandboxed."""
        found = await self._uploads.find(http.path_params["name"])
        if found is None:
            raise refuse(404, "File not found")
        upload, path = found
        shown = upload.content_type.startswith(_SHOWN) and "svg" not in upload.content_type
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
            content_disposition_type="inline" if shown else "attachment",
        )

    def _owner(self, http: Request) -> str:
        return caller_of(http, self._parts.keys, self._parts.settings.cors_origins).owner

    def _wanted(self, http: Request) -> Wanted:
        """From the headers of an upload that a token or a key allows."""
        scheme, _, token = http.headers.get("authorization", "").partition(" ")
        owner = self._parts.tokens.owner_of(token.strip()) if scheme.lower() == "bearer" else self._owner(http)
        if owner is None:
            raise refuse(401, NO_USER)
        content_type = http.headers.get("content-type", DEFAULT_TYPE)
        return Wanted.by(owner, content_type, http.headers.get("x-fal-file-name", "upload.bin"), _lifecycle(http))

    def _begin(self, wanted: Wanted) -> Pending:
        try:
            return self._uploads.begin(wanted)
        except TooMany as error:
            raise _refused(error) from None

    def _pending(self, http: Request) -> Pending:
        pending = self._uploads.pending(http.path_params["ticket"])
        if pending is None:
            raise refuse(404, "Upload not found")
        return pending

    async def _receive(self, http: Request, pending: Pending) -> None:
        try:
            await self._uploads.receive(pending, _chunks(http))
        except (TooMuch, Busy) as error:
            raise _refused(error) from None

    def _url(self, http: Request, pending: Pending) -> str:
        return f"{self._parts.base_of(http)}/files/uploads/{pending.name}"


async def _chunks(http: Request) -> AsyncIterator[bytes]:
    """The body as it arrives; a caller who falls silent is refused."""
    stream = http.stream()
    while True:
        try:
            async with asyncio.timeout(CHUNK_SECONDS):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise refuse(408, "The body took too long to arrive", headers={"connection": "close"}) from None
        except ClientDisconnect:
            raise refuse(400, "The body broke off") from None
        if chunk is None:
            return
        yield chunk


def _lifecycle(http: Request) -> str | None:
    return http.headers.get("x-fal-object-lifecycle") or http.headers.get("x-fal-object-lifecycle-preference")


def _read(model: type[M], body: bytes) -> M:
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError:
        raise refuse(422, "The body is not what this upload needs") from None


def _refused(error: TooMuch | TooMany | PartsMissing | Busy) -> Refusal:
    match error:
        case TooMuch(allowed=allowed):
            sentence = f"The uploads of this key may take at most {allowed} bytes together"
            return refuse(413, sentence, headers={"connection": "close"})
        case TooMany():
            return refuse(413, str(error), headers={"connection": "close"})
        case PartsMissing():
            return refuse(400, "The named parts are not those that arrived")
        case Busy():
            return refuse(409, "Somebody is writing there just now")
