"""What each field of a request is for, in the few words that both chats show beside an option."""

from collections.abc import Mapping
from typing import Final

from generation.protocol.messages import mark

ABOUT: Final[Mapping[str, str]] = {
    "prompt": mark("What to show"),
    "negative_prompt": mark("What to avoid"),
    "endpoint": mark("Standard looks better, turbo is quicker"),
    "video_size": mark("A named size, or width and height such as 640x384"),
    "num_frames": mark("How many frames the clip has"),
    "seconds": mark("How long the clip plays, in place of the number of frames"),
    "loop": mark("Play again and again: without a seam, or there and back"),
    "smooth_fps": mark("More frames a second than are drawn, for smoother motion"),
    "fps": mark("How many frames are shown per second"),
    "num_inference_steps": mark("More steps: finer, and slower"),
    "guidance_scale": mark("How closely to follow the prompt"),
    "seed": mark("The same seed and settings make the same clip"),
    "motions": mark("How the camera moves"),
    "style": mark("A look with a name, such as film"),
    "private": mark("Only you see the clip"),
}
