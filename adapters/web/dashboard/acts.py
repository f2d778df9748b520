"""Forms that change something: every one of them goes through here."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.web.dashboard.entrance import Visitor
from adapters.web.dashboard.guard import ROOT
from adapters.web.dashboard.rendering import Templates, visitor_of
from generation.protocol.errors import FlipbookError
from generation.text.errors import sentence

MAX_FORM: Final = 64 * 1024
"""Bytes."""
_MAX_FIELDS: Final = 100
_TOKEN_FIELD: Final = "form_token"  # noqa: S105 - its name
_TOKEN_HEADER: Final = "x-flipbook-form"  # noqa: S105 - its name
_TOO_OLD: Final = "This page is too old. Load it again, then repeat what you did."

Form = Mapping[str, str]
Act = Callable[[Request, Form, Visitor], Awaitable[str]]
"""Does what a form asks for, under the visitor's name; returns a sentence about what was done.
Raises FlipbookError, whose sentence is shown, or ValueError with one of its own."""


def act_route(path: str, act: Act, templates: Templates) -> Route:
    """A route that takes a form of one of our own pages; with the script it is answered by JSON,
    without by a page."""

    async def endpoint(request: Request) -> Response:
        visitor = visitor_of(request)
        form = await form_of(request)
        status, said = 413, "That is too long for a form."
        if form is not None:
            token = request.headers.get(_TOKEN_HEADER) or form.get(_TOKEN_FIELD, "")
            given, expected = token.encode("utf-8", "replace"), visitor.form_token.encode()
            is_ours = hmac.compare_digest(given, expected)
            status, said = await _done(act, request, form, visitor) if is_ours else (403, _TOO_OLD)
        if _TOKEN_HEADER in request.headers:
            return JSONResponse({"said": said}, status)
        return templates.page(request, "said", status_code=status, said=said, back=_back(form))

    return Route(path, endpoint, methods=["POST"])


async def _done(act: Act, request: Request, form: Form, visitor: Visitor) -> tuple[int, str]:
    try:
        return 200, await act(request, form, visitor)
    except FlipbookError as error:
        return 409, str(sentence(error))
    except ValueError as error:
        return 422, str(error)


async def form_of(request: Request) -> Form | None:
    """The fields, the first of each name; None for a body that is too long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            return None
    fields: dict[str, str] = {}
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS
        )
    except ValueError:
        return None
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields


def _back(form: Form | None) -> str:
    """The page that the form was on; another site's address is none of ours."""
    back = (form or {}).get("back", "")
    return back if back.startswith(f"{ROOT}/") and "//" not in back else f"{ROOT}/"
