"""What a self-test reports, collected."""

from collections.abc import Callable
from dataclasses import dataclass, field

from generation.selftest import Selftest, SelftestStep, StepResult


@dataclass
class Lines:
    """The steps of one self-test, as they were reported."""

    steps: list[SelftestStep] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    """What the last of its self-tests could not delete, also where that one was interrupted."""

    def test(self, explain: Callable[[Exception], str | None]) -> Selftest:
        test = Selftest(self.steps.append, explain)
        self.left_behind = test.left_behind
        return test

    def named(self, *results: StepResult) -> list[str]:
        """The lines with one of these results."""
        return [str(step) for step in self.steps if step.result in results]

    @property
    def bad(self) -> list[str]:
        return self.named(StepResult.FAILED)
