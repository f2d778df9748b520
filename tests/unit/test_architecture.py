"""Rules about the code itself that no linter knows."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bot", "adapters", "generation", "db", "worker")
MODULES = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


def test_only_settings_read_the_environment() -> None:
    reads = re.compile(r"\bos\.(environ|getenv)\b|from os import .*\b(environ|getenv)\b")
    found = {str(path.relative_to(ROOT)) for path in MODULES if reads.search(path.read_text())}
    # the engine's libraries read theirs at import: offline mode has to be set before that
    assert found - {"worker/engines/animatediff/quiet.py"} <= {"bot/settings.py", "worker/settings.py"}


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(path.relative_to(ROOT)) for path in MODULES if not path.read_text().lstrip().startswith('"""')]
    assert [name for name in silent if "/versions/" not in name] == []


def test_no_module_outgrows_its_purpose() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: lines for name, lines in long.items() if lines > 350} == {}
