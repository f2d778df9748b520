"""Where each model comes from, its size and its licence: what ``flipbook worker models`` lists.

Sizes and licences are those that the repositories' pages state (epiCRealism's size is that of
Stable Diffusion 1.5 in float32, which it is). Before a download the hub is asked for exact sizes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from generation.protocol.request import Motion
from worker.engines.animatediff.models.model_set import (
    SINGLE_FILE,
    TURBO,
    TURBO_LORA,
    WEIGHTS,
    motion_name,
)
from worker.engines.animatediff.models.revisions import NEWEST
from worker.engines.animatediff.models.selection import DEFAULT_BASE, ModelSelection

OPENRAIL: Final = "creativeml-openrail-m"
PLAIN_BASE: Final = "stable-diffusion-v1-5/stable-diffusion-v1-5"
BASES: Final = (
    DEFAULT_BASE,
    PLAIN_BASE,
    "SG161222/Realistic_Vision_V5.1_noVAE",
    "Lykon/dreamshaper-8",
)
"""Stable Diffusion 1.5 checkpoints whose pages state that licence; others in diffusers' layout work
too."""
SHARP_DECODER: Final = "sd-vae-ft-mse"
OTHER_LICENCE: Final = "the one that its page states"
# requests that need one of these are refused when it is excluded
_EXCLUDABLE: Final = frozenset({TURBO, *(motion_name(motion) for motion in Motion)})
ANIMATEDIFF_LICENCE: Final = "none stated on its page; the code it belongs to is Apache-2.0"


@dataclass(frozen=True, slots=True)
class ModelSource:
    """One repository and the files of it that the engine reads.

    folder: where they go, relative to the models folder. megabytes: their approximate size.
    revision: the commit that is downloaded, whatever a folder has recorded; None where none is
        pinned here.
    """

    name: str
    repo_id: str
    folder: str
    files: tuple[str, ...]
    megabytes: int
    licence: str
    purpose: str
    optional: bool = False
    revision: str | None = None

    @property
    def page(self) -> str:
        """The page that states the licence."""
        return f"https://huggingface.co/{self.repo_id}"

    @property
    def can_be_excluded(self) -> bool:
        """Whether the engine works without it, refusing only the requests that need it."""
        return self.optional or self.name in _EXCLUDABLE

    def url_of(self, file: str, *, recorded: Mapping[str, str] | None = None) -> str:
        """Where a browser downloads one of its files. `recorded`: the commits that a folder
        holds."""
        revision = self.revision or (recorded or {}).get(self.repo_id, NEWEST)
        return f"{self.page}/resolve/{revision}/{file}"


_TOKENIZER: Final = ("vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json")
NOT_NEEDED: Final = frozenset({"tokenizer/special_tokens_map.json"})
"""Downloaded, because diffusers' layout has it, but never opened."""
_BASE_FILES: Final = (
    *(f"tokenizer/{name}" for name in _TOKENIZER),
    "text_encoder/config.json",
    "text_encoder/model.safetensors",
    f"unet/{WEIGHTS}.safetensors",
    "unet/config.json",
    f"vae/{WEIGHTS}.safetensors",
    "vae/config.json",
)
_SINGLE_FILE_NAMES: Final = tuple(name for name in _BASE_FILES if not name.endswith(".safetensors"))
_ADAPTER_FILES: Final = ("config.json", f"{WEIGHTS}.safetensors")


def sources(base: str = DEFAULT_BASE) -> tuple[ModelSource, ...]:
    """Every model that the engine can use, in the order of the list.

    base: any Stable Diffusion 1.5 repository in diffusers' layout, or the name of the operator's
        own file or folder in ``bases``.
    """
    # an operator's own checkpoint may have any licence
    licence = OPENRAIL if base in BASES else OTHER_LICENCE
    return (
        *_base_sources(base, licence),
        ModelSource(
            "motion-adapter",
            "guoyww/animatediff-motion-adapter-v1-5-2",
            "motion-adapter",
            _ADAPTER_FILES,
            1820,
            ANIMATEDIFF_LICENCE,
            "moves them: the standard endpoint",
        ),
        ModelSource(
            TURBO,
            "wangfuyun/AnimateLCM",
            "animatelcm",
            ("config.json", f"{WEIGHTS}.fp16.safetensors", TURBO_LORA),
            1043,
            "MIT, as its code repository states",
            "moves them in few steps: the turbo endpoint",
        ),
        *(_motion_source(motion) for motion in Motion),
        ModelSource(
            "taesd",
            "madebyollin/taesd",
            "taesd",
            _ADAPTER_FILES,
            10,
            "MIT",
            "decodes quicker and softer than the base",
            optional=True,
        ),
        ModelSource(
            SHARP_DECODER,
            "stabilityai/sd-vae-ft-mse",
            f"vae/{SHARP_DECODER}",
            _ADAPTER_FILES,
            335,
            "MIT",
            "decodes eyes and text better than older bases' own",
            optional=True,
        ),
        ModelSource(
            "safety-checker",
            PLAIN_BASE if "/" not in base else base,
            "base" if "/" in base else SINGLE_FILE,
            ("safety_checker/config.json", "safety_checker/model.safetensors"),
            1220,
            licence,
            "refuses clips in which it sees nudity",
            optional=True,
        ),
    )


def _base_sources(base: str, licence: str) -> tuple[ModelSource, ...]:
    what = "draws the pictures of both endpoints"
    if "/" in base:
        return (ModelSource("base", base, "base", _BASE_FILES, 4270, licence, what),)
    # the operator's own: what a single file lacks is small, and the same for all of them
    names = "tokenizer and configurations for a checkpoint of one file"
    files = _SINGLE_FILE_NAMES
    return (ModelSource("base", PLAIN_BASE, SINGLE_FILE, files, 2, OPENRAIL, names),)


def selected_sources(selection: ModelSelection) -> tuple[ModelSource, ...]:
    """What a folder with that selection should hold."""
    return tuple(
        source
        for source in sources(selection.base)
        if not selection.excludes(source.name)
        and (not source.optional or source.name in selection.extras)
    )


def _motion_source(motion: Motion) -> ModelSource:
    return ModelSource(
        motion_name(motion),
        f"guoyww/animatediff-motion-lora-{motion.value}",
        f"motion-lora/{motion.value}",
        (f"{WEIGHTS}.safetensors",),
        77,
        ANIMATEDIFF_LICENCE,
        f"the camera motion {motion.value}",
    )
