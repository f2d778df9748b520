"""A dialect escapes what strangers wrote, keeps its own markup, and speaks another language by another catalogue."""

import gettext
import io
from dataclasses import replace

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from adapters.discord.text.markup import DISCORD
from adapters.slack.text.markup import SLACK
from factories import NOW, a_request
from generation.domain.refs import Platform, UserRef
from generation.protocol.errors import JobNotFound, LimitExceeded
from generation.rules.limits import LimitName
from generation.text.clips import settings_words
from generation.text.dialect import PLAIN, Dialect, Markup, plain_for
from generation.text.errors import sentence


@pytest.mark.parametrize(
    ("dialect", "said"),
    [(DISCORD, r"The \*word\* \<\@1\>"), (SLACK, "The *word* &lt;@1&gt;"), (PLAIN, "The *word* <@1>")],
    ids=["discord", "slack", "terminal"],
)
def test_a_value_is_escaped_unless_it_is_markup(dialect: Dialect, said: str) -> None:
    assert dialect.gettext("The {what}", what="*word* <@1>") == said
    assert dialect.gettext("The {what}", what=Markup("*word* <@1>")) == "The *word* <@1>"
    assert dialect.ngettext("{n} of {what}", "{n} of {what}", 1_000, what=Markup("<@1>")) == "1,000 of <@1>"


@pytest.mark.parametrize(
    ("dialect", "place"),
    [(DISCORD, "server"), (SLACK, "workspace"), (PLAIN, "machine"), (plain_for(Platform.SLACK), "workspace")],
)
def test_every_platform_has_its_word_for_a_place(dialect: Dialect, place: str) -> None:
    assert dialect.gettext("in this {place}") == f"in this {place}"


@pytest.mark.parametrize(
    ("dialect", "names"),
    [
        (DISCORD, ["<@7>", "slack:U7", "the operator (root\\_7)"]),
        (SLACK, ["discord:7", "<@U7>", "the operator (root_7)"]),
        (plain_for(Platform.DISCORD), ["member 7", "slack:U7", "the operator (root_7)"]),
    ],
)
def test_members_are_mentioned_on_their_own_platform_only(dialect: Dialect, names: list[str]) -> None:
    users = [(Platform.DISCORD, "7"), (Platform.SLACK, "U7"), (Platform.TERMINAL, "root_7")]
    assert [dialect.who(UserRef(*user)) for user in users] == names


def german() -> gettext.NullTranslations:
    """A catalogue as a translator's tools would make it."""
    catalog, compiled = Catalog(locale="de"), io.BytesIO()
    one = "You've used your only clip for today; you can make another one {when}."
    many = "You've used all {n} of your clips for today; you can make more {when}."
    catalog.add(
        (one, many), ("Dein einziger Clip für heute ist gemacht; der nächste {when}.", "Alle {n} Clips, {when}.")
    )
    catalog.add("There is no clip {id} here.", "Den Clip „{id}“ gibt es hier nicht.")
    catalog.add(("{n} frame", "{n} frames"), ("{n} Bild", "{n} Bilder"))
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def test_another_language_is_another_catalogue() -> None:
    d = replace(DISCORD, catalogue=german())
    limit = LimitName.USER_CLIPS_PER_DAY
    said = [sentence(LimitExceeded(limit, allowed=n, used=n, resets_at=NOW), d) for n in ("1", "20")]
    assert said == [
        "Dein einziger Clip für heute ist gemacht; der nächste <t:1795176000:R>.",
        "Alle 20 Clips, <t:1795176000:R>.",
    ]
    assert sentence(JobNotFound("7", typed="*gore*"), d) == r"Den Clip „\*gore\*“ gibt es hier nicht."
    assert [settings_words(a_request(num_frames=n), d).split(" at ")[0].split(" · ")[-1] for n in (1, 16)] == [
        "1 Bild",
        "16 Bilder",
    ]
