"""What docs/animatediff.md says holds us out of the libraries' traps is there; its options are the engine's options."""

import re
from dataclasses import fields
from pathlib import Path

from worker.engines.animatediff.options import EngineOptions

ROOT = Path(__file__).resolve().parents[3]
DOCS = (ROOT / "docs" / "animatediff.md").read_text()


def test_every_trap_names_a_test_that_exists() -> None:
    rows = re.findall(r"^\| .*? \| (.*`[a-z_]+`: .*) \|$", DOCS.partition("## Traps")[2], re.MULTILINE)
    assert len(rows) == 17
    for file, words in re.findall(r"`([a-z_]+)`: ([^,;|\n]+)", "\n".join(rows)):
        [path] = (ROOT / "tests" / "integration" / "worker" / "engine").rglob(f"test_{file}.py")
        tests = path.read_text()
        name = re.sub(r"\W+", "_", words.strip().lower().replace("'", ""))
        assert re.search(rf"def test_\w*{name}", tests), f"{file}: {words}"


def test_every_option_is_documented() -> None:
    tuning = DOCS.partition("## Tuning")[2].partition("##")[0]
    documented = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| ([^|]+) \|", tuning, re.MULTILINE))))
    assert {option.name for option in fields(EngineOptions)} - {
        "compile_backend",
        "overlap_decode",
        "shapes",
    } <= documented
