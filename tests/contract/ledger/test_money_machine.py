"""No sequence of acts, many at once, passes a quota, a budget or a ceiling by one, or leaves the books wrong."""

from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from contract.ledger.money_machine import MoneyMachine
from databases import SqliteFiles

QUIET = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": (Phase.explicit, Phase.generate, Phase.shrink),
}
MOST_ROUNDS = 6


def run(fresh, *, examples: int, steps: int, acts: int) -> None:
    """Go on, with longer and longer examples, until there were so many acts; the same ones at every run."""

    class Machine(MoneyMachine):
        pass

    Machine.fresh = staticmethod(fresh)
    for more in range(MOST_ROUNDS):
        chosen = settings(max_examples=examples, stateful_step_count=steps + more, derandomize=True, **QUIET)
        run_state_machine_as_test(Machine, settings=chosen)
        if Machine.acts >= acts:
            return
    raise AssertionError(f"only {Machine.acts} acts in {MOST_ROUNDS} rounds")


def on_sqlite(files: SqliteFiles, tmp_path):
    numbers = iter(range(1_000_000))

    @contextmanager
    def fresh():
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        yield files.fresh(folder)

    return fresh


def test_no_quota_or_budget_is_passed_and_the_books_stay_right(sqlite_files, tmp_path):
    run(on_sqlite(sqlite_files, tmp_path), examples=5, steps=10, acts=100)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_not_in_ten_thousand_acts_either(sqlite_files, tmp_path):
    run(on_sqlite(sqlite_files, tmp_path), examples=40, steps=45, acts=10_000)


@pytest.mark.postgres
@pytest.mark.timeout(900)
def test_nor_in_a_thousand_on_postgresql(postgres):
    run(postgres.fresh, examples=7, steps=25, acts=1_000)
