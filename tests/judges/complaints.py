"""From jsonschema's errors to complaints a person can act on: the branch that was meant, one line each."""

from collections.abc import Iterable

from jsonschema import ValidationError


def explain(errors: Iterable[ValidationError]) -> list[str]:
    """One line per real cause: where in the payload, and what is wrong there."""
    return [f"${_place(leaf)}: {_shortened(leaf.message)}" for error in errors for leaf in leaves(error)]


def leaves(error: ValidationError) -> list[ValidationError]:
    """The causes of a failed union: those of the branch whose `type` fits, else of one that is not the
    null branch, else of the branch with the fewest errors."""
    if not error.context:
        return [error]
    branches: dict[object, list[ValidationError]] = {}
    for cause in error.context:
        branches.setdefault(cause.schema_path[0], []).extend(leaves(cause))
    return min(branches.values(), key=lambda causes: (_wrong_types(causes), _is_null(causes), len(causes)))


def _shortened(message: str) -> str:
    """jsonschema quotes the value first and says what is wrong with it last: keep both ends."""
    return message if len(message) <= 200 else f"{message[:80]} … {message[-110:]}"


def _place(error: ValidationError) -> str:
    return "".join(f"[{step!r}]" for step in error.absolute_path)


def _wrong_types(causes: list[ValidationError]) -> int:
    return sum(1 for cause in causes if cause.validator in {"const", "enum"} and _last_step(cause) == "type")


def _is_null(causes: list[ValidationError]) -> bool:
    return any(cause.validator == "type" and cause.validator_value == "null" for cause in causes)


def _last_step(error: ValidationError) -> object:
    return error.absolute_path[-1] if error.absolute_path else None
