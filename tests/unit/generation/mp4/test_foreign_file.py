"""Pictures and videos of strangers become frames, or one clear reason why not."""

import asyncio
import io
import sys
from typing import Any

import numpy as np
import pytest
import uvloop
from PIL import Image

from clips import clip, moving_frames
from generation.mp4.foreign_file import ForeignFiles, WantedFrames
from generation.mp4.foreign_reading import frames_of
from generation.protocol.errors import UnreadableFile
from generation.protocol.inputs.trouble import FileTrouble

VIDEO = WantedFrames(is_video=True, area=512 * 512, multiple=64, seconds=3)
PICTURE = WantedFrames(is_video=False, width=64, height=64)


def picture(width: int = 96, height: int = 64, kind: str = "PNG", **options: Any) -> bytes:
    """A red picture."""
    file = io.BytesIO()
    Image.new(options.pop("mode", "RGB"), (width, height), options.pop("colour", "red")).save(file, kind, **options)
    return file.getvalue()


def gif(frames: int, milliseconds: int = 100) -> bytes:
    """A moving GIF."""
    file = io.BytesIO()
    first, *others = [Image.fromarray(frame) for frame in moving_frames(frames)]
    first.save(file, "GIF", save_all=True, append_images=others, duration=milliseconds)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (clip(72, 64, 96, 24), (24, 64, 128, 3)),
        (clip(48, 64, 96, 24), (16, 64, 128, 3)),
        (gif(10), (8, 64, 64, 3)),
        (clip(4, 1080, 1920, 2), (16, 384, 640, 3)),
    ],
    ids=["three seconds", "two seconds", "gif", "full hd"],
)
def test_a_video_is_sampled_in_its_own_shape(data: bytes, shape: tuple[int, ...]) -> None:
    assert frames_of(data, VIDEO).shape == shape


def test_frames_are_those_that_are_shown_at_their_moment() -> None:
    frames = frames_of(gif(10), VIDEO)
    source = [np.asarray(Image.fromarray(frame)) for frame in moving_frames(10)]
    nearest = [int(np.argmin([np.abs(frame.astype(int) - other).mean() for other in source])) for frame in frames]
    assert nearest == [0, 1, 2, 3, 5, 6, 7, 8]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_cropped_to_the_size(kind: str) -> None:
    (frame,) = frames_of(picture(kind=kind), PICTURE)
    assert frame.shape == (64, 64, 3)
    assert np.abs(frame.reshape(-1, 3).mean(0) - (254, 0, 0)).max() < 3


def test_a_picture_is_turned_as_its_camera_was_and_laid_on_white() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    wide = WantedFrames(is_video=False, area=128 * 128, multiple=8)
    assert frames_of(picture(kind="JPEG", exif=turned), wide).shape == (1, 96, 64, 3)
    assert frames_of(picture(mode="RGBA", colour=(0, 0, 0, 0)), PICTURE).min() == 255


@pytest.mark.parametrize(
    ("data", "wanted", "trouble"),
    [
        (picture(20_000, 20_000, mode="1", colour=1), PICTURE, FileTrouble.TOO_MANY_PIXELS),
        (picture(kind="AVIF"), PICTURE, FileTrouble.NO_PICTURE),
        (picture(kind="AVIF", save_all=True, append_images=[Image.new("RGB", (96, 64))]), VIDEO, FileTrouble.NO_VIDEO),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), VIDEO, FileTrouble.NO_VIDEO),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), PICTURE, FileTrouble.NO_PICTURE),
        (picture()[:-30], PICTURE, FileTrouble.DAMAGED),
        (clip(8)[:3000], VIDEO, FileTrouble.DAMAGED),
        (clip(1), VIDEO, FileTrouble.TOO_SHORT),
        (b"#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd", VIDEO, FileTrouble.NO_VIDEO),
        (b"ffconcat version 1.0\nfile /etc/passwd", VIDEO, FileTrouble.NO_VIDEO),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", PICTURE, FileTrouble.NO_PICTURE),
        (b"\x1aE\xdf\xa3" + bytes(100), VIDEO, FileTrouble.DAMAGED),
        (b"", VIDEO, FileTrouble.NO_VIDEO),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, wanted: WantedFrames, trouble: FileTrouble) -> None:
    with pytest.raises(UnreadableFile) as caught:
        frames_of(data, wanted)
    assert caught.value.trouble is trouble


async def test_a_file_is_unpacked_in_a_process_of_its_own() -> None:
    files = ForeignFiles()
    assert (await files.frames(clip(16), VIDEO)).shape == (16, 64, 64, 3)
    with pytest.raises(UnreadableFile) as caught:
        await files.frames(b"nonsense", PICTURE)
    assert caught.value.trouble is FileTrouble.NO_PICTURE


async def test_a_process_that_takes_too_long_is_ended() -> None:
    with pytest.raises(UnreadableFile) as caught:
        await ForeignFiles(seconds=0).frames(clip(16), VIDEO)
    assert caught.value.trouble is FileTrouble.TOO_MUCH


def test_a_process_that_ends_before_it_reads_is_an_answer_on_uvloop_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    for run in (asyncio.run, uvloop.run):
        with pytest.raises(UnreadableFile) as caught:
            run(ForeignFiles().frames(bytes(2**20), PICTURE))
        assert caught.value.trouble is FileTrouble.TOO_MUCH
