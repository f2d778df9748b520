"""What probe and poster find in a file, and what hostile files cannot do to them."""

import io
import tracemalloc
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from clips import CLIP, COLOURS, FOREIGN, clip, coded_otherwise, index_last, patched, remuxed, table, with_table
from generation.mp4 import ColourTags, Video, encode, fit, poster, probe
from generation.mp4.boxes import boxes
from generation.mp4.vetting import MAX_BYTES, MAX_FRAMES
from generation.protocol.errors import CannotFit, CorruptVideo


def test_a_path_is_probed_like_its_bytes(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(CLIP)

    assert probe(path) == probe(CLIP)


def test_a_missing_path_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "gone.mp4")


def test_a_clip_of_another_encoder_is_described_as_it_is():
    data = coded_otherwise(pixel_format="yuv444p", count=6, size=(48, 32))

    assert probe(data) == Video(
        codec="h264",
        profile="High 4:4:4 Predictive",
        pixel_format="yuv444p",
        width=48,
        height=32,
        frames=6,
        fps=Fraction(8),
        duration_seconds=0.75,
        colour=ColourTags(matrix=2, primaries=2, transfer=2, range=0),
        faststart=False,
        size_bytes=len(data),
    )


def test_a_fragmented_clip_is_read():
    data = remuxed(CLIP, movflags="frag_keyframe+empty_moov+default_base_moof")

    assert probe(data) == replace(probe(CLIP), size_bytes=len(data))


def test_sound_and_unknown_boxes_do_not_matter():
    out = io.BytesIO()
    with av.open(io.BytesIO(CLIP)) as source, av.open(out, "w", format="mp4") as target:
        sound = target.add_stream("aac", rate=44100)
        video = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                target.mux(packet)
        silence = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        silence.sample_rate = 44100
        target.mux(sound.encode(silence))
        target.mux(sound.encode(None))
    data = out.getvalue() + b"\0\0\0\x0cuuid____"

    assert probe(data) == replace(probe(CLIP), faststart=False, size_bytes=len(data))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty."),
        (b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "The file is not an MP4."),
        (coded_otherwise(container="matroska"), "The file is not an MP4."),
        (coded_otherwise(container="mov"), "The file is not an MP4."),
        (coded_otherwise("libvpx-vp9"), "The video is coded as vp09, not as H.264."),
        (coded_otherwise("mpeg4"), "The video is coded as mp4v, not as H.264."),
        (CLIP[:32], "The MP4 has no video track."),
        (CLIP[:-1], "The MP4 is cut short."),
        (CLIP + b"\0\0\0", "The MP4 is cut short."),
        (patched(CLIP, 40, b"\0\0\0\4free"), "The MP4 holds a piece of an impossible size."),
    ],
)
def test_what_is_not_a_playable_h264_mp4_is_corrupt_with_a_sentence(data, sentence):
    with pytest.raises(CorruptVideo) as refusal:
        probe(data)
    assert str(refusal.value) == sentence


def test_pictures_of_zeros_are_corrupt():
    mdat = next(box for box in boxes(CLIP) if box.kind == b"mdat")

    with pytest.raises(CorruptVideo, match=r"decoded"):
        probe(patched(CLIP, mdat.payload, bytes(mdat.end - mdat.payload)))


def test_a_clip_without_frames_is_corrupt():
    data = remuxed(CLIP, movflags="frag_keyframe+empty_moov+default_base_moof")
    index_only = data[: next(box for box in boxes(data) if box.kind == b"moof").start]

    with pytest.raises(CorruptVideo):
        probe(index_only)


def test_pictures_larger_than_any_clip_are_refused_before_they_take_memory():
    data = encode(np.zeros((1, 2064, 2064, 3), np.uint8), 8)

    with pytest.raises(CorruptVideo):
        probe(data)


@pytest.mark.parametrize("kind", [b"stts", b"stsc", b"stsz", b"stco", b"stss", b"ctts"])
@pytest.mark.parametrize("count", [MAX_FRAMES, 2**24, 2**31, 2**32 - 1])
def test_a_table_that_promises_more_than_it_holds_is_refused(kind, count):
    box = table(FOREIGN, kind)
    count_at = box.payload + (8 if kind == b"stsz" else 4)

    with pytest.raises(CorruptVideo, match="longer than the room"):
        probe(patched(FOREIGN, count_at, count.to_bytes(4, "big")))


