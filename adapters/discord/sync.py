"""Registering the commands at Discord only when their definitions have changed: Discord counts what is created."""

import asyncio
import hashlib
import json
import logging
from pathlib import Path
from typing import Final

import discord

from adapters.discord.client import FlipbookClient
from adapters.discord.errors import NETWORK

_log = logging.getLogger(__name__)
_FILE: Final = "discord-commands"


async def sync_commands(client: FlipbookClient, state_dir: Path) -> bool:
    """Register them if they are not what was registered last for this application; returns whether that was done.

    When Discord refuses, the commands stay as they were, and the next start tries again.
    """
    file = state_dir / _FILE
    wanted = f"{client.application_id} {fingerprint(client.definitions())}"
    if await asyncio.to_thread(_read, file) == wanted:
        return False
    try:
        await client.tree.sync()
    except (discord.DiscordException, *NETWORK) as error:
        _log.warning(
            "Discord did not take the commands (%s); they stay as they were until the next start", _code(error)
        )
        return False
    await asyncio.to_thread(_write, file, wanted)
    _log.info("registered the commands at Discord")
    return True


def fingerprint(definitions: list[dict[str, object]]) -> str:
    """The same for the same definitions, on every machine."""
    return hashlib.sha256(json.dumps(definitions, sort_keys=True, default=str).encode()).hexdigest()


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.part")
    partial.write_text(text, "ascii")
    partial.replace(file)


def _code(error: Exception) -> str:
    return f"code {error.code}" if isinstance(error, discord.HTTPException) else type(error).__name__
