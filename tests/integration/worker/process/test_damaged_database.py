"""A worker whose database file can no longer be used says so, and does not ask to try again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workers import INPUT, STANDARD, open_worker

TAKEN: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "moved": lambda path: path.rename(path.with_name("old.db")),
    "replaced": lambda path: path.with_name("old.db").write_bytes(b"") or path.with_name("old.db").replace(path),
}


@pytest.mark.parametrize("take", TAKEN.values(), ids=TAKEN)
async def test_a_worker_whose_file_was_taken_away_takes_nothing(tmp_path: Path, take: Callable[[Path], object]) -> None:
    async with open_worker(tmp_path) as worker:
        await worker.completed(await worker.submit())
        take(tmp_path / "worker.db")
        answer = await worker.http.post(STANDARD, json=INPUT)
    assert (answer.status_code, answer.json()) == (
        503,
        {"detail": "The worker's database cannot be used; its operator has to look at it."},
    )
