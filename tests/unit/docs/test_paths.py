"""Every path that the documentation names is there, so that a reader can follow it."""

import re
from collections import Counter
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


def test_no_folder_of_pages_is_too_long_to_look_through() -> None:
    folders = Counter(page.parent for page in PAGES)
    assert {folder: count for folder, count in folders.items() if count > 16} == {}


def test_the_floor_plan_is_the_one_of_both_chats() -> None:
    def files(chat: str) -> set[str]:
        root = ROOT / "adapters" / chat
        return {str(path.relative_to(root)) for path in root.rglob("*.py") if path.name != "__init__.py"}

    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.split("### One floor plan")[1].split("\n## ")[0]
    table, _, one_sided = section.partition("A file on one side only")
    discord, slack = files("discord"), files("slack")
    rooms = (
        "text/",
        "setup/",
        "handlers/admin/",
        "handlers/forms/",
    )  # the table names these folders, and may name what is in them
    named = {name for name in re.findall(r"`([\w/]+\.py)`", table) if "/" in name or f"text/{name}" not in discord}
    assert named == {name for name in discord & slack if not name.startswith(rooms)}
    one_sided_files = {name for name in discord ^ slack if not name.startswith(rooms[2:])}
    assert set(re.findall(r"`([\w/]+\.py)`", one_sided)) == one_sided_files


def test_every_class_in_the_table_of_names_exists() -> None:
    rooms = ("bot", "adapters", "generation", "db", "worker")
    modules = (path for room in rooms for path in (ROOT / room).rglob("*.py"))
    source = "\n".join(path.read_text(encoding="utf-8") for path in modules)
    named = set(re.findall(r"`([A-Z]\w+)`", text_of(FORMER_NAMES)))
    assert len(named) > 80
    assert {name for name in named if not re.search(rf"^(class {name}\b|{name}\b.* = )", source, re.MULTILINE)} == set()
