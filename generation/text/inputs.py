"""Why a clip cannot start from a picture or video."""

from typing import Final

from generation.protocol import errors as e
from generation.protocol.inputs.file import MAX_FILE_BYTES
from generation.protocol.inputs.trouble import FileTrouble
from generation.protocol.messages import mark
from generation.text.dialect import Dialect, Markup

_TROUBLES: Final = {
    FileTrouble.NOT_A_LINK: mark("That is no public link to a picture or video."),
    FileTrouble.UNREACHABLE: mark("The picture or video could not be fetched. Is the link right?"),
    FileTrouble.TOO_LARGE: mark("That file is too large; up to {size} MB are taken."),
    FileTrouble.TOO_MANY_PIXELS: mark("That picture or video is wider or taller than can be read."),
    FileTrouble.TOO_MUCH: mark("Reading that file takes too much time or memory."),
    FileTrouble.TOO_SHORT: mark("That video is too short; it needs at least two frames."),
    FileTrouble.NO_PICTURE: mark("That is no picture that can be read: PNG, JPEG and WebP can."),
    FileTrouble.NO_VIDEO: mark("That is no video that can be read: MP4, MOV, WebM and GIF can."),
    FileTrouble.DAMAGED: mark("That file is damaged, or cut short."),
}


def unreadable_file_sentence(error: e.UnreadableFile, d: Dialect) -> Markup:
    """What is wrong with the file."""
    return d.gettext(_TROUBLES[error.trouble], size=MAX_FILE_BYTES // 2**20)