def test_frames_promised_without_a_table_are_refused():
    """One constant size for all frames needs no room in the file: twelve bytes that would cost gigabytes."""
    sizes = table(CLIP, b"stsz")
    durations = table(CLIP, b"stts")

    for data in (
        patched(CLIP, sizes.payload + 4, b"\0\0\0\1" + (2**27).to_bytes(4, "big")),
        patched(CLIP, durations.payload + 8, b"\xff\xff\xff\xff"),
    ):
        with pytest.raises(CorruptVideo, match="more than a clip can hold"):
            probe(data)


def test_frames_that_claim_the_same_bytes_again_and_again_are_refused():
    data = index_last(CLIP)
    mdat = next(box for box in boxes(data) if box.kind == b"mdat")
    whole = (mdat.end - mdat.payload).to_bytes(4, "big")
    one_size = patched(data, table(data, b"stsz").payload + 4, whole + (1000).to_bytes(4, "big"))
    one_per_chunk = patched(one_size, table(data, b"stsc").payload + 12, b"\0\0\0\1")
    chunks = (16 + 4 * 1000).to_bytes(4, "big") + b"stco" + bytes(4) + (1000).to_bytes(4, "big")
    greedy = with_table(one_per_chunk, b"stco", chunks + mdat.payload.to_bytes(4, "big") * 1000)

    with pytest.raises(CorruptVideo, match="not where its index says"):
        probe(greedy)


def test_boxes_nested_without_end_are_refused():
    inner = b""
    for _ in range(5000):
        inner = (len(inner) + 8).to_bytes(4, "big") + b"moov" + inner

    with pytest.raises(CorruptVideo, match="nested"):
        probe(CLIP[:32] + inner)


def test_millions_of_boxes_are_refused_in_little_memory():
    data = CLIP[:32] + b"\0\0\0\x08free" * 1_000_000
    tracemalloc.start()
    try:
        with pytest.raises(CorruptVideo, match="far too many"):
            probe(data)
        assert tracemalloc.get_traced_memory()[1] < 4 * len(data)
    finally:
        tracemalloc.stop()


def test_many_tracks_of_many_boxes_are_refused_too():
    track = b"\0\0\x1f\x48trak" + b"\0\0\0\x08free" * 1_000
    data = CLIP[:32] + (8 + 60 * len(track)).to_bytes(4, "big") + b"moov" + track * 60

    with pytest.raises(CorruptVideo, match="far too many"):
        probe(data)


def test_a_clip_cut_anywhere_is_corrupt_or_still_a_video():
    index_first, index_at_end = clip(3, 32, 32), index_last(clip(3, 32, 32))
    for data in (index_first, index_at_end):
        for length in range(0, len(data), 7):
            with pytest.raises(CorruptVideo):
                probe(data[:length])


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 1100), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6))
def test_a_clip_with_any_bytes_of_its_index_changed_is_a_video_or_corrupt(changes):
    data = CLIP
    for at, value in changes:
        data = patched(data, at, value)
    try:
        video = probe(data)
        poster(data)
        fit(data, len(data) // 2)
    except (CorruptVideo, CannotFit):
        return
    assert video.frames > 0


def test_a_poster_is_a_small_jpeg_of_the_first_frame():
    red = np.full((3, 128, 960, 3), COLOURS["red"], np.uint8)

    picture = Image.open(io.BytesIO(poster(encode(red, 8))))

    assert (picture.format, picture.size) == ("JPEG", (640, 85))
    assert np.abs(np.asarray(picture).astype(float) - COLOURS["red"]).max() <= 6


def test_a_small_clip_keeps_its_size_on_its_poster():
    assert Image.open(io.BytesIO(poster(CLIP))).size == (64, 64)


def test_there_is_no_poster_of_what_is_no_video():
    with pytest.raises(CorruptVideo):
        poster(b"not a video")


def test_edits_and_fragments_cannot_multiply_frames():
    """Each edit may list all frames again, and a fragment's run may promise frames without a byte for each."""
    edits = b"\0\0\1\0elst" + bytes(4) + (20).to_bytes(4, "big") + b"\0\0\0\1\0\0\0\0\0\1\0\0" * 20
    run = b"\0\0\0\x10trun" + bytes(4) + (2**27).to_bytes(4, "big")
    fragment = b"\0\0\0\x20moof" + b"\0\0\0\x18traf" + run

    for extra in (edits, fragment):
        with pytest.raises(CorruptVideo, match="more than a clip can hold"):
            probe(CLIP + extra)


def test_a_file_far_larger_than_a_clip_is_not_even_read_through():
    with pytest.raises(CorruptVideo, match="far larger"):
        probe(bytes(MAX_BYTES + 1))
