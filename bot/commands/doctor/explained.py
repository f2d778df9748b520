"""A finding of the doctor with what it means and what to do, as ``--json`` prints it."""

from dataclasses import dataclass
from typing import Self

from bot.commands.doctor.catalogue import explanation_of
from generation.diagnostics import Finding, Grade


@dataclass(frozen=True, slots=True)
class Explained:
    """``means`` and ``do`` are empty where it is good, and where the catalogue has nothing."""

    grade: Grade
    what: str
    detail: str
    means: str = ""
    do: str = ""

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """The finding, and why it is so."""
        why = None if finding.grade is Grade.GOOD else explanation_of(finding.what)
        words = ("", "") if why is None else (why.means, why.do)
        return cls(finding.grade, finding.what, finding.detail, *words)
