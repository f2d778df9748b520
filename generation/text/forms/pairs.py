"""``name=value`` pairs in one line, as admins and members type them: ``style=pixel art seed=7``."""

import re
from typing import Final

_NAME: Final = re.compile(r"(?:^|(?<=[\s,;]))([A-Za-z][\w-]{0,39})\s*=\s*")
_QUOTED: Final = re.compile(r"([\"'])(.*?)\1(?=[\s,;]|$)", re.DOTALL)


def pairs_in(text: str) -> tuple[str, dict[str, str]]:
    """What stands before the first pair, and each pair's value by its name in small letters. A
    value goes on to the next name, or is in quotes; of a name that stands twice the last one
    counts.

    >>> pairs_in("ink prefix='a=b, ' no=red, blue")
    ('ink', {'prefix': 'a=b, ', 'no': 'red, blue'})
    """
    found = _NAME.search(text)
    before = text[: found.start()].strip() if found else text.strip()
    values: dict[str, str] = {}
    while found is not None:
        quoted = _QUOTED.match(text, found.end())
        following = _NAME.search(text, quoted.end() if quoted else found.end())
        end = following.start() if following else len(text)
        value = quoted[2] if quoted else text[found.end() : end].strip(" \t\r\n,;")
        values[found[1].lower().replace("-", "_")] = value
        found = following
    return before, values
