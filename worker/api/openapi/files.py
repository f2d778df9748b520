"""The files of the OpenAPI document: clips, every kind of upload that fal's clients use, and the
proxy's path."""

from typing import Final

from worker.api.fal_proxy import PATH, TARGET_HEADER
from worker.api.openapi.parts import Json, errors, object_of, responses
from worker.render.previews import PREVIEW_TYPE
from worker.uploads.store import MAX_PARTS

_TEXT: Final[Json] = {"type": "string"}
_URL: Final[Json] = {"type": "string", "format": "uri"}
_ETAG: Final[Json] = {"type": "string", "pattern": '^"[0-9a-f]{32}"$'}
_ANY_BYTES: Final[Json] = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}
_NAME_HEADERS: Final[list[Json]] = [
    {"name": "X-Fal-File-Name", "in": "header", "schema": {"type": "string", "maxLength": 255}},
    {
        "name": "X-Fal-Object-Lifecycle", "in": "header",
        "schema": {"type": "string", "maxLength": 1000},
        "description": 'How long to keep it: `{"expiration_duration_seconds": 3600}`.',
    },
]  # fmt: skip
_PART: Final[Json] = {
    "type": "object",
    "properties": {
        "partNumber": {"type": "integer", "minimum": 1, "maximum": MAX_PARTS},
        "etag": _TEXT,
    },
    "required": ["partNumber", "etag"],
}
_INITIATE: Final[Json] = {
    "type": "object",
    "properties": {"content_type": _TEXT, "file_name": _TEXT},
}
_COMPLETE: Final[Json] = {
    "type": "object",
    "properties": {"parts": {"type": "array", "items": _PART, "maxItems": MAX_PARTS}},
    "required": ["parts"],
}
_WRITE_ERRORS: Final = (400, 404, 408, 409, 413, 503)


def file_paths() -> Json:
    """Finished clips, previews of others, and complete uploads. They need no key: their names are
    random."""
    return {
        "/files/{name}": {"get": _file("clip", "A finished clip", "video/mp4", 304)},
        "/files/looks/{name}": {"get": _preview()},
        "/files/uploads/{name}": {"get": _file("uploaded", "An upload", "*/*")},
    }


def upload_paths() -> Json:
    """Every kind of upload that fal's clients use."""
    written, multipart = "/files/write/{ticket}", "/files/uploads/{name}/multipart/{ticket}"
    token = object_of(
        "A token for an hour", token=_TEXT, token_type=_TEXT, base_url=_URL, expires_at=_TEXT
    )
    address = object_of(
        "Where to write it, and where to read it then", upload_url=_URL, file_url=_URL
    )
    begun = object_of("Where its parts go", access_url=_URL, uploadId=_TEXT)
    return {
        "/storage/auth/token": {"post": _operation("upload_token", token, 401, 403)},
        "/storage/upload/initiate": {"post": _initiate_operation("initiate", address)},
        "/storage/upload/initiate-multipart": {
            "post": _initiate_operation("initiate_multipart", address)
        },
        "/files/upload": {
            "post": _upload_operation("upload", object_of("It can be read there", access_url=_URL))
        },
        "/files/upload/multipart": {
            "post": {**_operation("upload_multipart", begun, 401, 403, 413), **_with_name_headers()}
        },
        written: {"put": {**_write_operation("write"), **_path("ticket")}},
        f"{written}/{{number}}": {
            "put": {**_part_operation("write_part"), **_path("ticket", number=True)}
        },
        f"{written}/complete": {
            "post": {**_complete_operation("write_complete"), **_path("ticket")}
        },
        f"{multipart}/{{number}}": {
            "put": {**_part_operation("multipart_part"), **_path("name", "ticket", number=True)}
        },
        f"{multipart}/complete": {
            "post": {**_complete_operation("multipart_complete"), **_path("name", "ticket")}
        },
    }


def proxy_path() -> Json:
    """The path that stands for all others; a header has the URL that is meant."""
    target: Json = {
        "name": TARGET_HEADER, "in": "header", "required": True, "schema": _URL,
        "description": "The https address of fal's that is meant, such as https://queue.fal.run/…",
    }  # fmt: skip
    answers: Json = {
        **responses(errors(400)),
        "default": {"description": "What that address answers"},
    }
    return {
        PATH: {
            method: {"operationId": f"proxy_{method}", "parameters": [target], "responses": answers}
            for method in ("get", "post", "put")
        }
    }


def _file(operation: str, description: str, media_type: str, *more: int) -> Json:
    content: Json = {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}
    found: dict[int, Json] = {
        200: {"description": description, **content},
        # Starlette's FileResponse serves ranges; 400 and 416 are its answers to bad ones
        206: {"description": "The range of it that was asked for", **content},
        400: {"description": "No range", "content": {"text/plain": {}}},
        416: {"description": "It has no such range", "content": {"text/plain": {}}},
        **{code: {"description": "The caller has it already"} for code in more},
        **errors(404),
    }
    wanted = {"name": "Range", "in": "header", "schema": _TEXT}
    parameters = [*_path("name")["parameters"], wanted]
    return {
        "operationId": operation,
        "security": [{}],
        "parameters": parameters,
        "responses": responses(found),
    }


def _preview() -> Json:
    picture: Json = {"content": {PREVIEW_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
    answers: dict[int, Json] = {
        200: {"description": "A clip while it appears", **picture},
        **errors(404),
    }
    return {
        "operationId": "look",
        "security": [{}],
        **_path("name"),
        "responses": responses(answers),
    }


def _operation(operation: str, answer: Json, *codes: int) -> Json:
    return {"operationId": operation, "responses": responses({200: answer, **errors(*codes)})}


def _keyless_operation(operation: str, answer: Json, *codes: int) -> Json:
    """An operation that needs the upload's secret ticket instead of a key."""
    return {**_operation(operation, answer, *codes), "security": [{}]}


def _initiate_operation(operation: str, answer: Json) -> Json:
    body = {"content": {"application/json": {"schema": _INITIATE}}}
    return {**_operation(operation, answer, 400, 401, 403, 408, 413, 422), "requestBody": body}


def _upload_operation(operation: str, answer: Json) -> Json:
    codes = 400, 401, 403, 408, 409, 413, 503
    return {
        **_operation(operation, answer, *codes),
        **_with_name_headers(),
        "requestBody": _ANY_BYTES,
    }


def _write_operation(operation: str) -> Json:
    return {
        **_keyless_operation(operation, object_of("It is complete"), *_WRITE_ERRORS),
        "requestBody": _ANY_BYTES,
    }


def _part_operation(operation: str) -> Json:
    arrived = object_of("It has arrived", partNumber={"type": "integer"}, etag=_ETAG)
    arrived["headers"] = {"etag": {"schema": _ETAG}}
    return {**_keyless_operation(operation, arrived, *_WRITE_ERRORS), "requestBody": _ANY_BYTES}


def _complete_operation(operation: str) -> Json:
    answer = object_of("It is complete", access_url=_URL)
    body = {"required": True, "content": {"application/json": {"schema": _COMPLETE}}}
    return {**_keyless_operation(operation, answer, *_WRITE_ERRORS, 422), "requestBody": body}


def _with_name_headers() -> Json:
    return {"parameters": _NAME_HEADERS}


def _path(*names: str, number: bool = False) -> Json:
    parameters: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": _TEXT} for name in names
    ]
    if number:
        whole = {"type": "integer", "minimum": 1, "maximum": MAX_PARTS}
        parameters.append({"name": "number", "in": "path", "required": True, "schema": whole})
    return {"parameters": parameters}
