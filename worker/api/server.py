"""The worker's HTTP server: the guarded one, with the certificate of the settings."""

from starlette.types import ASGIApp

from generation.protocol.http_server.limits import DEFAULT_LIMITS, ServerLimits
from generation.protocol.http_server.server import HttpServer
from worker.settings import WorkerSettings


def http_server(
    app: ASGIApp, settings: WorkerSettings, limits: ServerLimits = DEFAULT_LIMITS
) -> HttpServer:
    """A server for that app. Raises OSError when the settings' certificate cannot be used."""
    return HttpServer(
        app, limits, certificate=settings.ssl_certfile, private_key=settings.ssl_keyfile
    )
