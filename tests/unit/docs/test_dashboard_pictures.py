"""The operators' page has a picture of each page of the dashboard, and of nothing else."""

import re
from pathlib import Path

from PIL import Image

from adapters.web.dashboard.rendering import PAGES
from render_dashboard import NAMES

DOCS = Path(__file__).resolve().parents[3] / "docs"
TEXT = (DOCS / "operators" / "dashboard.md").read_text(encoding="utf-8")
OF_ONE = {"job", "server"}
"""Pages of one thing, which no list of pages leads to."""


def test_every_page_has_its_picture_with_words_for_who_cannot_see_it() -> None:
    shown = dict(re.findall(r"!\[([^\]]+)\]\(\.\./images/dashboard/([a-z]+)\.webp\)", TEXT))
    assert sorted(shown.values()) == sorted({page.key for page in PAGES} | OF_ONE)
    assert all(len(words) > 30 for words in shown)


def test_the_pictures_are_those_that_are_drawn_and_small() -> None:
    files = sorted((DOCS / "images" / "dashboard").iterdir())
    assert sorted(file.stem for file in files) == sorted(NAMES)
    assert sorted(NAMES) == sorted({page.key for page in PAGES} | OF_ONE)
    for file in files:
        assert file.stat().st_size < 100_000
        with Image.open(file) as picture:
            assert (picture.format, picture.size) == ("WEBP", (1280, 860))


def test_one_command_draws_all_pictures() -> None:
    makefile = (DOCS.parent / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.split("\npictures:")[1].split("\n\n")[0]
    assert [f"scripts/{name}.py" in recipe for name in ("render_pictures", "render_dashboard")] == [True] * 2
