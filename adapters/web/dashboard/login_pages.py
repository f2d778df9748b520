"""The page that a one-time link opens. Opening it logs nobody in: chats and mail programs open
links too, to show what is behind them; a person presses the button."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from adapters.web.dashboard.acts import Form, form_of
from adapters.web.dashboard.entrance import LinkEntrance
from adapters.web.dashboard.guard import ROOT
from adapters.web.dashboard.rendering import Templates, visitor_of
from generation.domain.login import SESSION_LIFE

_MOST_OF_A_CODE: Final = 100


def cookie_name(scope: Scope) -> str:
    """The session's cookie. With the port, because cookies ignore ports (RFC 6265, 8.5) and another
    bot may run on this machine."""
    server = scope.get("server")
    return f"flipbook-{server[1] if server else 0}"


class LoginPages:
    """Redeems codes, and ends sessions."""

    def __init__(
        self, entrance: LinkEntrance, templates: Templates, left: Callable[[str], Awaitable[None]]
    ) -> None:
        """``left`` is called with the form token of a session that has ended."""
        self._entrance = entrance
        self._templates = templates
        self._left = left

    def routes(self) -> list[Route]:
        """Both pages; paths are below the dashboard's own."""
        return [
            Route("/login", self._ask, methods=["GET"]),
            Route("/login", self._redeem, methods=["POST"]),
            Route("/logout", self._leave, methods=["POST"]),
        ]

    async def _ask(self, request: Request) -> Response:
        code = request.query_params.get("code", "")[:_MOST_OF_A_CODE]
        return self._page(code)

    async def _redeem(self, request: Request) -> Response:
        form: Form = await form_of(request) or {}
        secret = await self._entrance.redeem(form.get("code", ""))
        if secret is None:
            return self._page("", was_refused=True)
        response = RedirectResponse(f"{ROOT}/", 303)
        response.set_cookie(
            cookie_name(request.scope),
            secret,
            max_age=int(SESSION_LIFE.total_seconds()),
            path=ROOT,
            httponly=True,
            samesite="strict",
        )
        return response

    async def _leave(self, request: Request) -> Response:
        name = cookie_name(request.scope)
        await self._entrance.leave(request.cookies.get(name, ""))
        await self._left(visitor_of(request).form_token)
        response = RedirectResponse(f"{ROOT}/login", 303)
        response.delete_cookie(name, path=ROOT, httponly=True, samesite="strict")
        return response

    def _page(self, code: str, *, was_refused: bool = False) -> HTMLResponse:
        text = self._templates.text("login.html", code=code, was_refused=was_refused)
        return HTMLResponse(text, 403 if was_refused else 200)
