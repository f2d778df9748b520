"""``name=value`` pairs in one line."""

import pytest

from generation.text.forms.pairs import pairs_in


@pytest.mark.parametrize(
    ("text", "before", "values"),
    [
        ("", "", {}),
        ("ink", "ink", {}),
        ("style=pixel art frames=16 seed = 7", "", {"style": "pixel art", "frames": "16", "seed": "7"}),
        ("night film prefix='a=b, ' no=red, blue", "night film", {"prefix": "a=b, ", "no": "red, blue"}),
        ('a prefix="it\'s" suffix=""', "a", {"prefix": "it's", "suffix": ""}),
        ("Seed=1, SEED=2;", "", {"seed": "2"}),
        ("negative-prompt=x", "", {"negative_prompt": "x"}),
        ('a prefix="open frames=8', "a", {"prefix": '"open', "frames": "8"}),
        ("=5 1=2", "=5 1=2", {}),
        ("seed=", "", {"seed": ""}),
    ],
)
def test_pairs_are_read_as_they_are_typed(text: str, before: str, values: dict[str, str]) -> None:
    assert pairs_in(text) == (before, values)


def test_a_long_line_takes_no_longer_than_it_is() -> None:
    assert pairs_in("a " * 50_000)[1] == {}
    assert len(pairs_in("a='" * 20_000)[1]) == 1
