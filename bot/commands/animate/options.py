"""The options of ``flipbook animate`` that describe the clip, and how errors name them."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand

from bot.exit_codes import Exit, die
from generation.domain.parsing import allowed
from generation.protocol.errors import InvalidRequest
from generation.protocol.request import (
    DEFAULTS,
    Endpoint,
    EndpointDefaults,
    GenerationRequest,
    VideoSizePreset,
)
from generation.text.errors import violation_sentence
from generation.text.options import ABOUT

_NAMES: Final = {
    "negative_prompt": ("--no", "--negative-prompt"),
    "num_frames": ("--frames", "--num-frames"),
    "num_inference_steps": ("--steps", "--num-inference-steps"),
    "guidance_scale": ("--guidance", "--guidance-scale"),
    "seed": ("--seed",),
    "seconds": ("--seconds",),
    "loop": ("--loop",),
    "smooth_fps": ("--smooth", "--smooth-fps"),
    "fps": ("--fps",),
    "motions": ("--motion",),
    "video_size": ("--size", "--video-size"),
}
"""The options of each field of a request, the short one first."""
_TYPED: Final = "flipbook.typed"
_STANDARD: Final = DEFAULTS[Endpoint.STANDARD]
_TURBO: Final = DEFAULTS[Endpoint.TURBO]


def _default_of(field: str) -> str:
    if field in EndpointDefaults.model_fields:
        return f"{getattr(_STANDARD, field):g}, with --turbo {getattr(_TURBO, field):g}"
    return str(GenerationRequest.model_fields[field].default)


def _option(field: str, words: str = "") -> Any:
    words = words or f"{allowed(field)} [default: {_default_of(field)}]"
    return typer.Option(*_NAMES[field], help=words)


_SIZES: Final = ", ".join(
    f"{preset.value} {'×'.join(map(str, preset.pixels))}" for preset in VideoSizePreset
)

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="PROMPT",
        help=f"What to show, in quotation marks: {allowed('prompt')}.",
        show_default=False,
    ),
]
NegativePrompt = Annotated[str, _option("negative_prompt", "What not to show.")]
Turbo = Annotated[bool, typer.Option("--turbo", help="Turbo quality: fewer steps, quicker.")]
Style = Annotated[
    str | None,
    typer.Option(
        "--style", help="A look with a name, such as film; `flipbook admin styles list` shows them."
    ),
]
Frames = Annotated[int | None, _option("num_frames")]
Steps = Annotated[int | None, _option("num_inference_steps")]
Guidance = Annotated[float | None, _option("guidance_scale")]
Seed = Annotated[int | None, _option("seed", f"{allowed('seed')}; drawn when not given")]
Seconds = Annotated[float | None, _option("seconds", f"{ABOUT['seconds']}: {allowed('seconds')}")]
Loop = Annotated[str | None, _option("loop", f"{ABOUT['loop']}: {allowed('loop')}")]
Smooth = Annotated[
    int | None, _option("smooth_fps", f"{ABOUT['smooth_fps']}: {allowed('smooth_fps')}")
]
Fps = Annotated[int | None, _option("fps")]
Motions = Annotated[
    list[str] | None, _option("motions", f"{allowed('motions')}; may be repeated [default: none]")
]
Size = Annotated[
    str | None,
    _option(
        "video_size", f"{_SIZES}; or any such as 640x384 [default: {_default_of('video_size')}]"
    ),
]


class AnimateCommand(TyperCommand):
    """Remembers what was typed, so that errors can name options the same way."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as usual."""
        ctx.meta[_TYPED] = list(args)
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


def prompt_of(words: Sequence[str]) -> str:
    """The prompt. Ends the command where it was typed without quotation marks: a word that was
    meant as an option's value would be bought as part of the prompt."""
    if len(words) > 1:
        die(
            Exit.INVALID,
            "Put the prompt in quotation marks, for the shell has split it into "
            f'{len(words)} words: flipbook animate "a red fox in snow" --seed 7',
        )
    return words[0]


def motions_of(given: Sequence[str]) -> list[str]:
    """``--motion zoom-in,pan-left`` and ``--motion zoom-in --motion pan-left`` are the same."""
    return [part.strip() for text in given for part in text.split(",") if part.strip()]


def size_of(given: str | None) -> object:
    """A preset's name as it is, ``640x384`` as width and height; anything else is passed on, and
    refused together with the rest of the request."""
    if given is None:
        return None
    width, by, height = given.lower().replace("×", "x").partition("x")
    if by and width.isascii() and width.isdigit() and height.isascii() and height.isdigit():
        # nine digits exceed every bound, and int() stays cheap
        return {"width": int(width[:9]), "height": int(height[:9])}
    return given


def sentences(error: InvalidRequest, context: typer.Context) -> str:
    """A sentence for each wrong option, by the name that was typed."""
    typed = [argument.partition("=")[0] for argument in context.meta.get(_TYPED, ())]
    return " ".join(
        violation_sentence(violation).replace(violation.field, name, 1)
        for violation in error.violations
        for name in [_name_of(violation.field, typed)]
    )


def _name_of(field: str, typed: Sequence[str]) -> str:
    """``--frames`` for ``num_frames``, ``--size (width)`` for ``video_size.width``."""
    name, _, part = field.partition(".")
    names = _NAMES.get(name)
    if names is None:
        return f"The {field}"
    option = next((each for each in names if each in typed), names[0])
    return f"{option} ({part})" if part else option
