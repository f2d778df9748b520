"""What is odd in log lines: Python's own spellings, facts told twice, lines told twice, foreign loggers."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

REPR: Final = re.compile(
    r"<\w[\w.]*(?:: | object at |\.\w+>)|\b[A-Z]\w+\.[A-Z]{2,}\b|\b[A-Z]\w+\(\w*[='\"]|\bSecretStr\b"
)
"""An enum, an object or a dataclass as Python writes it for programmers."""

LOGGERS: Final = re.compile(r"flipbook(\.\w+)+|uvicorn|discord(\.\w+)*|slack_(bolt|sdk)(\.\w+)*|asyncio|py\.warnings")
"""Ours, and those of libraries under the names that people know them by."""

_ABOUT_THE_LINE: Final = frozenset({"timestamp", "level", "logger", "event", "exception"})


def read(printed: str) -> list[dict[str, Any]]:
    """The lines of a log in JSON."""
    return [json.loads(line) for line in printed.splitlines()]


def odd(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is odd in them, each with its line."""
    return [f"{what}: {dict(line)}" for line in lines for what in _odd_in(line)] + list(_told_twice(lines))


def _told_twice(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Lines that were told before: of a job, those that are its last line again, as it may be in a state again."""
    told: dict[object, set[str]] = {}
    for line in lines:
        text = json.dumps({name: fact for name, fact in line.items() if name != "timestamp"}, sort_keys=True)
        before = told.setdefault(line.get("job"), set())
        if text in before:
            yield f"told twice: {text}"
        if "job" in line:
            before.clear()
        before.add(text)


def _odd_in(line: Mapping[str, Any]) -> Iterator[str]:
    if not LOGGERS.fullmatch(str(line["logger"])):
        yield "foreign logger"
    facts = {name: json.dumps(fact, ensure_ascii=False) for name, fact in line.items() if name not in _ABOUT_THE_LINE}
    if any(REPR.search(text) for text in (*facts.values(), str(line["event"]))):
        yield "Python's spelling"
    if any(fact == "null" for fact in facts.values()):
        yield "a fact that is none"
    words = [fact.strip('"').casefold() for fact in facts.values() if len(fact) > len('"four"')]
    if len(set(words)) < len(words):
        yield "a fact twice"
    if any(re.search(rf"\b{re.escape(word)}\b", str(line["event"]).casefold()) for word in words):
        yield "a fact that the event says already"
