"""``kill -9`` at eight points of a job's life, of bot, worker or both: one clip, submitted and charged once."""

from pathlib import Path

import pytest

from generation import mp4
from generation.domain.refs import Platform, ServerRef, UserRef
from kills import POINTS, BotFolder

pytestmark = pytest.mark.slow

VICTIMS = ("bot", "worker", "both")
SERVER = ServerRef(Platform.DISCORD, "1")
MEMBER = UserRef(Platform.DISCORD, "3")


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("point", POINTS)
async def test_after_a_kill_exactly_one_clip_arrives(
    tmp_path: Path, point: str, victim: str, crash_table: list[str]
) -> None:
    folder = BotFolder(tmp_path)
    async with folder.bot(point, victim, "one") as bot:
        if victim != "worker":
            await folder.until_killed(bot)
        else:
            await folder.until_delivered(bot)
            engines = await folder.until_one_engine(bot)
    if victim != "worker":
        async with folder.bot(point, victim) as bot:
            await folder.until_delivered(bot)
            engines = await folder.until_one_engine(bot)
    assert (tmp_path / "killed").exists()
    clips = [path.read_bytes() for path in (tmp_path / "channel").iterdir()]
    assert [mp4.probe(clip).frames for clip in clips] == [4]
    folder.assert_submitted_and_charged_once(SERVER, MEMBER)
    assert len(engines) == 1
    crash_table.append(f"| a folder | {point} | {victim} | {len(clips)} | 1 | exact | {len(engines)} |")
    await folder.until_gone(engines)


async def test_the_data_folder_is_left_without_locks_or_leftovers(tmp_path: Path) -> None:
    folder = BotFolder(tmp_path)
    async with folder.bot("while RUNNING", "bot", "one") as bot:
        await folder.until_killed(bot)
    async with folder.bot("while RUNNING", "bot") as bot:
        await folder.until_delivered(bot)
    assert list((tmp_path / "data/staging").iterdir()) == []
