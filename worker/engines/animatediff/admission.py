"""What this engine can never render, said before anything is computed."""

from collections.abc import Collection
from dataclasses import dataclass

from generation.request import Endpoint, GenerationRequest, Motion
from worker.engine import EngineRefusal
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.embeddings import TextEmbedder
from worker.engines.animatediff.memory import fits_at_all
from worker.engines.animatediff.schedulers import STEPS_AT_MOST
from worker.engines.animatediff.sharing import LATENT_SCALE, GroupKey


@dataclass(frozen=True, slots=True)
class Admission:
    """The limits of one loaded engine; every refusal names the field and what is possible."""

    device: Device
    embedder: TextEmbedder
    endpoints: Collection[Endpoint]
    motions: Collection[Motion]
    frames_at_most: int
    bytes_each: int

    def check(self, request: GenerationRequest) -> None:
        """Raise :class:`EngineRefusal` when the request is beyond this engine."""
        self._check_models(request)
        self._check_numbers(request)
        self.embedder.check_length("prompt", request.prompt)
        self.embedder.check_length("negative_prompt", request.negative_prompt)
        key = GroupKey.of(request)
        if not fits_at_all(self.device, key, bytes_each=self.bytes_each):
            raise EngineRefusal(
                f"video_size {key.width} × {key.height} with {key.frames} frames is too much for this worker's memory. "
                "Please choose a smaller size or fewer frames."
            )

    def _check_models(self, request: GenerationRequest) -> None:
        if request.endpoint not in self.endpoints:
            raise EngineRefusal(f"This worker has no model for the {request.endpoint.label} endpoint.")
        absent = [motion.value for motion in request.motions if motion not in self.motions]
        if absent:
            offered = ", ".join(sorted(motion.value for motion in self.motions)) or "none"
            raise EngineRefusal(f"motions: this worker has no {', '.join(absent)}; it offers {offered}.")

    def _check_numbers(self, request: GenerationRequest) -> None:
        width, height = request.pixels
        if width % LATENT_SCALE or height % LATENT_SCALE:
            raise EngineRefusal(f"video_size {width} × {height}: both sides must be multiples of {LATENT_SCALE}.")
        if request.num_frames > self.frames_at_most:
            raise EngineRefusal(
                f"num_frames is {request.num_frames}; the motion model knows at most {self.frames_at_most}."
            )
        most = STEPS_AT_MOST[request.endpoint]
        if request.num_inference_steps > most:
            raise EngineRefusal(f"num_inference_steps is {request.num_inference_steps}; at most {most} are possible.")
