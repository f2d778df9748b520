"""The tree in the errors' docstring is the tree of the classes."""

import inspect

from generation.protocol import errors
from generation.protocol.errors import backends, base, jobs, keeping, privacy, refusals

_INDENT = len("├── ")


def drawn(tree: str) -> list[tuple[str, str]]:
    """Each class and the one above it, as a tree with a line for each class draws them."""
    above: list[str] = []
    pairs = []
    for line in tree[tree.index("FlipbookError") :].splitlines():
        depth = next(at for at, character in enumerate(line) if character.isalpha()) // _INDENT
        name = line[depth * _INDENT :].split()[0]
        above[depth:] = [name]
        pairs.append((name, above[depth - 1] if depth else "Exception"))
    return pairs


def test_the_docstring_draws_every_error_below_its_base() -> None:
    defined = [
        (name, one.__base__.__name__)
        for module in (base, refusals, privacy, jobs, backends, keeping)
        for name, one in vars(module).items()
        if inspect.isclass(one) and issubclass(one, Exception) and one.__module__ == module.__name__
    ]
    assert drawn(errors.__doc__ or "") == defined


def test_every_error_can_be_imported_from_the_package() -> None:
    assert {name for name, _ in drawn(errors.__doc__ or "")} | {"Violation"} == set(errors.__all__)
