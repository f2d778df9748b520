"""The bot's web server: the guarded one, over the routes of its parts."""

import errno
import socket
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Router

from bot.exit_codes import OperatorFault
from generation.protocol.hosts import host_name, is_loopback
from generation.protocol.http_server.host_check import HostCheck
from generation.protocol.http_server.limits import ServerLimits
from generation.protocol.http_server.listener import listening_socket
from generation.protocol.http_server.server import HttpServer

_LIMITS: Final = ServerLimits(
    grace_seconds=3  # a slow download must not use up the time to stop
)

_ADVICE: Final = {
    errno.EADDRINUSE: ("another program has it", "FLIPBOOK_WEB_PORT"),
    errno.EACCES: ("only root may use ports below 1024", "FLIPBOOK_WEB_PORT"),
    errno.EADDRNOTAVAIL: ("this machine has no such address", "FLIPBOOK_WEB_HOST"),
    socket.EAI_NONAME: ("there is no such name", "FLIPBOOK_WEB_HOST"),
}


def open_listener(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OperatorFault: uvicorn itself would end the whole process where an
    address cannot be used, in the middle of its start."""
    try:
        return listening_socket(host, port)
    except OSError as error:
        why, what = _ADVICE.get(error.errno or 0, (str(error.strerror), "FLIPBOOK_WEB_HOST"))
        raise OperatorFault(
            f"The web address {host} port {port} cannot be used: {why}. Set {what} to another."
        ) from error


def web_server(app: Starlette) -> HttpServer:
    """A server for that app; runs with ``serve([socket])``, stops when ``should_exit`` is set."""
    return HttpServer(app, _LIMITS)


def web_app(
    pages: Sequence[BaseRoute], routes: Sequence[BaseRoute], *, host: str, public_url: str | None
) -> Starlette:
    """An app of both. ``pages`` tell how the bot is: where it listens on ``host`` for this machine
    only, they answer to names of this machine and to the public one. ``routes`` check their callers
    by themselves."""
    public = host_name(urlsplit(public_url).netloc) if public_url else None

    def is_allowed(name: str) -> bool:
        return not is_loopback(host) or is_loopback(name) or name == public

    refusal = PlainTextResponse("These pages answer to names of this machine only.", 403)
    app = Starlette(routes=routes)
    # not as a route: a mount would also take what another route has under another method
    app.router.default = HostCheck(Router(pages), is_allowed=is_allowed, refusal=refusal)
    return app
