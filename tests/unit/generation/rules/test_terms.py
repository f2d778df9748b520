# ruff: noqa: RUF001, RUF003 - look-alikes are what this is about
"""What a blocked term meets, and what it lets pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.rules.look_alikes import AS_LATIN, DRESSED
from generation.rules.terms import Blocklist, blocklist, folded, why_not_a_term

ZWSP = "\u200b"

MET = [
    ("nude", "NUDE"),
    ("nude", "a nude, standing"),
    ("nude", ZWSP.join("nude")),
    ("nude", "nud\u0435 beach"),  # Cyrillic е
    ("nude", "ｎｕｄｅ"),
    ("nude", "nüdé"),
    ("nude", "nu\u0301de"),
    ("nude", "𝓃𝓊𝒹ℯ"),
    ("nude", "n\u0336u\u0336d\u0336e\u0336"),
    ("nude", "n u d e woman"),
    ("nude", "n.u.d.e"),
    ("nude", "n-u-d-e"),
    ("nude", "nuuuude"),
    ("nude", "ɴᴜᴅᴇ"),
    ("nude", "🅝🅤🅓🅔"),
    ("nude", "🅽🆄🅳🅴"),
    ("nude", "🇳🇺🇩🇪"),
    ("nude", "ⓝⓤⓓⓔ"),
    ("porn", "p0rn"),
    ("ass", "@$$"),
    ("ass", "a$$"),
    ("ass", "asssss"),
    ("sex", "s3x"),
    ("war", "w4r"),
    ("kill", "kıll"),
    ("gore", "ɡоге"),
    ("gore", "gоrе"),
    ("tit", "great tit"),
    ("blood bath", "blood\u00a0bath"),
    ("straße", "STRASSE"),
    ("裸の王様", "裸の王様"),
    ("*裸*", "裸の王様"),
    ("xi", "XI in roman numerals"),
    ("ξ", "the letter ξ"),
    ("стол", "белый стол"),
    ("🔞", "a boat 🔞"),
    ("cat", "(cat:1.2)"),
    ("cat", "cat-like"),
    ("bad wolf", "big   bad\nwolf"),
    ("cat", "c\u00adat"),
    ("cat", "c\ufe0fat"),
    ("cat", "c\u034fat"),
    ("café", "cafe\u200b\u0301"),
    ("cafe\u0301", "café"),
    ("ǆ", "ǅ"),
    ("i̇", "İ"),
    ("50%", "50% off"),
    ("a.b", "a.b"),
    ("c++", "written in C++, mostly"),
    ("scunt*", "in Scunthorpe"),
    ("*ore", "so gore"),
    (r"/blood\w* (on|in) snow/", "blood on snow, film grain"),
    (r"/стол/", "белый стол"),
]
LET_PASS = [
    ("nude", "denuded"),
    ("nude", "dune"),
    ("nude", "нуде пляж"),
    ("nude", "4 n 2 u d 5 e"),
    ("porn", "popcorn"),
    ("porn", "pornó"),
    ("ass", "glass"),
    ("ass", "brass assembly"),
    ("ass", "sooo tired as a dog"),
    ("sex", "Sussex"),
    ("sex", "s e x y cars"),
    ("cunt", "Scunthorpe"),
    ("tit", "title"),
    ("gore", "gorgeous"),
    ("blood bath", "blood-red bath towels"),
    ("war", "warm 4k"),
    ("kill", "skill"),
    ("裸", "裸の王様"),
    ("скот", "кот"),
    ("13", "130 boats"),
    ("cat", "cats"),
    ("cat", "cat_1"),
    ("a.b", "axb"),
    ("bad wolf", "bad big wolf"),
    ("blood bath", "bath of blood"),
    ("/nude/", "denuded"),
    ("/стол/", "столовая"),
]


@pytest.mark.parametrize(("term", "prompt"), MET)
def test_a_term_is_met_however_it_is_written(term: str, prompt: str) -> None:
    assert Blocklist([term]).first(prompt) == term


@pytest.mark.parametrize(("term", "prompt"), LET_PASS)
def test_a_word_that_only_contains_it_passes(term: str, prompt: str) -> None:
    assert Blocklist([term]).first(prompt) is None


def test_an_allowed_phrase_passes_and_the_term_beside_it_does_not() -> None:
    terms = Blocklist(["tit"], ["great tit", "blue tit"])
    assert terms.first("a great tit and a Blue Tit on a branch") is None
    assert terms.first("a great tit, a tit") == "tit"


def test_the_longer_phrase_is_the_one_that_is_named() -> None:
    assert Blocklist(["blood", "blood bath"]).first("a blood bath") == "blood bath"


@pytest.mark.parametrize("term", ["", "*", "**", ZWSP, "  "])
def test_what_shows_nothing_is_no_term(term: str) -> None:
    assert why_not_a_term(term) == "shows nothing"
    assert Blocklist([term]).first("anything at all") is None


@pytest.mark.parametrize("pattern", ["/(?=a)b/", r"/(a)\1/", "/a{1001}/", "/(/", "/[/"])
def test_patterns_that_could_explode_or_are_wrong_are_refused(pattern: str) -> None:
    assert why_not_a_term(pattern) == ("is no pattern that can be used (RE2: no look-around, no back-references)")


def test_a_stored_term_that_is_no_pattern_any_more_is_met_as_it_is_written() -> None:
    assert Blocklist(["/(/"]).first("a /(/ b") == "/(/"


@pytest.mark.parametrize("pattern", ["/(a+)+$/", "/(.*a){12}x/"])
def test_patterns_that_make_other_engines_explode_are_harmless(pattern: str) -> None:
    assert why_not_a_term(pattern) is None
    Blocklist([pattern]).first("a" * 2000 + "!")


# every character that means something to one of the readings, alone and in turn with a letter
@pytest.mark.parametrize("run", [*"_.-*/,~'’@$!|+0 a", "a_", "_.", "a b", "@.", "aa_", "a\u0336"])
def test_the_longest_prompts_are_read_in_a_moment(run: str) -> None:
    """Before this was so, 64 underscores took seconds and a hundred days: a time-out ends the test then."""
    for ending in ("", "aa", "a_", "!"):
        prompt = (run * 2000)[:1990] + ending
        assert Blocklist(["gore", "*nude*", "/blood$/"]).first(prompt) is None


@given(st.text(max_size=300), st.sets(st.text(min_size=1, max_size=20), max_size=10))
def test_no_prompt_and_no_term_breaks_it(prompt: str, terms: set[str]) -> None:
    usable = frozenset(term for term in terms if why_not_a_term(term) is None)
    found = blocklist(usable).first(prompt)
    assert found is None or found in usable


@given(st.text(max_size=200))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


def test_look_alikes_are_single_letters_that_casefold_leaves_as_they_are() -> None:
    assert {chr(code) for code in AS_LATIN} == {chr(code).casefold() for code in AS_LATIN}
    assert all(len(letter) == 1 and letter.isascii() for letter in AS_LATIN.values())
    assert all(plain.isascii() and plain.islower() for plain in DRESSED.values())
