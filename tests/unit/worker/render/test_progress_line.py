"""Progress as a tqdm bar, which the bot reads back."""

import pytest

from generation.protocol.progress import Steps, steps_in_line
from worker.render.progress_line import progress_line


@pytest.mark.parametrize(
    ("done", "total", "seconds", "line"),
    [
        (9, 25, 2.5, " 36%|███▌      | 9/25 [00:02<00:04,  3.60it/s]"),
        (0, 4, 0.0, "  0%|          | 0/4 [00:00<?, ?it/s]"),
        (4, 4, 3700.0, "100%|██████████| 4/4 [1:01:40<00:00,  0.00it/s]"),
        (1, 50, 61.0, "  2%|▏         | 1/50 [01:01<49:49,  0.02it/s]"),
    ],
)
def test_a_line_reads_like_tqdms(done: int, total: int, seconds: float, line: str) -> None:
    assert progress_line(done, total, seconds) == line


def test_what_the_worker_writes_is_what_the_core_reads() -> None:
    assert steps_in_line(progress_line(9, 25, 2.5)) == Steps(9, 25)
