"""From loose values to a request, for chats and the terminal alike, with a sentence on every field
that is wrong."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from generation.domain.prompt_syntax import plain_prompt, taken_out_of
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.extensions.loops import Loop
from generation.protocol.request import (
    MAX_PIXELS,
    SIDE_MULTIPLE,
    Endpoint,
    GenerationRequest,
    Motion,
    VideoSizePreset,
    bounds_of,
    side_bounds,
)
from generation.protocol.visible import is_blank

_LONGEST_GIVEN: Final = 40
_NO_LOOP: Final = frozenset({"no", "none", "off", "false"})
_LOOP_NAMES: Final = {
    **dict.fromkeys(("yes", "on", "true", "loop"), Loop.SEAMLESS.value),
    **dict.fromkeys(("pingpong", "boomerang", "bounce"), Loop.PING_PONG.value),
}
_TEXT_FIELDS: Final = frozenset({"prompt", "negative_prompt"})


def parse_request(values: Mapping[str, object]) -> GenerationRequest:
    """A request from named values; fields that are None or absent take their defaults.

    Raises InvalidRequest naming every field that is wrong, what is allowed and what was given.
    """
    given = {name: value for name, value in values.items() if value is not None}
    # not in the model: prompts that were taken before stay readable
    if isinstance(prompt := given.get("prompt"), str) and is_blank(prompt):
        given["prompt"] = ""
    if isinstance(loop := given.get("loop"), str):
        given["loop"] = loop_in(loop)
    try:
        request = GenerationRequest.model_validate(given)
    except ValidationError as error:
        raise InvalidRequest(violations_of(error)) from error
    if not plain_prompt(request.prompt).text:
        only = "nothing but " + " and ".join(taken_out_of(request))
        raise InvalidRequest((Violation("prompt", "words that describe the clip", only),))
    return request


def loop_in(text: str) -> str | None:
    """A loop as a person types it: ``ping pong``, ``yes`` for a seamless one; None for ``no``. What
    is none of these is passed on, and refused."""
    word = text.strip(" .;,").lower().replace("_", "-").replace(" ", "-")
    if word in _NO_LOOP:
        return None
    return _LOOP_NAMES.get(word, word)


def violations_of(error: ValidationError) -> tuple[Violation, ...]:
    """One violation per field that pydantic complained of, in the order of its complaints."""
    found: dict[str, Violation] = {}
    for complaint in error.errors(include_url=False, include_context=False):
        field = _field(complaint["loc"])
        given = (
            "nothing" if complaint["type"] == "missing" else shown(complaint["input"], field=field)
        )
        # pydantic complains once for each member of a union; the first complaint is enough
        found.setdefault(field, Violation(field, allowed(field, complaint["msg"]), given))
    return tuple(found.values())


def allowed(field: str, otherwise: str = "") -> str:
    """What a field takes, in words; ``otherwise`` for a name that is no field of a request."""
    name, _, part = field.partition(".")
    # pydantic's own words serve for values that are no fields of a request
    if name not in GenerationRequest.model_fields:
        return "not a field of a request" if "not permitted" in otherwise else otherwise
    return _ALLOWED[name](part) if name in _ALLOWED else f"a whole number {_range(name)}"


def shown(value: object, *, field: str = "") -> str:
    """A given value, short enough to show; of a prompt only its length."""
    if isinstance(value, str):
        if field in _TEXT_FIELDS:
            length = len(value.strip())
            counted = "1 character" if length == 1 else f"{length:,} characters"
            return counted + _first_control(value)
        return repr(_cut(value))
    return _cut(repr(value) if not isinstance(value, Mapping) else _pairs(value))


def _field(loc: Sequence[int | str]) -> str:
    """``video_size.width`` from ``("video_size", "custom", "width")``: without pydantic's own tags
    and positions."""
    return ".".join(
        str(part) for part in loc if not isinstance(part, int) and part not in {"custom", "preset"}
    )


def _allowed_size(part: str) -> str:
    low, high = side_bounds()
    if part:
        return f"a multiple of {SIDE_MULTIPLE} from {low} to {high}"
    presets = _either(p.value for p in VideoSizePreset)
    return (
        f"{presets}, or width and height in multiples of {SIDE_MULTIPLE} from {low} to {high} "
        f"with at most {MAX_PIXELS:,} pixels in all"
    )


def _either(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}"


def _first_control(text: str) -> str:
    bad = next(
        (c for c in text if (ord(c) < 32 and c not in "\t\n\r") or 127 <= ord(c) < 160), None
    )
    return "" if bad is None else f" with the control character U+{ord(bad):04X}"


def _pairs(value: Mapping[Any, Any]) -> str:
    return ", ".join(f"{k} {v}" for k, v in list(value.items())[:4])


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_GIVEN else text[: _LONGEST_GIVEN - 1] + "…"


def _range(field: str) -> str:
    low, high = bounds_of(field)
    return f"from {low} to {high}"


_ALLOWED: Final[Mapping[str, Callable[[str], str]]] = {
    "prompt": lambda _: f"1 to {bounds_of('prompt')[1]:,} characters without control characters",
    "negative_prompt": lambda _: (
        f"at most {bounds_of('negative_prompt')[1]:,} characters without control characters"
    ),
    "endpoint": lambda _: _either(e.value for e in Endpoint),
    "loop": lambda _: _either(loop.value for loop in Loop),
    "smooth_fps": lambda _: "16 or 24",
    "seconds": lambda _: f"a number {_range('seconds')}",
    "motions": lambda _: f"any of {_either(m.value for m in Motion)}",
    "video_size": _allowed_size,
    "guidance_scale": lambda _: f"a number {_range('guidance_scale')}",
}
