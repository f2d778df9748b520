"""Loads the checked files into memory: one text encoder, one decoder, and a UNet per endpoint."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import diffusers
import structlog
import torch
import transformers
from diffusers import AutoencoderKL, AutoencoderTiny, MotionAdapter, UNet2DConditionModel
from safetensors import SafetensorError
from transformers import CLIPTextModel, CLIPTokenizer

from generation.protocol.request import Endpoint, Motion
from worker.engine import EngineUnavailable
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.failures import first_line
from worker.engines.animatediff.models.files import (
    is_file_name,
    usable,
    variant_of,
    weights_file,
    why_not_loadable,
)
from worker.engines.animatediff.models.model_set import TURBO_LORA, WEIGHTS, ModelSet
from worker.engines.animatediff.models.single_files import motion_adapter_of, text_encoder_of
from worker.engines.animatediff.models.unet import MotionUNet
from worker.engines.animatediff.options import EngineOptions

log = structlog.get_logger("flipbook.engine")

OFFLINE: Final = {"local_files_only": True, "use_safetensors": True}
"""Loading downloads nothing and never opens a pickle."""
_LOAD_ERRORS: Final = (OSError, ValueError, LookupError, TypeError, RuntimeError, SafetensorError)


class WrongModel(EngineUnavailable):
    """A model's files are whole, but do not fit the others."""


@dataclass(slots=True)
class LoadedModels:
    """Everything in memory, in its dtype; the UNets still on the CPU, until `ResidentUNets` places
    them.

    unets: by endpoint. motion_loras: the file of each camera motion. safety_checker: a
    :class:`SafetyChecker`, or None where none is used.
    """

    tokenizer: Any
    text_encoder: Any
    vae: Any
    unets: Mapping[Endpoint, Any]
    motion_loras: Mapping[Motion, Path]
    safety_checker: Any = None


Loader = Callable[[ModelSet, Device, EngineOptions], LoadedModels]
"""How the engine gets its models; benchmarks pass one that makes random weights."""


def load_models(models: ModelSet, device: Device, options: EngineOptions) -> LoadedModels:
    """Check the files, then load them.

    Raises:
        EngineUnavailable: a file that everything needs is missing, damaged or does not fit the
            others, or no endpoint is left; the message names it.
    """
    # first, because the libraries' own errors do not name the file
    models = check_files(models)
    diffusers.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    diffusers.logging.disable_progress_bar()
    transformers.logging.disable_progress_bar()
    with warnings.catch_warnings():
        # warnings that do not concern us; what matters is checked above
        warnings.simplefilter("ignore")
        return _load(models, device, options)


def check_files(models: ModelSet) -> ModelSet:
    """The set without the models whose files cannot be used, each of which is logged.

    Raises:
        EngineUnavailable: too little is left to render anything.
    """
    reason = why_not_loadable(models)
    if reason is not None:
        raise EngineUnavailable(reason)
    kept, problems = usable(models)
    for problem in problems:
        log.warning("a model is left out; requests that need it are refused", why=problem.sentence)
    return kept


def _load(models: ModelSet, device: Device, options: EngineOptions) -> LoadedModels:
    # the VAE may need float32 where the UNet does not
    dtype, vae_dtype = device.dtype(options.dtype), device.dtype(options.vae_dtype or options.dtype)
    tokenizer = _loading(
        models.names / "tokenizer", CLIPTokenizer.from_pretrained, local_files_only=True
    )
    text_encoder, vae = _load_text_encoder(models), _load_vae(models)
    unets = {e: _for_inference(u.to(dtype)) for e, u in _load_unets(models, options).items()}
    return LoadedModels(
        tokenizer=tokenizer,
        text_encoder=_for_inference(text_encoder.to(device.name, dtype)),
        vae=_for_inference(vae.to(device.name, vae_dtype, **device.layout)),
        unets=unets,
        motion_loras={
            motion: weights_file(folder, WEIGHTS) for motion, folder in models.motion_loras.items()
        },
        safety_checker=_load_safety_checker(models, device),
    )


def _for_inference(module: Any) -> Any:
    """For inference only: no dropout, no gradients."""
    return module.eval().requires_grad_(False)


def _load_text_encoder(models: ModelSet) -> Any:
    folder = models.names / "text_encoder"
    if models.has_single_file:
        return _loading(models.base, text_encoder_of, folder=folder)
    variant = variant_of(folder, "model")
    return _loading(folder, CLIPTextModel.from_pretrained, **OFFLINE, variant=variant)


