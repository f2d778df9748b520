"""The documentation's pictures show what the bot sends today; drawn again by `python scripts/render_pictures.py`."""

import re
from pathlib import Path

import pytest
from PIL import Image

from pictures import discord_messages, slack_messages
from pictures.browser import MOST_BYTES, words_in
from pictures.motion import MOST_BYTES as MOST_MOVING_BYTES
from pictures.motion import NAME, all_words, words_in_motion
from pictures.page import page, words_of
from pictures.scenes import Scene, moments, scenes

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("discord", "slack")}


async def test_every_picture_says_what_the_code_says() -> None:
    drawn = {path.stem: words_in(path) for path in (DOCS / "images").glob("*.png")}
    assert drawn == {scene.name: scene.words() for scene in scenes()}, "draw them anew with `make pictures`"


async def test_the_pictures_are_of_both_chats_and_small() -> None:
    moments = ("queued", "rendering", "clip", "refusal", "limits", "help", "welcome")
    controls = ("form", "settings", "failed", "delete", "report")
    both = {f"{chat}-{moment}" for chat in PAGES for moment in (*moments, *controls)}
    assert {scene.name for scene in scenes()} == both | {"discord-private", "slack-home", "slack-limits-form"}
    for path in (DOCS / "images").glob("*.png"):
        assert path.stat().st_size < MOST_BYTES
        with Image.open(path) as picture:
            assert picture.width == 960


async def test_every_picture_stands_on_its_page_with_words_for_who_cannot_see_it() -> None:
    for name, text in PAGES.items():
        shown = dict(re.findall(r"!\[([^\]]+)\]\(images/([a-z-]+)\.png\)", text))
        assert sorted(shown.values()) == sorted(scene.name for scene in scenes() if scene.name.startswith(name))
        assert all(len(words) > 20 for words in shown)


async def test_the_moving_picture_says_what_the_code_says_and_is_small() -> None:
    path = DOCS / "images" / NAME
    assert words_in_motion(path) == all_words(moments()), "draw it anew with `make pictures`"
    assert path.stat().st_size < MOST_MOVING_BYTES
    with Image.open(path) as picture:
        assert (picture.format, picture.width, getattr(picture, "n_frames", 1)) == ("WEBP", 960, 53)


async def test_the_moving_picture_is_a_clips_life_until_it_plays() -> None:
    said = [moment.words for moment in moments()]
    assert "Queued, 2 ahead" in said[0]
    assert ["Rendering, step" in words for words in said[1:5]] == [True] * 4
    assert all("made in 9 s" in words and ".mp4" in words and "Re-roll" in words for words in said[5:])


def test_the_first_screen_of_the_readme_shows_it_and_how_to_begin() -> None:
    first_screen = (DOCS.parent / "README.md").read_text(encoding="utf-8").split("\n## ")[0]
    shown = dict(re.findall(r"!\[([^\]]+)\]\(docs/images/([^)]+)\)", first_screen))
    assert list(shown.values()) == [NAME]
    assert all(len(words) > 20 for words in shown)
    assert [f"* **{who}**" in first_screen for who in ("Members", "Admins", "Operators")] == [True] * 3
    assert "make demo" in first_screen
    assert "has not been measured on a\nGPU yet" in first_screen


def test_markup_of_strangers_is_shown_and_never_obeyed() -> None:
    payload = {"content": r"> \<b\>not bold\</b\> & \@everyone"}
    html = page(discord_messages.STYLE, [discord_messages.message_html(payload, above="")])
    assert "<b>not bold" not in html
    assert "<b>not bold</b> & @everyone" in words_of(html)
    said = page(
        slack_messages.STYLE,
        [slack_messages.message_html({"text": "&lt;b&gt;not bold&lt;/b&gt; &amp; *bold* `&lt;x&gt;`"})],
    )
    assert "<b>not bold" not in said
    assert "<b>not bold</b> & bold <x>" in words_of(said)


def test_a_block_without_a_style_is_not_left_out_silently() -> None:
    with pytest.raises(ValueError, match="no style for a block of type video"):
        slack_messages.message_html({"blocks": [{"type": "video"}], "text": ""})


def test_a_scene_knows_its_words_without_a_browser() -> None:
    scene = Scene("x", lambda with_frame: f"<style>no</style><div>one  two</div><div><b>three</b> {with_frame}</div>")
    assert scene.words() == "one two\nthree False"
