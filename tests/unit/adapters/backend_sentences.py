"""Every sentence about backends and progress in the terminal, for the tests of the catalogue."""

from collections.abc import Iterator

from adapters.terminal.screen import describe
from factories import NOW, later
from generation.backends.circuit_breaker import CircuitBreaker, Trouble
from generation.protocol import errors as e
from generation.text import backends
from unit.adapters.sentence_examples import the_progresses


def backend_sentences() -> Iterator[tuple[str, bool]]:
    """Each text, and whether it begins like a sentence."""
    away = CircuitBreaker().failed(Trouble.AWAY, NOW, 200)
    for trouble in Trouble:
        yield backends.waiting_words("worker", trouble), False
    for refused in (e.LimitExceeded("x", allowed="1", used="1"), e.BudgetExhausted(NOW)):
        yield backends.budget_words("fal", refused), False
    for others in ({}, {"fal": CircuitBreaker()}, {"fal": away}):
        for after in (0, 3, 600):
            for line in backends.queue_lines({"worker": away, **others}, later(minutes=after)):
                yield line, True
    both = {"worker": CircuitBreaker(), "fal": away}
    yield from ((line, False) for line in backends.queue_lines(both, NOW))
    for breaker in (CircuitBreaker(), away):
        for at in (NOW, later(seconds=199), later(days=2)):
            yield backends.health_words(breaker, at), False
    yield from ((describe(progress), True) for progress in the_progresses())
