"""Writes "what you see, what it means, what to do" into docs/operators/operations.md, from the
findings' own catalogue and the alerts.

``python -m scripts.operations_table`` writes it; a test compares the page with the catalogue.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from bot.commands.doctor.catalogue import EXITS, FINDINGS, TROUBLES

_ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = _ROOT / "docs" / "operators" / "operations.md"
ALERTS: Final = _ROOT / "deploy" / "prometheus" / "alerts.yml"
_BEGIN: Final = "<!-- written by scripts/operations_table.py -->\n"
_END: Final = "<!-- end -->"
Row = tuple[str, str, str]


def table() -> str:
    """Exit codes, backends, findings of the doctor, alerts; in the order of the catalogue."""
    rows = [("you see", "it means", "do"), ("---", "---", "---"), *_rows()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def page_with_table(page: str) -> str:
    """The page with its table as the catalogue has it now."""
    before, _, rest = page.partition(_BEGIN)
    after = rest.partition(_END)[2]
    return f"{before}{_BEGIN}\n{table()}\n{_END}{after}"


def _rows() -> Iterator[Row]:
    for code, why in EXITS.items():
        yield f"exit code {code.value}", why.means, why.do
    for trouble, why in TROUBLES.items():
        yield f"backend …: {trouble.value}", why.means, why.do
    for what, why in FINDINGS.items():
        yield f"doctor: {what.replace('{}', '…')}", why.means, why.do
    for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]:
        for rule in group["rules"]:
            yield f"alert `{rule['alert']}`", *map(_plain, _said(rule["annotations"]))


def _said(annotations: dict[str, str]) -> tuple[str, str]:
    return annotations["summary"].rstrip("."), annotations["description"].rstrip(".")


def _plain(words: str) -> str:
    """Without Prometheus' templates, which are filled in when the alert is sent."""
    for label in ("backend", "kind", "platform", "period"):
        words = words.replace(f"{{{{ $labels.{label} }}}}", "…")
    return words


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text("utf-8")), "utf-8")
