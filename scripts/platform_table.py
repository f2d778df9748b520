"""Writes the table of a clip's controls into docs/platforms.md, from their definition.

``python -m scripts.platform_table`` writes it; a test compares the page with the definition.
"""

from pathlib import Path
from typing import Final

from generation.domain.clip_actions import RULES, ActionRule, ClipState
from generation.domain.refs import Platform

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "platforms.md"
_BEGIN: Final = "<!-- written by scripts/platform_table.py -->\n"
_END: Final = "<!-- end -->"
_HEAD: Final = ("action", "Discord", "Slack", "who", "works on clips that are", "offered")


def table() -> str:
    """One row an action, in the order of the buttons."""
    rows = [_HEAD, ("---",) * len(_HEAD), *(_row(rule) for rule in RULES)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def page_with_table(page: str) -> str:
    """The page with its table as the definition has it now."""
    before, _, rest = page.partition(_BEGIN)
    after = rest.partition(_END)[2]
    return f"{before}{_BEGIN}\n{table()}\n{_END}{after}"


def _row(rule: ActionRule) -> tuple[str, ...]:
    word = rule.action.value
    return (
        f"`{word}`",
        f"`v1:{word}:<job>`" if Platform.DISCORD in rule.platforms else "no",
        f"`v1:{word}`" if Platform.SLACK in rule.platforms else "no",
        rule.who.value,
        _states(rule.works, rule.asker_only),
        _places(rule),
    )


def _states(works: frozenset[ClipState], asker_only: frozenset[ClipState]) -> str:
    named = [state for state in ClipState if state in works]
    return ", ".join(f"{state} (who asked)" if state in asker_only else state for state in named)


def _places(rule: ActionRule) -> str:
    row = ", ".join(state for state in ClipState if state in rule.row)
    places = [f"under the clip: {row}"] if row else []
    if rule.behind_settings:
        places.append("behind ⚙️")
    return "; ".join(places)


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text("utf-8")), "utf-8")
