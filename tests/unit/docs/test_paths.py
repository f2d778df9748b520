"""Every path that the documentation names is there, so that a reader can follow it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/**/*.md")])
ROOMS = "bot|adapters|generation|db|worker|tests|benchmarks|scripts|deploy|docs"
NAMED = re.compile(rf"`((?:{ROOMS})/[\w./*-]*)`")
LINKED = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
FORMER_NAMES = ROOT / "docs" / "decisions" / "names.md"


def text_of(page: Path) -> str:
    """The page; of the table of names only what holds today, which is its last column."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^\|[^|]*\|", "|", text, flags=re.MULTILINE) if page == FORMER_NAMES else text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    text = text_of(page)
    missing = [name for name in NAMED.findall(text) if not list(ROOT.glob(name.rstrip("/")))]
    missing += [link for link in LINKED.findall(text) if not (page.parent / link).exists()]
    assert missing == []


def test_the_pages_are_found_and_their_paths_too() -> None:
    assert FORMER_NAMES in PAGES
    assert sum(len(NAMED.findall(text_of(page))) for page in PAGES) > 40
