"""One catalogue of sentences: each stands once, translators' tools find all of them, and nothing is said beside it."""

import ast
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from babel.messages.extract import extract_from_file

ROOT = Path(__file__).resolve().parents[4]
KEYWORDS: dict[str, tuple[int, ...] | None] = {"gettext": None, "ngettext": (1, 2), "mark": None}
"""As ``pybabel extract -k mark`` takes them."""
PACKAGES = ("generation", "adapters", "bot")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.name != "dialect.py")
TEXT = [path for path in FILES if path.parent.name == "text"]
TYPED = ("/", "flipbook ", "limits ", "channels ", "block ", "unblock ", "styles ", "members ", "settings ", "pause ")
"""How commands begin, which are typed as they are in every language."""
GIVEN = {"place"}
"""Placeholders that every sentence may use."""


class Call(NamedTuple):
    """One call of ``gettext``, ``ngettext`` or ``mark``: where, its messages, and its values' names (None: unknown)."""

    where: str
    function: str
    messages: list[ast.expr]
    names: set[str] | None

    @property
    def texts(self) -> list[str]:
        """The messages that are literals."""
        return [each.value for each in self.messages if isinstance(each, ast.Constant)]


def calls_in(path: Path) -> Iterator[Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        wanted = {"gettext": 1, "mark": 1, "ngettext": 3}.get(name)
        if wanted is None or len(node.args) < wanted:
            continue
        names = {each.arg for each in node.keywords if each.arg is not None}
        is_known = all(each.arg is not None for each in node.keywords)
        messages = node.args[: 2 if name == "ngettext" else 1]
        where = f"{path.relative_to(ROOT)}:{node.lineno}"
        yield Call(where, name, messages, names if is_known and name != "mark" else None)


CALLS = [call for path in FILES for call in calls_in(path)]
LITERALS = [(call, text) for call in CALLS for text in call.texts]


def placeholders(message: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(message) if name is not None]


def test_translators_tools_find_every_sentence() -> None:
    found: set[str] = set()
    for path in FILES:
        for _, message, _, _ in extract_from_file("python", path, keywords=KEYWORDS):
            found |= {message} if isinstance(message, str) else set(message)
    written = {text for _, text in LITERALS}
    assert len(written) > 200
    assert found == written


def test_a_message_is_one_literal_or_was_marked_before() -> None:
    computed = (ast.JoinedStr, ast.BinOp, ast.Call)
    bad = [call.where for call in CALLS for each in call.messages if isinstance(each, computed)]
    assert bad == [], "no f-string, sum or call: tools would not find it"
    assert [call.where for call in CALLS if call.function != "gettext" and len(call.texts) != len(call.messages)] == []


@pytest.mark.parametrize(("call", "message"), LITERALS, ids=lambda value: getattr(value, "where", ""))
def test_every_placeholder_has_a_name_and_a_value(call: Call, message: str) -> None:
    fields = list(string.Formatter().parse(message))
    assert all(name is None or name.isidentifier() for _, name, _, _ in fields), "by name, without [0] or .x"
    assert all(not spec and not conversion for _, _, spec, conversion in fields), "formatted by the caller"
    if call.names is not None:
        known = call.names | GIVEN | ({"n"} if call.function == "ngettext" else set())
        assert set(placeholders(message)) <= known


@pytest.mark.parametrize("call", [call for call in CALLS if call.names is not None], ids=lambda call: call.where)
def test_every_value_is_used(call: Call) -> None:
    if call.texts:
        used = {name for text in call.texts for name in placeholders(text)}
        assert (call.names or set()) <= used


def test_no_sentence_stands_twice() -> None:
    written = Counter(text for call in CALLS for text in dict.fromkeys(call.texts))
    assert [text for text, times in written.items() if times > 1] == []


def said_beside_the_catalogue(path: Path) -> Iterator[str]:
    """Literals of several words that are no message, docstring, pattern or error of a programmer's."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    allowed = {id(each) for call in calls_of(tree) for each in ast.walk(call)}
    allowed |= {id(each) for node in ast.walk(tree) if isinstance(node, ast.Raise) for each in ast.walk(node)}
    allowed |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in allowed:
            words = [word for word in node.value.split() if word.isalpha() and len(word) > 1]
            if len(words) > 1 and not node.value.startswith(TYPED):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.value}"


def calls_of(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in KEYWORDS:
                yield from node.args


@pytest.mark.parametrize("path", TEXT, ids=lambda path: "/".join(path.parts[-3:]))
def test_nothing_is_said_beside_the_catalogue(path: Path) -> None:
    if path.is_relative_to(ROOT / "bot"):
        pytest.skip("what operators read in the terminal")
    assert list(said_beside_the_catalogue(path)) == []
