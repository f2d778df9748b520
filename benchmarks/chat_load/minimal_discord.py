"""A minimal Discord bot, as providers publish them: it waits in its handler, polls and edits every
0.2 s, and stores nothing.

Run as ``python -m chat_load.minimal_discord JSON``; Flipbook is compared with it.
"""

import asyncio
import io
import json
import sys
from typing import Any

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from chat_load.probe import Probe

APP = "fal-ai/fast-animatediff"
POLL_SECONDS = 0.2


class MinimalBot(discord.Client):
    """One command."""

    def __init__(self, queue_url: str, key: str) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.tree = app_commands.CommandTree(self)
        self._queue_url = queue_url
        self._key = key
        self.tree.add_command(
            app_commands.Command(name="animate", description="A clip", callback=self._animate)
        )

    async def setup_hook(self) -> None:
        """Register the command at every start."""
        headers = {"Authorization": f"Key {self._key}"}
        self._http = aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0))
        await self.tree.sync()

    async def close(self) -> None:
        """Close the HTTP session too."""
        await self._http.close()
        await super().close()

    async def _animate(self, interaction: discord.Interaction, prompt: str) -> None:
        await interaction.response.send_message("Your request has been received.")
        submit = f"{self._queue_url}/{APP}/text-to-video"
        async with self._http.post(submit, json={"prompt": prompt}) as answer:
            request_id = (await answer.json())["request_id"]
        base = f"{self._queue_url}/{APP}/requests/{request_id}"
        while (status := await self._get(f"{base}/status?logs=1"))["status"] != "COMPLETED":
            await interaction.edit_original_response(
                content=f"{status['status']}: {status['logs'][-1:]}"[:2000]
            )
            await asyncio.sleep(POLL_SECONDS)
        video = (await self._get(base))["video"]
        async with self._http.get(video["url"]) as answer:
            file = discord.File(io.BytesIO(await answer.read()), f"flipbook-{request_id}.mp4")
        await interaction.edit_original_response(content=prompt, attachments=[file])

    async def _get(self, url: str) -> dict[str, Any]:
        async with self._http.get(url) as answer:
            body: dict[str, Any] = await answer.json()
            return body


async def main(options: dict[str, Any]) -> None:
    """Serve until killed."""
    Route.BASE = options["discord_api_url"].rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(options["discord_gateway_url"])
    probe = Probe()
    bot = MinimalBot(options["worker_url"], options["worker_key"])
    async with bot, asyncio.TaskGroup() as group:
        group.create_task(probe.answer_orders())
        await bot.start(options["discord_token"])


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
