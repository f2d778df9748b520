"""The command that asks for a clip again, as Discord's app takes it when it is pasted."""

from generation.domain.job import Job
from generation.protocol.request import DEFAULT_NEGATIVE_PROMPT, VideoSizePreset


def command_line(job: Job) -> str:
    """``/animate prompt:a fox quality:turbo …``. Of several camera motions it has the first: the
    option takes one."""
    request = job.request
    size = request.video_size
    options = [
        ("prompt", " ".join(request.prompt.split())),
        ("quality", request.endpoint.label),
        *(
            [("size", size.value)]
            if isinstance(size, VideoSizePreset)
            else [("width", size.width), ("height", size.height)]
        ),
        ("num_frames", request.num_frames),
        ("fps", request.fps),
        ("steps", request.num_inference_steps),
        ("guidance", f"{request.guidance_scale:g}"),
        ("seed", request.seed),
        *([("motion", request.motions[0].value)] if request.motions else []),
        *([("style", job.style.name)] if job.style else []),
        *(
            [("negative_prompt", " ".join(request.negative_prompt.split()))]
            if request.negative_prompt not in {"", DEFAULT_NEGATIVE_PROMPT}
            else []
        ),
    ]
    return " ".join(["/animate", *(f"{name}:{value}" for name, value in options)])
