"""A minimal Slack bot, as providers publish them: it waits in its handler, polls and edits every
0.2 s, and stores nothing.

Run as ``python -m chat_load.minimal_slack JSON``; Flipbook is compared with it. Edits that
Slack refuses are ignored.
"""

import asyncio
import contextlib
import json
import sys
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from chat_load.probe import Probe

APP = "fal-ai/fast-animatediff"
POLL_SECONDS = 0.2


def minimal_app(options: dict[str, Any], http: aiohttp.ClientSession) -> AsyncApp:
    """One command."""
    app = AsyncApp(
        client=AsyncWebClient(token=options["slack_bot_token"], base_url=options["slack_api_url"])
    )
    queue = f"{options['worker_url']}/{APP}"

    async def get(url: str) -> dict[str, Any]:
        async with http.get(url) as answer:
            body: dict[str, Any] = await answer.json()
            return body

    async def animate(ack: Any, command: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        message = await client.chat_postMessage(
            channel=command["channel_id"], text="Your request has been received."
        )
        async with http.post(f"{queue}/text-to-video", json={"prompt": command["text"]}) as answer:
            base = f"{queue}/requests/{(await answer.json())['request_id']}"
        while (status := await get(f"{base}/status?logs=1"))["status"] != "COMPLETED":
            with contextlib.suppress(SlackApiError):
                text = f"{status['status']}: {status['logs'][-1:]}"
                await client.chat_update(channel=command["channel_id"], ts=message["ts"], text=text)
            await asyncio.sleep(POLL_SECONDS)
        async with http.get((await get(base))["video"]["url"]) as answer:
            clip = await answer.read()
        await client.files_upload_v2(
            channel=command["channel_id"], content=clip, filename="clip.mp4"
        )

    app.command("/animate")(animate)
    return app


async def main(options: dict[str, Any]) -> None:
    """Serve until killed."""
    probe = Probe()
    headers = {"Authorization": f"Key {options['worker_key']}"}
    async with aiohttp.ClientSession(
        headers=headers, connector=aiohttp.TCPConnector(limit=0)
    ) as http:
        client = AsyncWebClient(token=options["slack_app_token"], base_url=options["slack_api_url"])
        app = minimal_app(options, http)
        handler = AsyncSocketModeHandler(app, options["slack_app_token"], web_client=client)
        async with asyncio.TaskGroup() as group:
            group.create_task(probe.answer_orders())
            group.create_task(handler.start_async())


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
