"""The data folder of an earlier version opens: its jobs end, its deliveries arrive, its buttons and links work."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from acceptance.running import Run, flipbook_run
from db.encryption import FernetCipher
from db.store import SqlStore
from doubles.discord.server import DiscordDouble
from doubles.discord.state.messages import Attachment
from doubles.discord.state.messages import Message as DiscordMessage
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import File
from doubles.slack.state.workspaces import Message as SlackMessage
from generation import mp4
from generation.domain.job import JobId, JobStatus
from generation.domain.refs import ServerRef
from kills_in_chats import InDiscord, InSlack
from slack_bot import public

pytestmark = pytest.mark.slow

EARLIER = Path(__file__).parents[1] / "fixtures" / "version_0_1_0"
PUBLIC = {"FLIPBOOK_PUBLIC_URL": "https://flipbook.example"}
OWED = "UPDATE deliveries SET status = 'owed', sent_at = NULL, next_attempt_at = opened_at WHERE status = 'sent'"
"""As after a kill between the delivery and its record."""


@dataclass
class Earlier:
    """A bot on the earlier data, both chats as they were, and the clips that their old messages had."""

    run: Run
    discord: DiscordDouble
    slack: SlackDouble
    said_in_discord: list[DiscordMessage]
    said_in_slack: list[SlackMessage]

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until the condition holds, while the bot runs."""
        await self.run.until(holds)

    def discord_clips(self) -> list[DiscordMessage]:
        """Messages with a clip in Discord."""
        return [message for message in self.discord.world.messages() if message.files]

    def slack_clips(self) -> list[SlackMessage]:
        """Messages with a clip in Slack."""
        return [message for message in public(self.slack) if message.file_ids]


def restored_discord(double: DiscordDouble, said: list[dict[str, Any]]) -> list[DiscordMessage]:
    """Put the messages of then into the double."""
    return [
        double.world.add(
            DiscordMessage(
                id=each["id"],
                channel=double.world.channels[each["channel"]],
                author=double.people.bot,
                created_at=each["created_at"],
                content=each["content"],
                components=each["components"],
                flags=each["flags"],
                attachments=[Attachment(channel_id=each["channel"], data=b"then", **a) for a in each["attachments"]],
            )
        )
        for each in said
    ]


def restored_slack(double: SlackDouble, said: list[dict[str, Any]]) -> list[SlackMessage]:
    """Put the messages of then into the double."""
    home, messages = double.home, []
    for each in said:
        message = SlackMessage(team=home.team, user=home.bot_user, bot_id=home.bot_id, **each)
        home.messages[message.channel, message.ts] = message
        messages.append(message)
        for file_id in message.file_ids:
            home.files[file_id] = File(
                file_id, home.team, home.bot_user, "clip.mp4", 4, 0, content=b"then", completed=True
            )
    return messages


@asynccontextmanager
async def opened(
    folder: Path, discord: InDiscord, slack: InSlack, *, change: str | None = None
) -> AsyncIterator[Earlier]:
    """`flipbook run` of today on a copy of the earlier data, after that SQL ``change`` of it."""
    shutil.copytree(EARLIER / "data", folder / "data")
    if change is not None:
        with sqlite3.connect(folder / "data" / "flipbook.db") as database:
            assert database.execute(change).rowcount == 2
    said = json.loads((EARLIER / "messages.json").read_text())
    in_discord = restored_discord(discord._double, said["discord"])
    in_slack = restored_slack(slack._double, said["slack"])
    async with flipbook_run(folder, discord.environment, slack.environment, PUBLIC) as run:
        await asyncio.gather(discord.until_connected(), slack.until_connected())
        yield Earlier(run, discord._double, slack._double, in_discord, in_slack)
        assert await run.stops() == 0, run.log
    assert "Traceback" not in run.log


@asynccontextmanager
async def store_of(folder: Path) -> AsyncIterator[SqlStore]:
    """The database as the bot left it."""
    data = folder / "data"
    cipher = FernetCipher((data / "secret.key").read_text())
    store = await SqlStore.open(f"sqlite:///{data / 'flipbook.db'}", cipher)
    try:
        yield store
    finally:
        await store.close()


def job_ids(folder: Path) -> list[str]:
    """Every job of the earlier data."""
    with sqlite3.connect(folder / "data" / "flipbook.db") as database:
        return [row[0] for row in database.execute("SELECT id FROM jobs ORDER BY number")]


async def test_unfinished_jobs_are_rendered_and_delivered(discord: InDiscord, slack: InSlack, tmp_path: Path) -> None:
    async with opened(tmp_path, discord, slack) as earlier:
        await earlier.until(lambda: len(earlier.discord_clips()) == 2 and len(earlier.slack_clips()) == 2)
        [new] = [each for each in earlier.discord_clips() if each is not earlier.said_in_discord[0]]
        clip = await earlier.discord.download(new.attachments[0])
        assert mp4.probe(clip).frames == 4
        await earlier.until(lambda: earlier.run.log.count('"delivery sent"') == 2)
    async with store_of(tmp_path) as store:
        jobs = [await store.job(JobId(job_id)) for job_id in job_ids(tmp_path)]
        assert [job and job.status for job in jobs] == [JobStatus.SUCCEEDED] * 4
        assert await store.ledger_discrepancies() == []


async def test_what_was_owed_is_delivered(discord: InDiscord, slack: InSlack, tmp_path: Path) -> None:
    async with opened(tmp_path, discord, slack, change=OWED) as earlier:
        await earlier.until(lambda: earlier.run.log.count('"delivery sent"') == 4)
        clips = [await earlier.discord.download(each.attachments[0]) for each in earlier.discord_clips()]
        assert [b"ftyp" in clip for clip in clips].count(True) == 2
        assert len([each for each in earlier.slack_clips() if "a boat" in each.text]) == 1


async def test_old_buttons_reactions_and_links_work(discord: InDiscord, slack: InSlack, tmp_path: Path) -> None:
    async with opened(tmp_path, discord, slack) as earlier:
        await earlier.until(lambda: len(earlier.discord_clips()) == 2 and len(earlier.slack_clips()) == 2)
        old = earlier.said_in_discord[0]
        await earlier.discord.click(old, old.custom_ids[0])
        await earlier.until(lambda: len(earlier.discord_clips()) == 3)
        await earlier.discord.react(old, "🔁", user=earlier.discord.people.other_member)
        await earlier.until(lambda: len(earlier.discord_clips()) == 4)
        old_in_slack = earlier.said_in_slack[0]
        await earlier.slack.click(old_in_slack, "v1:reroll")
        await earlier.until(lambda: len(earlier.slack_clips()) == 3)
        link = json.loads((EARLIER / "link.json").read_text())
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{earlier.run.port}") as web:
            answer = await web.get(link["path"])
            forged = await web.get(link["path"].replace("signature=c", "signature=d"))
        assert answer.status_code == 200
        assert answer.content == (EARLIER / "data" / "clips" / f"{link['job']}.mp4").read_bytes()
        assert forged.status_code == 404


async def test_limits_and_the_audit_are_still_there(tmp_path: Path) -> None:
    shutil.copytree(EARLIER / "data", tmp_path / "data")
    async with store_of(tmp_path) as store:
        for server, allowed in (("discord:1290000000000000100", 9), ("slack:T000000HOME", 7)):
            limits = await store.limits_of(ServerRef.parse(server))
            assert limits is not None
            assert limits.user_clips_per_day == allowed
            assert len(await store.audit_of(ServerRef.parse(server), limit=10)) == 1
