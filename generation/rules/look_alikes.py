"""Characters of other scripts that are read as Latin letters: what people write to get round a
blocked word."""

# ruff: noqa: RUF001 - look-alikes are what this is about

import unicodedata
from typing import Final

# by shape, in small letters and where a script has no small ones in capitals; Unicode's own
# compatibility forms (full width, mathematical, circled letters) are not here: NFKC folds them
_BY_SHAPE: Final = {
    "a": "аɑαᎪꓮ",
    "b": "вьƅɓβᏏꓐ",
    "c": "сᏟꓚϲ",
    "d": "ԁɗɖᎠꓓꓒ",
    "e": "еҽєεɛəɜᎬꓰ",
    "f": "ғƒꓝϝ",
    "g": "ɡɠցᏀꓖ",
    "h": "һнɦհᎻꓧ",
    "i": "іıɩιᎥᏆꓲ",
    "j": "јȷյᎫꓙ",
    "k": "кκƙᏦꓗ",
    "l": "ӏլᏞꓡ",
    "m": "мɱᎷꓟ",
    "n": "пηոɲɳŋꓠ",
    "o": "оοσօꓳ",
    "p": "рρƥᏢꓑ",
    "q": "ԛզʠ",
    "r": "гɾɼᎡꓣ",
    "s": "ѕʂᏚꓢ",
    "t": "тτʈƭᎢꓔ",
    "u": "υսꓴ",
    "v": "ѵνʋᏙꓦ",
    "w": "ԝωᎳꓪ",
    "x": "хχꓫ",
    "y": "уγүƴᎩꓬ",
    "z": "ʐζᏃꓜ",
}
_SPELLED_OUT: Final = {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"}
"""Latin letters that no normal form takes apart."""

_NAMED: Final = (
    "LATIN LETTER SMALL CAPITAL ",
    "NEGATIVE CIRCLED LATIN CAPITAL LETTER ",
    "NEGATIVE SQUARED LATIN CAPITAL LETTER ",
    "CROSSED NEGATIVE SQUARED LATIN CAPITAL LETTER ",
    "REGIONAL INDICATOR SYMBOL LETTER ",
)
_NAMED_BLOCKS: Final = (
    range(0x0250, 0x02B0),
    range(0x1D00, 0x1D2C),
    range(0xA730, 0xA732),
    range(0x1F150, 0x1F200),
)


def _named_after_letters() -> dict[int, str]:
    """Letters in other dress, which Unicode's names say: small capitals, white on black, flags."""
    found: dict[int, str] = {}
    for code in (code for block in _NAMED_BLOCKS for code in block):
        name = unicodedata.name(chr(code), "")
        for beginning in _NAMED:
            letter = name.removeprefix(beginning)
            if name.startswith(beginning) and len(letter) == 1:
                found[code] = letter.lower()
    return found


DRESSED: Final = _named_after_letters() | {ord(c): plain for c, plain in _SPELLED_OUT.items()}
"""For :meth:`str.translate`: these are Latin letters wherever they stand."""

AS_LATIN: Final = {ord(c): letter for letter, others in _BY_SHAPE.items() for c in others}
"""For :meth:`str.translate`: these look like Latin letters, but are letters of real words too."""
