"""Every sentence about what is kept of members, for the tests of the catalogue."""

from collections.abc import Iterator

from factories import NOW
from generation.domain.privacy import KeptOfMember
from generation.text import privacy_screens as screens
from generation.text.dialect import Dialect
from generation.text.notices import NoticeText

LARGEST = KeptOfMember(jobs=10**6, prompts=10**6, clips=10**6, clip_bytes=10**13)


def privacy_screens(d: Dialect) -> Iterator[NoticeText]:
    """What a member sees with buttons."""
    for kept in (KeptOfMember(), KeptOfMember(1, 1, 1, 1), LARGEST):
        for days in ((1, 1), (30, 90), (None, None)):
            for since in (None, NOW):
                yield screens.privacy_screen(kept, days, ("worker", "fal"), since, d)
    yield screens.forget_question("0" * 35, d)


def privacy_sentences(d: Dialect) -> Iterator[str]:
    """What a member reads."""
    for shown in privacy_screens(d):
        yield "\n".join(shown.lines)
        yield from (button.label for button in shown.buttons)
    yield screens.forgetting_words(d)
    yield screens.kept_words(d)
    yield screens.export_words(d, has_links=False)
    yield screens.export_words(d, has_links=True)
    yield screens.export_comes_words(d)
