"""One REST request, read and decoded, and the answer to it."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from doubles.discord.state.messages import Json

FILE_PART = re.compile(r"files\[(\d)\]")


@dataclass(frozen=True)
class Upload:
    """A `files[n]` part."""

    filename: str
    data: bytes = field(repr=False)


@dataclass
class Call:
    """A request without the /api/v10 in front."""

    method: str
    path: str
    query: dict[str, str]
    content_type: str
    authorization: str
    body: Any = None
    files: dict[int, Upload] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)
    """Multipart parts that are neither payload_json nor files[n]."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def fields(self) -> Json:
        """The body as an object; empty when there was none."""
        return self.body if isinstance(self.body, dict) else {}

    def id(self, name: str) -> int:
        """A snowflake of the path; 0 when it is none, which no thing has."""
        text = self.params[name]
        return int(text) if text.isdecimal() else 0


@dataclass(frozen=True)
class Answer:
    """Status and JSON body (None: no body; str: not JSON), with extra headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


async def read_call(request: web.Request, path: str) -> Call:
    """Decode a request: JSON, multipart with payload_json, or nothing."""
    call = Call(
        request.method, path, dict(request.query), request.content_type, request.headers.get("Authorization", "")
    )
    if request.content_type == "multipart/form-data":
        await _read_parts(request, call)
    elif request.can_read_body:
        text = await request.text()
        call.body = json.loads(text) if text else None
    return call


async def _read_parts(request: web.Request, call: Call) -> None:
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        data, name = bytes(await part.read(decode=True)), part.name or ""
        if name == "payload_json":
            call.body = json.loads(data)
        elif match := FILE_PART.fullmatch(name):
            call.files[int(match[1])] = Upload(part.filename or "unknown", data)
        else:
            call.strays.append(name)
