"""Each act of a person is let in once."""

import pytest

from adapters.gate import ActGate


def test_an_act_begins_once_and_later_deliveries_get_its_work() -> None:
    gate: ActGate[str] = ActGate()
    assert gate.admit("T1:command:1", lambda: "first") == ("first", True)
    assert gate.admit("T1:command:1", lambda: "second") == ("first", False)
    assert gate.admit("T1:command:2", lambda: "third") == ("third", True)


def test_only_so_many_acts_are_remembered() -> None:
    gate: ActGate[int] = ActGate(most=2)
    for number in range(3):
        gate.admit(str(number), lambda number=number: number)
    assert gate.admit("0", lambda: 10) == (10, True)
    assert gate.admit("2", lambda: 12) == (2, False)


def test_an_act_whose_work_cannot_begin_is_let_in_again() -> None:
    gate: ActGate[str] = ActGate()

    def refuse() -> str:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        gate.admit("T1:command:1", refuse)
    assert gate.admit("T1:command:1", lambda: "again") == ("again", True)
