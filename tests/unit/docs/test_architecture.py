"""Rules about the code itself that no linter knows."""

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("bot", "adapters", "generation", "db", "worker")
MODULES = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]

SAME_NAME_TWICE: dict[str, str] = {}
"""Public classes that are rightly defined twice, each with its reason; at most three."""


def test_only_settings_read_the_environment() -> None:
    reads = re.compile(r"\bos\.(environ|getenv)\b|from os import .*\b(environ|getenv)\b")
    found = {str(path.relative_to(ROOT)) for path in MODULES if reads.search(path.read_text())}
    # torch is told its cache's folder in no other way; nothing is read there
    writes = {"worker/engines/animatediff/compile/backend.py"}
    assert found - writes <= {"bot/settings/environment.py", "worker/settings.py"}


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(path.relative_to(ROOT)) for path in MODULES if not path.read_text().lstrip().startswith('"""')]
    assert [name for name in silent if "/versions/" not in name] == []


def test_no_module_outgrows_its_purpose() -> None:
    others = (path for room in ("tests", "benchmarks", "scripts") for path in (ROOT / room).rglob("*.py"))
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in (*MODULES, *others)}
    assert {name: lines for name, lines in long.items() if lines > 350} == {}


def test_no_folder_holds_more_than_16_files() -> None:
    # migrations are excepted: each change of the schema adds one
    counts = Counter(
        str(path.parent.relative_to(ROOT))
        for room in (*PACKAGES, "tests", "benchmarks", "scripts")
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.parent.name not in {"__pycache__", "versions"} and ".ruff_cache" not in path.parts
    )
    assert {folder: count for folder, count in counts.items() if count > 16} == {}


def test_lines_of_product_code_fit_100_columns() -> None:
    pragma = re.compile(r"\s*# (noqa|type:).*")  # ruff does not count these either
    # the preview engine's tables (words of many scripts, outlines) read better whole, as for ruff
    preview = ROOT / "worker" / "engines" / "preview"
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in MODULES
        if not path.is_relative_to(preview)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(pragma.sub("", line)) > 100
    ]
    assert long == []


def test_a_public_class_name_is_defined_once_in_the_whole_product() -> None:
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert len(SAME_NAME_TWICE) <= 3
    assert {name: where for name, where in places.items() if len(where) > 1 and name not in SAME_NAME_TWICE} == {}
