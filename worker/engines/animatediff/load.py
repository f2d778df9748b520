"""Brings the checked files into memory: one text encoder, one decoder, and a UNet for each endpoint."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, AutoencoderTiny, MotionAdapter, UNet2DConditionModel
from safetensors import SafetensorError
from transformers import CLIPTextModel, CLIPTokenizer

from generation.request import Endpoint, Motion
from worker.engine import EngineUnavailable
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.files import variant_of, weights_file, why_not_loadable
from worker.engines.animatediff.models import TURBO_LORA, WEIGHTS, ModelSet
from worker.engines.animatediff.options import EngineOptions
from worker.engines.animatediff.schedulers import scheduler_for
from worker.engines.animatediff.unet import MotionUNet

OFFLINE: Final = {"local_files_only": True, "use_safetensors": True}
"""Nothing is fetched while loading, and no pickle is ever opened."""
_LOAD_ERRORS: Final = (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError)


@dataclass(slots=True)
class LoadedModels:
    """Everything in memory, in its dtype. The UNets are still on the CPU: where they live is decided later.

    unets: by endpoint. motion_loras: the file of each camera motion. safety: looks at frames, or None.
    """

    tokenizer: Any
    text_encoder: Any
    vae: Any
    unets: Mapping[Endpoint, Any]
    motion_loras: Mapping[Motion, Path]
    safety: Any = None


Loader = Callable[[ModelSet, Device, EngineOptions], LoadedModels]
"""How the engine gets its models; another one is given where the weights are made up, as in benchmarks."""


def load_models(models: ModelSet, device: Device, options: EngineOptions) -> LoadedModels:
    """Check the files, then load them.

    Raises:
        EngineUnavailable: naming the file that is missing or damaged, or the folder whose contents do not fit.
    """
    check_files(models)
    diffusers.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    diffusers.logging.disable_progress_bar()
    transformers.logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the libraries' advice to each other; what matters is checked above
        return _load(models, device, options)


def check_files(models: ModelSet) -> None:
    """Raise :class:`EngineUnavailable` naming the first file at fault and how many more there are."""
    reason = why_not_loadable(models)
    if reason is not None:
        raise EngineUnavailable(reason)


def _load(models: ModelSet, device: Device, options: EngineOptions) -> LoadedModels:
    dtype, vae_dtype = device.dtype(options.dtype), device.dtype(options.vae_dtype or options.dtype)
    tokenizer = _loading(models.base / "tokenizer", CLIPTokenizer.from_pretrained, local_files_only=True)
    text_encoder = _loading(models.base / "text_encoder", CLIPTextModel.from_pretrained, **_weights(models, "model"))
    vae = _load_vae(models)
    unets = {e: _ready(_load_unet(models, e, options).to(dtype)) for e in models.endpoints}
    return LoadedModels(
        tokenizer=tokenizer,
        text_encoder=_ready(text_encoder.to(device.name, dtype)),
        vae=_ready(vae.to(device.name, vae_dtype, **device.layout)),
        unets=unets,
        motion_loras={motion: weights_file(folder, WEIGHTS) for motion, folder in models.motion_loras.items()},
        safety=_load_safety(models, device),
    )


def _ready(module: Any) -> Any:
    """For use only: no dropout, no gradients."""
    return module.eval().requires_grad_(False)


def _weights(models: ModelSet, stem: str) -> dict[str, Any]:
    return {**OFFLINE, "variant": variant_of(models.base / "text_encoder", stem)}


def _load_vae(models: ModelSet) -> Any:
    if models.taesd is not None:
        return _loading(models.taesd, AutoencoderTiny.from_pretrained, **OFFLINE)
    folder = models.base / "vae"
    return _loading(folder, AutoencoderKL.from_pretrained, **OFFLINE, variant=variant_of(folder, WEIGHTS))


def _load_unet(models: ModelSet, endpoint: Endpoint, options: EngineOptions) -> Any:
    """The base's UNet with the endpoint's motion adapter in it, in float32 until the LoRA is in."""
    base, adapter_folder = models.base / "unet", models.adapter_of(endpoint)
    plain = _loading(base, UNet2DConditionModel.from_pretrained, **OFFLINE, variant=variant_of(base, WEIGHTS))
    variant = variant_of(adapter_folder, WEIGHTS)
    adapter = _loading(adapter_folder, MotionAdapter.from_pretrained, **OFFLINE, variant=variant)
    unet = _loading(adapter_folder, lambda _: MotionUNet.from_unet2d(plain.float(), adapter.float()))
    if endpoint is Endpoint.TURBO:
        _loading(adapter_folder / TURBO_LORA, _fuse_turbo_lora, unet=unet, strength=options.turbo_lora_strength)
    return unet


def _fuse_turbo_lora(file: Path, *, unet: Any, strength: float) -> None:
    """Put AnimateLCM's LoRA into the weights for good; diffusers' own loader knows every spelling of its keys.

    The strength is given once: `fuse_lora` would apply a second one on top.
    """
    from diffusers import AnimateDiffPipeline  # noqa: PLC0415  (it talks while it is imported, unless told not to)

    pipeline = AnimateDiffPipeline(
        vae=None,
        text_encoder=None,
        tokenizer=None,
        unet=unet,
        motion_adapter=None,
        scheduler=scheduler_for(Endpoint.TURBO, 4),
    )
    pipeline.load_lora_weights(file.parent, weight_name=file.name, adapter_name="turbo", local_files_only=True)
    pipeline.set_adapters(["turbo"], [strength])
    pipeline.fuse_lora(adapter_names=["turbo"])
    pipeline.unload_lora_weights()


def _load_safety(models: ModelSet, device: Device) -> Any:
    if models.safety_checker is None:
        return None
    from worker.engines.animatediff.safety import load_safety  # noqa: PLC0415  (its library is large and rarely wanted)

    return _loading(models.safety_checker, load_safety, device=device)


def _loading(path: Path, load: Callable[..., Any], **arguments: Any) -> Any:
    """Call a library's loader and turn whatever it raises into one sentence that names the path."""
    try:
        return load(path, **arguments)
    except torch.OutOfMemoryError as error:
        raise EngineUnavailable(f"There is no memory left to load {path}. Close other programs on the GPU.") from error
    except _LOAD_ERRORS as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise EngineUnavailable(
            f"What lies in {path} does not fit the other models or is damaged ({reason}). Download it again."
        ) from error
