"""What a page's reader sees first, and the English of all that people read."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
ROOMS = ("bot", "adapters", "generation", "db", "worker")
FIRST_SCREEN = 30
"""Lines of a page that are seen without scrolling."""

ODD = {
    "who asked": r"(?<!member )(?<!the one )(?<!\()(?<!those )\bwho asked\b(?! to| for|,)",
    "once more": r"\bonce more\b",
    "is here": r"\b(is|are) here\b(?!: )",
    "mend": r"\bmend(s|ed|ing)?\b",
    "a hole": r"\breport a hole\b",
    "the person left": r"\bthe person left\b",
    "you can make again": r"\byou can again make\b",
}
"""Turns of phrase that nobody says, and where they would be right."""


@cache
def texts_for_people() -> dict[str, str]:
    """Every page, and of every module what it says, by path."""
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in PAGES if path.name != "names.md"}
    modules = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return texts | {str(path.relative_to(ROOT)): sentences_of(path) for path in modules}


def sentences_of(module: Path) -> str:
    """Every text in a module that is no docstring and long enough to be read by people."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    spoken = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return "\n".join(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in spoken
        and " " in node.value
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_says_at_once_what_it_is_about(page: Path) -> None:
    first, *lines = page.read_text(encoding="utf-8").splitlines()[:FIRST_SCREEN]
    assert re.fullmatch(r"# \S.*", first)
    told = next(line for line in lines if line)
    assert re.match(r"[A-Z`*|\d]|##|fal", told), told


@pytest.mark.parametrize("phrase", ODD)
def test_pages_and_messages_are_in_the_english_that_people_speak(phrase: str) -> None:
    texts, odd = texts_for_people(), re.compile(ODD[phrase], re.IGNORECASE)
    assert len(texts) > 300
    assert {path: found.group() for path, text in texts.items() if (found := odd.search(text))} == {}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("a bot that turns a line of text into a short video", "![A clip in a channel"),
        ("docs/images/clip-in-a-channel.webp", "* **Members**"),
        ("* **Members**", "* **Admins**"),
        ("* **Admins**", "* **Operators**"),
        ("* **Operators**", "git clone … flipbook && cd flipbook && make demo"),
        ("make demo", "has not been measured on a\nGPU yet"),
        ("has not been measured on a\nGPU yet", "## Running it"),
        ("## Running it", "docs/architecture.md"),
    ],
)
def test_the_readme_sells_first_then_runs_then_explains(earlier: str, later: str) -> None:
    assert README.index(earlier) < README.index(later)


def test_the_readmes_first_screen_holds_all_of_it() -> None:
    assert README.splitlines().index("## Running it") <= FIRST_SCREEN
    first = README.split("![")[0].split("\n\n")[1]
    assert len(re.findall(r"[.!?](?:\s|$)", first)) == 2
