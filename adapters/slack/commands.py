"""The slash commands as the manifest lists them, and the flags of ``/animate``."""

from dataclasses import dataclass
from typing import Final

from generation.text.help import ANIMATE_ABOUT, FLIPBOOK_ABOUT
from generation.text.options import ABOUT


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A slash command as Slack lists it. ``should_escape``: Slack sends members and channels with
    their ids."""

    name: str
    description: str
    usage_hint: str
    should_escape: bool = False


ANIMATE: Final = CommandSpec(
    "/animate",
    ANIMATE_ABOUT,
    "a paper boat on a stormy sea [--turbo] [--size landscape_16_9] [--frames 24] [--seed 42]",
)
FLIPBOOK: Final = CommandSpec(
    "/flipbook",
    FLIPBOOK_ABOUT,
    "queue | history | show #1042 | cancel #1042 | quota | notify | defaults | "
    "privacy | help | admin",
    should_escape=True,
)
COMMANDS: Final = (ANIMATE, FLIPBOOK)


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag of ``/animate``: the request's field that it sets, and an example of its value
    (None: it takes none). ``also`` are other names that people give it."""

    name: str
    field: str
    example: str | None
    about: str
    also: tuple[str, ...] = ()

    @property
    def bare(self) -> str:
        """Its name without dashes."""
        return self.name.removeprefix("--")


FLAGS: Final = (
    Flag("--turbo", "endpoint", None, ABOUT["endpoint"]),
    Flag(
        "--size",
        "video_size",
        "landscape_16_9",
        ABOUT["video_size"],
    ),
    Flag("--style", "style", "film", ABOUT["style"]),
    Flag("--frames", "num_frames", "24", ABOUT["num_frames"]),
    Flag("--seconds", "seconds", "4", ABOUT["seconds"], ("length", "duration")),
    Flag("--loop", "loop", "seamless", ABOUT["loop"]),
    Flag("--smooth", "smooth_fps", "24", ABOUT["smooth_fps"]),
    Flag("--fps", "fps", "8", ABOUT["fps"]),
    Flag("--steps", "num_inference_steps", "12", ABOUT["num_inference_steps"]),
    Flag("--guidance", "guidance_scale", "7.5", ABOUT["guidance_scale"]),
    Flag("--seed", "seed", "42", ABOUT["seed"]),
    Flag("--motion", "motions", "zoom-in,pan-left", ABOUT["motions"]),
    Flag(
        "--no",
        "negative_prompt",
        '"blurry, text"',
        ABOUT["negative_prompt"],
        ("negative", "without"),
    ),
    Flag("--private", "private", None, ABOUT["private"], ("only-me",)),
)
FLAG_OF: Final = {flag.field: flag.name for flag in FLAGS}
