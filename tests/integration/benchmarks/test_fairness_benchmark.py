"""The fairness benchmark runs: the real bot and worker, tiny numbers."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "fairness.py"


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_fairness_benchmark_runs_both_orders_and_compares_them() -> None:
    tiny = ["--flood", "12", "--others", "4", "--places", "2", "--seconds", "0.2"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *tiny], capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "| first in, first out |" in done.stdout
    assert "| fair |" in done.stdout
    assert "of first in, first out (target: 1/20)" in done.stdout
    assert "of first in, first out (target: 0.98)" in done.stdout
