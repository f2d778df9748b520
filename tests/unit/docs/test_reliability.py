"""``docs/reliability.md`` names tests that are there, and for each kind of fault enough cases over its ways in."""

import importlib.util
import re
import sys
from functools import cache
from math import prod
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
SECTION = PAGE.split("\n## Kinds of faults")[1].split("\n## ")[0]
KINDS = {
    kind: re.findall(r"(?:^|<br>)([^<]+?): `([\w/]+\.py)::(\w+)`", tests)
    for kind, tests in re.findall(r"^\| (?!kind )([^|]+?) \| (.+) \|$", SECTION, re.MULTILINE)
}
FEWEST = 5
"""Cases of a kind in the page's tables."""


@cache
def module(path: str) -> ModuleType:
    """A test module, without the tests' own collecting of it."""
    name = f"read_for_reliability.{path.removesuffix('.py').replace('/', '.')}"
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    loaded = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(loaded)
    finally:
        del sys.modules[name]
    return loaded


def cases(path: str, test: str) -> int:
    """How many cases its tables give a test."""
    function = getattr(module(path), test)
    tables = [mark.args[1] for mark in getattr(function, "pytestmark", ()) if mark.name == "parametrize"]
    return prod(len(list(table)) for table in tables)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_its_table_over_every_way_in(kind: str) -> None:
    counted = {f"{where}: {test}": cases(path, test) for where, path, test in KINDS[kind]}
    assert sum(counted.values()) >= FEWEST, counted
    assert min(counted.values()) > 1, counted


@pytest.mark.parametrize("chat", ["Discord", "Slack"])
def test_both_chats_have_tables_of_their_own(chat: str) -> None:
    assert sum(any(chat in where for where, _, _ in tests) for tests in KINDS.values()) >= 10


def test_every_kind_and_every_test_of_the_page_is_read() -> None:
    assert len(KINDS) == 54
    assert sum(len(tests) for tests in KINDS.values()) == SECTION.count("::")


def test_every_command_of_the_page_names_what_is_there() -> None:
    named = set(re.findall(r"[ `](tests/[\w/.]+)", PAGE))
    assert len(named) > 60
    assert {name for name in named if not (ROOT / name).exists()} == set()
