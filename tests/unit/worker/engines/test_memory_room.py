"""The memory table of the documentation, and the arithmetic by which clips are admitted."""

from pathlib import Path

import pytest

from generation.protocol.request import Endpoint
from worker.engines.animatediff.batch_key import BatchKey
from worker.engines.animatediff.memory.room import GIB, Fit, fit_of, memory_table, room_for_work, row_bytes

DOCS = Path(__file__).resolve().parents[4] / "docs" / "worker.md"


def key(side: int, frames: int = 16) -> BatchKey:
    return BatchKey(Endpoint.STANDARD, side, side, frames, frozenset())


def test_the_table_of_the_documentation_is_what_the_engine_computes() -> None:
    assert memory_table() in DOCS.read_text()


@pytest.mark.parametrize(
    ("total", "weights", "others", "room"),
    [(8, 3, 0, 4.2), (8, 3, 2, 2.2), (4, 3, 2, 0)],
)
def test_the_room_for_work_is_what_weights_context_and_other_programs_leave(
    total: int, weights: int, others: int, room: float
) -> None:
    assert room_for_work(total * GIB, weights=weights * GIB, others=others * GIB) == pytest.approx(room * GIB, abs=1)


def test_a_clip_fits_whole_a_row_at_a_time_or_not_at_all() -> None:
    row = row_bytes(key(512), itemsize=2)
    fits = [fit_of(room, key(512), itemsize=2, decoder_itemsize=2) for room in (2 * row, 2 * row - 1, row, row - 1)]
    assert fits == [Fit.WHOLE, Fit.ROW_BY_ROW, Fit.ROW_BY_ROW, Fit.NOT]


def test_a_decoder_in_float32_can_be_what_does_not_fit() -> None:
    room = GIB
    assert fit_of(room, key(512, 1), itemsize=2, decoder_itemsize=4) is Fit.WHOLE
    assert fit_of(room, key(1024, 1), itemsize=2, decoder_itemsize=4) is Fit.NOT
