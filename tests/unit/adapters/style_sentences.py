"""Every sentence about prompt styles, for the tests of the catalogue."""

from collections.abc import Iterator

from generation.domain.style import PromptStyle
from generation.protocol.request import Endpoint, VideoSizePreset
from generation.rules.forms.styles import Styles, starter_styles
from generation.text.dialect import Dialect
from generation.text.forms.styles import removed_style_words, style_in_full, style_lines

LARGEST = PromptStyle(
    name="x" * 30,
    prefix="<*&" * 130,
    suffix="y" * 400,
    negative_prompt="_" * 400,
    endpoint=Endpoint.TURBO,
    video_size=VideoSizePreset.SQUARE_HD,
)


def style_sentences(d: Dialect) -> Iterator[str]:
    """What admins read of styles."""
    yield from style_lines(starter_styles(), d)
    yield from style_lines(Styles(styles=(LARGEST, PromptStyle(name="plain"))), d)
    yield from style_lines(Styles(), d)
    yield style_in_full(Styles(styles=(LARGEST,)), LARGEST.name, d)
    yield removed_style_words(LARGEST.name, d)
