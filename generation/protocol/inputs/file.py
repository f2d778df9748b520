"""A picture or video that a clip starts from: what a request says of it, and its bounds.

Where the file comes from is no part of a request: links expire, and some open with a chat's token
only. Each side keeps what it has read of the file itself, under a name of its own.
"""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_FILE_BYTES: Final = 32 * 2**20
"""How large a picture or video may be that a clip starts from."""
VIDEO_AREA: Final = 512 * 512
"""Width × height of a clip made from a video: its sides follow the video within this, because fal
takes no size for one."""
VIDEO_SIDE_MULTIPLE: Final = 64
"""Sides of a clip made from a video are multiples of this."""


class InputKind(StrEnum):
    """What a clip starts from besides its prompt."""

    PICTURE = "picture"
    VIDEO = "video"


Strength = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
"""How far a clip may leave what it starts from: at 1 nothing of it is left."""
FirstSeconds = Annotated[int, Field(ge=2, le=4)]
FileName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}\.[a-z0-9]{1,5}$", max_length=70)
]
DEFAULT_STRENGTH: Final = 0.7
DEFAULT_SECONDS: Final = 3


class InputFile(BaseModel):
    """What a clip starts from; ``name`` is what the holder of the request keeps the file under."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: InputKind
    name: FileName
    strength: Strength = DEFAULT_STRENGTH
    seconds: FirstSeconds = DEFAULT_SECONDS

    @property
    def is_video(self) -> bool:
        """Whether it is a video, and not a picture."""
        return self.kind is InputKind.VIDEO
