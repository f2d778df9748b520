"""Refuses requests that this engine can never render, before anything is computed."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from generation.protocol.extensions.scenes import scenes_in
from generation.protocol.extensions.windows import windows_for
from generation.protocol.request import Endpoint, GenerationRequest, Motion
from worker.engine import EngineRefusal
from worker.engines.animatediff.batch_key import LATENT_SCALE, BatchKey
from worker.engines.animatediff.denoise.schedulers import STEPS_AT_MOST
from worker.engines.animatediff.memory.room import Fit, fit_of
from worker.engines.animatediff.prompts.embeddings import TextEmbedder

LONGEST_TEXT: Final = 56
"""Chunks of 77 tokens to which the texts of a clip may have to be repeated: 7 and 8 do not divide
each other."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The limits of one loaded engine; each refusal names the field and what is possible.

    frames_at_most: the length of the motion modules' positional encoding.
    room: bytes that work can take on the device, beside the weights that stay on it.
    itemsize, decoder_itemsize: bytes of one number of the UNet and of the decoder.
    """

    embedder: TextEmbedder
    endpoints: Collection[Endpoint]
    motions: Collection[Motion]
    frames_at_most: int
    room: int
    itemsize: int
    decoder_itemsize: int

    def check(self, request: GenerationRequest) -> None:
        """Raise :class:`EngineRefusal` when the request is beyond this engine."""
        # cheap checks first: the embedder tokenizes
        self._check_models(request)
        self._check_numbers(request)
        for words in [scene.words for scene in scenes_in(request.prompt)] or [request.prompt]:
            self.embedder.check_length("prompt", words)
        if self.embedder.shared_chunk_count(request) > LONGEST_TEXT:
            raise EngineRefusal("prompt: its scenes differ too much in length.")
        self.embedder.check_length("negative_prompt", request.negative_prompt)
        key = BatchKey.of(request)
        sizes = {"itemsize": self.itemsize, "decoder_itemsize": self.decoder_itemsize}
        if fit_of(self.room, key, **sizes) is Fit.NOT:
            raise EngineRefusal(
                f"video_size {key.width} × {key.height} with {key.frames} frames is too much for "
                "this worker's memory. Please choose a smaller size or fewer frames."
            )

    def _check_models(self, request: GenerationRequest) -> None:
        if request.endpoint not in self.endpoints:
            raise EngineRefusal(
                f"This worker has no model for the {request.endpoint.label} endpoint."
            )
        # an operator may have excluded single motions to save disk
        absent = [motion.value for motion in request.motions if motion not in self.motions]
        if absent:
            offered = ", ".join(sorted(motion.value for motion in self.motions)) or "none"
            raise EngineRefusal(
                f"motions: this worker has no {', '.join(absent)}; it offers {offered}."
            )

    def _check_numbers(self, request: GenerationRequest) -> None:
        width, height = request.pixels
        # the protocol refuses most of these too; here they would fail in the middle of a render
        if width % LATENT_SCALE or height % LATENT_SCALE:
            raise EngineRefusal(
                f"video_size {width} × {height}: both sides must be multiples of {LATENT_SCALE}."
            )
        frames = windows_for(request).length
        if frames > self.frames_at_most:
            raise EngineRefusal(
                f"num_frames is {frames}; the motion model knows at most {self.frames_at_most}."
            )
        # a scheduler with too many steps raises only when the render has begun
        most = STEPS_AT_MOST[request.endpoint]
        if request.num_inference_steps > most:
            raise EngineRefusal(
                f"num_inference_steps is {request.num_inference_steps}; at most {most} are "
                "possible."
            )
