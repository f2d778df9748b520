"""Registers the commands at Discord, only when their definitions have changed: Discord limits how
many commands an application creates per day."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Final

import discord
import structlog

from adapters.discord.client import FlipbookClient
from adapters.discord.errors import NETWORK

_FILE: Final = "discord-commands"


async def sync_commands(client: FlipbookClient, state_dir: Path) -> bool:
    """Register the commands unless the same ones were registered last for this application; returns
    whether it registered them.

    When Discord refuses, the commands stay as they were, and the next start tries again.
    """
    log = structlog.get_logger("flipbook.discord")
    file = state_dir / _FILE
    # with the application's id: another bot in the same folder has registered nothing yet
    wanted = f"{client.application_id} {fingerprint(client.definitions())}"
    if await asyncio.to_thread(_read, file) == wanted:
        return False
    try:
        await client.tree.sync()
    except (discord.DiscordException, *NETWORK) as error:
        log.warning(
            "Discord did not take the commands; they stay as they were until the next start",
            error=_code(error),
        )
        return False
    # written after Discord has accepted them: a crash in between only registers them again
    await asyncio.to_thread(_write, file, wanted)
    log.info("registered the commands at Discord")
    return True


def fingerprint(definitions: list[dict[str, object]]) -> str:
    """A SHA-256 of the definitions: the same for the same ones, on every machine."""
    return hashlib.sha256(json.dumps(definitions, sort_keys=True, default=str).encode()).hexdigest()


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""  # missing or damaged: registering the same commands again does no harm


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # replaced in one step: a crash leaves the old file or the new one
    partial = file.with_name(f"{file.name}.part")
    partial.write_text(text, "ascii")
    partial.replace(file)


def _code(error: Exception) -> str:
    return (
        f"code {error.code}" if isinstance(error, discord.HTTPException) else type(error).__name__
    )
