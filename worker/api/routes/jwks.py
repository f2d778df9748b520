"""The public key with which receivers verify webhooks."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from worker.api.app_parts import AppParts


def jwks_routes(parts: AppParts) -> list[Route]:
    """``GET /.well-known/jwks.json``."""

    async def jwks(_: Request) -> Response:
        return JSONResponse(parts.signer.jwks(), headers={"cache-control": "public, max-age=3600"})

    return [Route("/.well-known/jwks.json", jwks, methods=["GET"])]
