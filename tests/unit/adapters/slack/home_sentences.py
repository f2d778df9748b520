"""Every sentence of a member's own page, with the least and the most, for the tests of the catalogue."""

from collections.abc import Iterator
from dataclasses import replace

from factories import NOW, a_user
from generation.domain.job import Job
from generation.domain.pricing import Micros
from generation.rules.money.spending import Spending
from generation.text.controls import home
from generation.text.dialect import Dialect, Markup
from unit.adapters.moderation_sentences import the_gone_clips
from unit.adapters.sentence_examples import the_jobs, the_progresses

LINK = "https://a.slack.com/archives/C1/p1"
LABELS = (
    home.UNDER_WAY,
    home.HISTORY,
    home.QUOTA,
    home.CHOICES,
    home.ADMINS,
    home.REFRESH,
    home.WHO_USED,
    home.CHANGE_LIMITS,
    home.CHANGE_DEFAULTS,
    home.MY_DEFAULTS,
    home.SAVE,
)


def home_sentences(d: Dialect) -> Iterator[tuple[str, bool]]:
    """Each text, and whether it begins like a sentence."""
    yield from ((d.gettext(label), True) for label in LABELS)
    yield home.as_of_words(Markup(d.when(NOW)), d), True
    yield from ((words(d), True) for words in (home.nothing_under_way_words, home.no_clips_words))
    yield home.nothing_changed_words(d), True
    jobs: list[Job] = [*the_jobs(d.platform), *the_gone_clips(d.platform)]
    yield from ((home.under_way_words(jobs[0], progress, d), True) for progress in the_progresses())
    for job in jobs:
        yield from ((home.ended_clip_words(job, link, d), False) for link in (None, LINK))
    row = Spending(("x",), 1, Micros(50_000))
    for rows in ([], [row], [replace(row, clips=10**6, reserved=Micros(10**15))] * 21, [row] * 30):
        yield "\n".join(home.who_used_lines([(a_user("71", d.platform), each) for each in rows], d)), True
