"""What can be wrong with a picture or video that a clip should start from."""

from enum import StrEnum


class FileTrouble(StrEnum):
    """What is wrong with a picture or video that a clip should start from."""

    NOT_A_LINK = "not_a_link"
    UNREACHABLE = "unreachable"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MUCH = "too_much"
    TOO_SHORT = "too_short"
    NO_PICTURE = "no_picture"
    NO_VIDEO = "no_video"
    DAMAGED = "damaged"
