"""The load benchmarks run: tiny numbers, whole processes."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TINY = "--rate 5 --seconds 1 --in-flight 2 --render 3 --compare 2 --compare-render 1 --one-channel 2 --every 0.5"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.parametrize("chat", ["discord", "slack"])
def test_the_load_benchmark_answers_everybody_and_prints_its_tables(chat: str) -> None:
    script = ROOT / "benchmarks" / f"{chat}_load.py"
    done = subprocess.run(
        [sys.executable, str(script), *TINY.split()], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "| 5 of 5 |" in done.stdout
    assert "exit 0" in done.stdout
    assert "429s: 0" in done.stdout
    assert "a form takes " in done.stdout
    assert "| Flipbook |" in done.stdout
    assert done.stdout.count("jobs in one channel") == 1


def test_the_benchmark_of_backups_compares_submissions_before_and_during() -> None:
    script = ROOT / "benchmarks" / "backup.py"
    tiny = ["--jobs", "2000", "--turns", "1"]
    done = subprocess.run(
        [sys.executable, str(script), *tiny], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "| before | 600 |" in done.stdout
    assert "p99 during × " in done.stdout


def test_the_benchmark_of_hostile_callers_prints_a_row_for_each_attack() -> None:
    script = ROOT / "benchmarks" / "hostile.py"
    done = subprocess.run(
        [sys.executable, str(script), "--seconds", "0.5"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| × ") == 8
