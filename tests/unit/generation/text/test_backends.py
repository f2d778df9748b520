"""A backend in trouble is named in one plain sentence, for members and for operators."""

from factories import NOW, later
from generation.backends.circuit_breaker import CircuitBreaker, Trouble
from generation.text.backends import health_words, queue_lines

AWAY = CircuitBreaker().failed(Trouble.AWAY, NOW, 200)


def test_members_read_since_when_a_backend_is_in_trouble() -> None:
    assert queue_lines({"worker": AWAY}, later(minutes=3)) == (
        "The worker cannot be reached (for 3 min now); new clips wait.",
    )


def test_members_read_who_takes_new_clips_instead() -> None:
    breakers = {"worker": AWAY, "fal": CircuitBreaker()}
    assert queue_lines(breakers, later(seconds=29)) == ("The worker cannot be reached (for 29 s now); new clips wait.",)
    assert queue_lines(breakers, later(minutes=3)) == (
        "The worker cannot be reached (for 3 min now); new clips go to fal as far as the budgets allow.",
    )


def test_members_read_that_trouble_of_a_later_backend_changes_nothing() -> None:
    breakers = {"worker": CircuitBreaker(), "fal": AWAY}
    assert queue_lines(breakers, later(minutes=3)) == (
        "Fal cannot be reached (for 3 min now); new clips go to the worker.",
    )


def test_when_every_backend_is_in_trouble_new_clips_wait() -> None:
    lines = queue_lines({"worker": AWAY, "fal": AWAY}, later(minutes=3))
    assert [line.partition("; ")[2] for line in lines] == ["new clips wait."] * 2


def test_when_all_is_well_there_is_nothing_to_read() -> None:
    assert queue_lines({"worker": CircuitBreaker(), "fal": CircuitBreaker()}, NOW) == ()


def test_operators_read_when_it_is_tried_again() -> None:
    assert health_words(CircuitBreaker(), NOW) == "working"
    assert health_words(AWAY, later(seconds=188)) == "cannot be reached (for 3 min now); tried again in 12 s"
    assert health_words(AWAY, later(seconds=200)) == "cannot be reached (for 3 min now); the next clip tries it again"
