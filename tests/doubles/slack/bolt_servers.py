"""Runs the sample app on both of Bolt's transports: over sockets and behind HTTP."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doubles.slack.sample_bot import bolt_app, socket_handler
from doubles.slack.server import SlackDouble


@contextlib.asynccontextmanager
async def bot_on_sockets(
    double: SlackDouble, app: AsyncApp | None = None, ping_seconds: float = 10.0
) -> AsyncIterator[AsyncApp]:
    """The app connected by Socket Mode."""
    running = app or bolt_app(double)
    handler = socket_handler(double, running, ping_seconds)
    await handler.connect_async()
    try:
        await double.connected()
        yield running
    finally:
        await handler.close_async()


@contextlib.asynccontextmanager
async def bot_behind_http(double: SlackDouble, app: AsyncApp | None = None) -> AsyncIterator[AsyncApp]:
    """The app mounted in Starlette on a free port; the double delivers there."""
    running = app or bolt_app(double)
    handler = AsyncSlackRequestHandler(running)

    async def endpoint(request: Request) -> Response:
        return await handler.handle(request)

    starlette = Starlette(routes=[Route("/slack/events", endpoint, methods=["POST"])])
    config = uvicorn.Config(starlette, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        double.deliver_over_http(f"http://127.0.0.1:{listening.getsockname()[1]}/slack/events")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listening]))
            try:
                yield running
            finally:
                await double.platform.courier.settle()
                server.should_exit = True
