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
    "phases": (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
}


def run(fresh, *, examples: int, steps: int) -> int:
    """How many acts there were."""

    class Machine(MoneyMachine):
        pass

    Machine.fresh = staticmethod(fresh)
    run_state_machine_as_test(Machine, settings=settings(max_examples=examples, stateful_step_count=steps, **QUIET))
    return Machine.acts


def on_sqlite(files: SqliteFiles, tmp_path):
    numbers = iter(range(1_000_000))

    @contextmanager
    def fresh():
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        yield files.fresh(folder)

    return fresh


def test_no_quota_or_budget_is_passed_and_the_books_stay_right(sqlite_files, tmp_path):
    assert run(on_sqlite(sqlite_files, tmp_path), examples=5, steps=10) > 100


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_not_in_ten_thousand_acts_either(sqlite_files, tmp_path):
    assert run(on_sqlite(sqlite_files, tmp_path), examples=72, steps=45) >= 10_000


@pytest.mark.postgres
@pytest.mark.timeout(900)
def test_nor_in_a_thousand_on_postgresql(postgres):
    assert run(postgres.fresh, examples=14, steps=25) >= 1_000
