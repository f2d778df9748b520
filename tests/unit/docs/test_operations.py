"""The operators' table of what they see is the catalogue of findings, and the catalogue has every finding."""

import ast
from collections.abc import Iterator
from pathlib import Path

from bot.commands.doctor.catalogue import EXITS, FINDINGS, TROUBLES, explanation_of
from bot.exit_codes import Exit
from generation.backends.circuit_breaker import Trouble
from scripts.operations_table import PAGE, page_with_table

ROOT = Path(__file__).resolve().parents[3]
NAMED_ELSEWHERE = {"what": "data folder", "name": "Discord", "_WHAT": "settings"}
"""Findings whose name is a variable, and one value of it."""


def names_of_findings() -> Iterator[str]:
    """The name of every finding in the code that is not good; ``{}`` stands for what changes."""
    for room in ("bot", "adapters", "generation"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                    grade, what, *_ = node.args
                    if ast.unparse(grade) != "Grade.GOOD":
                        yield name_in(what)


def name_in(what: ast.expr) -> str:
    if isinstance(what, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in what.values)
    return str(what.value) if isinstance(what, ast.Constant) else NAMED_ELSEWHERE[ast.unparse(what)]


def test_every_finding_is_explained_and_nothing_else() -> None:
    found = set(names_of_findings())
    assert len(found) > 25
    assert {name for name in found if explanation_of(name.replace("{}", "x")) is None} == set()
    assert FINDINGS.keys() <= found | {"Slack"}


def test_every_trouble_of_a_backend_and_every_exit_code_is_explained() -> None:
    assert TROUBLES.keys() == set(Trouble)
    assert EXITS.keys() == set(Exit) - {Exit.OK, Exit.CANCELLED}


def test_the_most_exact_name_explains_a_finding() -> None:
    assert explanation_of("Discord server the studio") is FINDINGS["Discord server {}"]
    assert explanation_of("backend worker") is FINDINGS["backend {}"]
    assert explanation_of("no finding") is None


def test_the_page_holds_the_catalogue() -> None:
    page = PAGE.read_text("utf-8")
    assert page_with_table(page) == page, "write it anew with `python -m scripts.operations_table`"
