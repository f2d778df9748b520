"""``kill -9`` at eight points of a job's life, of the bot, of its worker, of both: one clip, bought once, paid once."""

from pathlib import Path

import pytest

from generation import mp4
from generation.places import Platform, ServerRef, UserRef
from kills import POINTS, House

pytestmark = pytest.mark.slow

VICTIMS = ("bot", "worker", "both")
SERVER = ServerRef(Platform.DISCORD, "1")
MEMBER = UserRef(Platform.DISCORD, "3")


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("point", POINTS)
async def test_after_a_kill_exactly_one_clip_arrives(
    tmp_path: Path, point: str, victim: str, crash_table: list[str]
) -> None:
    house = House(tmp_path)
    async with house.bot(point, victim, "one") as bot:
        if victim != "worker":
            await house.until_killed(bot)
        else:
            await house.until_delivered(bot)
            engines = await house.until_one_engine(bot)
    if victim != "worker":
        async with house.bot(point, victim) as bot:
            await house.until_delivered(bot)
            engines = await house.until_one_engine(bot)
    assert (tmp_path / "killed").exists()
    clips = [path.read_bytes() for path in (tmp_path / "channel").iterdir()]
    assert [mp4.probe(clip).frames for clip in clips] == [4]
    house.assert_bought_and_charged_once(SERVER, MEMBER)
    assert len(engines) == 1
    crash_table.append(f"| a folder | {point} | {victim} | {len(clips)} | 1 | exact | {len(engines)} |")
    await house.until_gone(engines)


async def test_the_data_folder_is_left_without_locks_or_leftovers(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with house.bot("while RUNNING", "bot", "one") as bot:
        await house.until_killed(bot)
    async with house.bot("while RUNNING", "bot") as bot:
        await house.until_delivered(bot)
    assert list((tmp_path / "data/staging").iterdir()) == []