def _load_vae(models: ModelSet) -> Any:
    if models.taesd is not None:
        return _loading(models.taesd, AutoencoderTiny.from_pretrained, **OFFLINE)
    source = models.vae or (models.base if models.has_single_file else models.base / "vae")
    if is_file_name(source):
        return _loading(source, _from_single_file, kind=AutoencoderKL, models=models, part="vae")
    variant = variant_of(source, WEIGHTS)
    return _loading(source, AutoencoderKL.from_pretrained, **OFFLINE, variant=variant)


def _from_single_file(path: Path, *, kind: Any, models: ModelSet, part: str) -> Any:
    # without a configuration the library would ask the hub for one
    return kind.from_single_file(
        str(path), config=str(models.names), subfolder=part, local_files_only=True
    )


def _load_unets(models: ModelSet, options: EngineOptions) -> dict[Endpoint, Any]:
    """A UNet for each endpoint whose motion model fits; at least one does."""
    unets: dict[Endpoint, Any] = {}
    wrong: list[WrongModel] = []
    for endpoint in models.endpoints:
        try:
            unets[endpoint] = _load_unet(models, endpoint, options)
        except WrongModel as error:
            wrong.append(error)
            log.warning("an endpoint is left out", endpoint=endpoint.label, why=str(error))
    if not unets:
        raise wrong[0]
    return unets


def _load_plain_unet(models: ModelSet) -> Any:
    if models.has_single_file:
        kind = UNet2DConditionModel
        return _loading(models.base, _from_single_file, kind=kind, models=models, part="unet")
    base = models.base / "unet"
    variant = variant_of(base, WEIGHTS)
    return _loading(base, UNet2DConditionModel.from_pretrained, **OFFLINE, variant=variant)


def _load_adapter(folder: Path) -> Any:
    weights = weights_file(folder, WEIGHTS)
    if not weights.name.startswith(WEIGHTS):
        return _loading(weights, motion_adapter_of)
    variant = variant_of(folder, WEIGHTS)
    return _loading(folder, MotionAdapter.from_pretrained, **OFFLINE, variant=variant)


def _load_unet(models: ModelSet, endpoint: Endpoint, options: EngineOptions) -> Any:
    """The base's UNet with the endpoint's motion adapter, and turbo's LoRA fused; float32."""
    adapter_folder = models.adapter_of(endpoint)
    plain, adapter = _load_plain_unet(models), _load_adapter(adapter_folder)
    # float32: adding LoRA weights in half precision would lose bits
    unet = _loading(
        adapter_folder, lambda _: MotionUNet.from_unet2d(plain.float(), adapter.float())
    )
    if endpoint is Endpoint.TURBO:
        _loading(
            adapter_folder / TURBO_LORA,
            _fuse_turbo_lora,
            unet=unet,
            strength=options.turbo_lora_strength,
        )
    return unet


def _fuse_turbo_lora(file: Path, *, unet: Any, strength: float) -> None:
    """Fuse AnimateLCM's LoRA into the weights with diffusers' loader, which knows its key names."""
    from diffusers import AnimateDiffPipeline  # noqa: PLC0415  (prints while it is imported, unless silenced)

    pipeline = AnimateDiffPipeline(
        vae=None,
        text_encoder=None,
        tokenizer=None,
        unet=unet,
        motion_adapter=None,
        scheduler=None,
    )
    pipeline.load_lora_weights(
        file.parent, weight_name=file.name, adapter_name="turbo", local_files_only=True
    )
    # the strength is given here only: `fuse_lora` would multiply by another one
    pipeline.set_adapters(["turbo"], [strength])
    pipeline.fuse_lora(adapter_names=["turbo"])
    pipeline.unload_lora_weights()


def _load_safety_checker(models: ModelSet, device: Device) -> Any:
    if models.safety_checker is None:
        return None
    # imported late: its library is large, and few operators use it
    from worker.engines.animatediff.models.safety import load_safety_checker  # noqa: PLC0415

    return _loading(models.safety_checker, load_safety_checker, device=device)


def _loading(path: Path, load: Callable[..., Any], **arguments: Any) -> Any:
    """Call a library's loader; its errors become one sentence that names the path."""
    try:
        return load(path, **arguments)
    except torch.OutOfMemoryError as error:
        raise EngineUnavailable(
            f"There is no memory left to load {path}. Close other programs on the GPU."
        ) from error
    except _LOAD_ERRORS as error:
        reason = first_line(error)[:200]
        raise WrongModel(
            f"What is in {path} does not fit the other models or is damaged ({reason}). "
            "Download it again."
        ) from error
