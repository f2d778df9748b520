"""What stands between torch and this machine's GPU, and what that GPU can compute with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import torch

Capability = tuple[int, int]
"""CUDA's compute capability: (7, 5) is a T4, (8, 6) an RTX 3090, (9, 0) an H100."""

AMPERE: Final[Capability] = (8, 0)
"""The first with bfloat16 and with flash attention."""
TENSOR_CORES: Final[Capability] = (7, 0)
"""The first that multiplies float16 quickly."""
NAN_IN_HALF: Final = "GTX 16"
"""Cards known for NaN in half precision."""
NVIDIA: Final = "0x10de"
_DISPLAY_CLASSES: Final = ("0x0300", "0x0302")
_HEADS, _HEAD_WIDTHS = 8, (40, 80, 160)
ON_THE_CPU: Final = (
    'To render on the CPU, slowly, set FLIPBOOK_WORKER_ANIMATEDIFF=\'{"device": "cpu"}\'.'
)


def why_no_gpu(root: Path = Path("/")) -> str | None:
    """Why torch cannot use the NVIDIA GPU of this machine, in a sentence; None where there is no
    such GPU, or torch can use it. `root`: where ``proc`` and ``sys`` are."""
    if torch.cuda.is_available() or not _has_nvidia_card(root):
        return None
    return f"There is an NVIDIA GPU here, but torch cannot use it: {_obstacle(root)}. {ON_THE_CPU}"


def _obstacle(root: Path) -> str:
    if torch.version.cuda is None:
        return (
            f"torch {torch.__version__} is built without CUDA; install one with it, as "
            "https://pytorch.org/get-started/locally says"
        )
    driver = _driver_version(root)
    if driver is None:
        return "its driver is not loaded; install NVIDIA's driver, or give it to the container"
    if not any(root.glob("dev/nvidia[0-9]*")):
        return "its device files are not here; start the container with `--gpus all`"
    return (
        f"its driver {driver} does not work with CUDA {torch.version.cuda}, which torch "
        f"{torch.__version__} is built for; update the driver, or install a torch for an older "
        "CUDA, and look whether CUDA_VISIBLE_DEVICES hides the GPU"
    )


def why_not_supported(name: str) -> str | None:
    """Why torch has no code for the CUDA device of that name, in a sentence; None where it has."""
    capability, built_for = capability_of(name), torch.cuda.get_arch_list()
    # ROCm names its architectures otherwise, and checks them itself
    known = [_capability(arch) for arch in built_for if arch.startswith(("sm_", "compute_"))]
    if not known or any(_runs_on(built, capability) for built in known):
        return None
    # intermediate code is translated for any newer GPU
    if any(a.startswith("compute_") and _capability(a) <= capability for a in built_for):
        return None
    return (
        f"torch {torch.__version__} has no code for the {torch.cuda.get_device_name(name)} "
        f"(compute capability {_dotted(capability)}); it is built for "
        f"{', '.join(map(_dotted, sorted(set(known))))}. Take another version of torch. "
        f"{ON_THE_CPU}"
    )


def capability_of(name: str) -> Capability:
    """The compute capability of a CUDA device."""
    major, minor = torch.cuda.get_device_capability(name)
    return int(major), int(minor)


def best_dtype(name: str) -> str:
    """What the models are computed in on that CUDA device: float16, unless it is known for NaN."""
    # float16 has three bits more than bfloat16, and is as quick on tensor cores
    return "float32" if NAN_IN_HALF in torch.cuda.get_device_name(name) else "float16"


def why_no_bfloat16(name: str) -> str | None:
    """Why bfloat16 cannot be used on that CUDA device, in a sentence; None where it can."""
    # torch's own answer counts emulation, and says yes for a T4
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return None
    return (
        f"dtype is bfloat16, which the {torch.cuda.get_device_name(name)} lacks: it needs compute "
        f"capability {_dotted(AMPERE)}, and this is {_dotted(capability_of(name))}. Leave dtype "
        "out to use float16."
    )


def is_slow_in_half(name: str) -> bool:
    """Whether that CUDA device computes half precision no quicker than float32."""
    return torch.version.hip is None and capability_of(name) < TENSOR_CORES


def attention_of(name: str, dtype: Any) -> str:
    """Which of CUDA's attention kernels the UNet's heads run with: ``flash``,
    ``memory-efficient`` or ``plain``, which holds every score and needs far more memory."""
    found = {_attention(name, dtype, width) for width in _HEAD_WIDTHS}
    # the worst one decides the memory
    return next(kind for kind in ("plain", "memory-efficient", "flash") if kind in found)


def _attention(name: str, dtype: Any, width: int) -> str:
    tokens = torch.empty(1, _HEADS, 64, width, device=name, dtype=dtype)
    asked = torch.backends.cuda.SDPAParams(tokens, tokens, tokens, None, 0.0, False, False)
    if torch.backends.cuda.flash_sdp_enabled() and torch.backends.cuda.can_use_flash_attention(
        asked
    ):
        return "flash"
    enabled = torch.backends.cuda.mem_efficient_sdp_enabled()
    if enabled and torch.backends.cuda.can_use_efficient_attention(asked):
        return "memory-efficient"
    return "plain"


def _has_nvidia_card(root: Path) -> bool:
    # a card without a driver is known to the bus only
    return _driver_version(root) is not None or any(_pci_cards(root))


def _pci_cards(root: Path) -> Iterator[Path]:
    for vendor in root.glob("sys/bus/pci/devices/*/vendor"):
        is_display = _line(vendor.with_name("class")).startswith(_DISPLAY_CLASSES)
        if _line(vendor) == NVIDIA and is_display:
            yield vendor.parent


def _driver_version(root: Path) -> str | None:
    """The version of NVIDIA's loaded driver; None where none is loaded."""
    words = _line(root / "proc/driver/nvidia/version").split()
    # NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 …
    return next((w for w in words if w[0].isdigit() and "." in w), None)


def _line(path: Path) -> str:
    try:
        return next(iter(path.read_text(encoding="utf-8").splitlines()), "")
    except OSError:
        return ""


def _capability(arch: str) -> Capability:
    # sm_90a: the letter marks code for exactly that GPU
    digits = "".join(character for character in arch.partition("_")[2] if character.isdigit())
    return int(digits[:-1]), int(digits[-1])


def _runs_on(built: Capability, capability: Capability) -> bool:
    return built[0] == capability[0] and built[1] <= capability[1]


def _dotted(capability: Capability) -> str:
    return ".".join(map(str, capability))
