"""Clips as MP4: what encode promises, what probe believes, what fit keeps to, and what hostile files cannot do."""

import io
import tempfile
import tracemalloc
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from generation.errors import CannotFit, CorruptVideo
from generation.mp4 import (
    BT709,
    Change,
    ColourTags,
    Video,
    encode,
    faststart,
    fit,
    is_mp4,
    poster,
    probe,
)
from generation.mp4.boxes import boxes, descend
from generation.mp4.encode import Picture, write
from generation.mp4.vetting import MAX_FRAMES

COLOURS = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "grey": (128, 128, 128),
    "skin": (224, 172, 105),
}


def moving_frames(count=4, height=64, width=64, noise=8.0):
    """Waves that move, with grain, so that there is something to code in every frame."""
    luck = np.random.default_rng(7)
    y, x = np.mgrid[:height, :width]
    waves = [
        np.stack([np.sin((x + 4 * t) / 31 + y / 50), np.sin((y - 3 * t) / 43), np.sin((x + y + 5 * t) / 60)], -1)
        for t in range(count)
    ]
    grainy = 127 + 120 * np.array(waves) + luck.normal(0, noise, (count, height, width, 3))
    return np.clip(grainy, 0, 255).astype(np.uint8)


def decoded_by_bt709(data):
    """All frames as RGB, by the matrix of BT.709 in limited range, written out here apart from FFmpeg's converter."""
    with av.open(io.BytesIO(data)) as container:
        planes = [frame.to_ndarray(format="yuv420p").astype(float) for frame in container.decode(video=0)]
        height, width = container.streams.video[0].height, container.streams.video[0].width
    return np.array([_rgb(plane, height, width) for plane in planes])


def _rgb(plane, height, width):
    luma = (plane[:height] - 16) / 219
    blue, red = (
        (half.reshape(height // 2, width // 2).repeat(2, 0).repeat(2, 1) - 128) / 224
        for half in np.split(plane[height:], 2)
    )
    rgb = np.stack([luma + 1.5748 * red, luma - 0.1873 * blue - 0.4681 * red, luma + 1.8556 * blue], -1)
    return np.clip(rgb, 0, 1) * 255


def clip(count=4, height=64, width=64, fps=8, **kwargs):
    return encode(moving_frames(count, height, width), fps, **kwargs)


def remuxed(data, **options):
    """The same coded frames in another container layout."""
    out = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(out, "w", format="mp4", options=options) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    return out.getvalue()


def coded_otherwise(codec="libx264", container="mp4", *, pixel_format="yuv420p", count=3, size=(64, 64), **coding):
    """A clip as somebody else's encoder writes it."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as target:
        stream = target.add_stream(codec, rate=8)
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        for name, value in coding.items():
            setattr(stream.codec_context, name, value)
        for frame in moving_frames(count, size[1], size[0]):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format=pixel_format)))
        target.mux(stream.encode(None))
    return out.getvalue()


def with_wide_box(data, kind):
    """The same file with the 64-bit form of one outer box's header; offsets of mdat's content move by 8 bytes."""
    parts = []
    for box in boxes(data):
        content = data[box.payload : box.end]
        if box.kind == kind:
            parts.append(b"\0\0\0\1" + kind + (len(content) + 16).to_bytes(8, "big") + content)
        else:
            parts.append(data[box.start : box.end])
    return b"".join(parts)


def table(data, kind):
    """A table of the sample index."""
    moov = next(box for box in boxes(data) if box.kind == b"moov")
    return next(descend(data, moov, b"trak", b"mdia", b"minf", b"stbl", kind))


def with_table(data, kind, replacement):
    """A file whose index comes last, with one table replaced by another box; the boxes around it grow or shrink."""
    old, moov = table(data, kind), next(box for box in boxes(data) if box.kind == b"moov")
    path = (b"trak", b"mdia", b"minf", b"stbl")
    around = [moov] + [next(descend(data, moov, *path[:depth])) for depth in (1, 2, 3, 4)]
    changed = bytearray(data)
    for box in around:
        size = box.end - box.start + len(replacement) - (old.end - old.start)
        changed[box.start : box.start + 4] = size.to_bytes(4, "big")
    return bytes(changed[: old.start] + replacement + changed[old.end :])


def patched(data, at, value):
    return data[:at] + value + data[at + len(value) :]


CLIP = clip()
FOREIGN = coded_otherwise(count=8)  # with B-frames, which ours have not


# encode


@pytest.mark.parametrize("fps", [1, 8, 24, 30])
@pytest.mark.parametrize(("height", "width"), [(64, 64), (72, 104), (512, 512)])
def test_an_encoded_clip_is_h264_high_tagged_bt709_index_first_and_exactly_as_long_as_its_frames(height, width, fps):
    data = clip(5, height, width, fps)

    assert probe(data) == Video(
        codec="h264",
        profile="High",
        pixel_format="yuv420p",
        width=width,
        height=height,
        frames=5,
        fps=Fraction(fps),
        duration_seconds=5 / fps,
        colour=BT709,
        faststart=True,
        size_bytes=len(data),
    )


@pytest.mark.parametrize("fps", [8, 24])
def test_the_rate_is_constant_and_every_frame_is_shown_at_its_time(fps):
    with av.open(io.BytesIO(clip(12, fps=fps))) as container:
        times = [Fraction(frame.pts) * Fraction(frame.time_base) for frame in container.decode(video=0)]

    assert times == [Fraction(number, fps) for number in range(12)]


def test_the_whole_file_lasts_as_long_as_its_frames():
    with av.open(io.BytesIO(clip(5, fps=24))) as container:
        assert container.duration == round(5 / 24 * av.time_base)
        assert [stream.type for stream in container.streams] == ["video"]


def test_one_frame_makes_a_clip():
    video = probe(clip(1, fps=8))

    assert (video.frames, video.duration_seconds, video.profile) == (1, 1 / 8, "High")


def test_odd_sides_are_cropped_not_scaled():
    frames = moving_frames(2, 65, 67)

    assert encode(frames, 8) == encode(frames[:, :64, :66], 8)


@pytest.mark.parametrize(("height", "width"), [(72, 104), (128, 160)])
def test_equal_frames_give_equal_bytes_whatever_lies_in_memory(height, width):
    frames, luck = moving_frames(6, height, width), np.random.default_rng(1)
    files = set()
    for _ in range(20):
        leftovers = [luck.bytes(int(size)) for size in luck.integers(1_000, 400_000, 6)]
        files.add(encode(frames.copy(), 8, metadata={"title": "a boat"}))
        del leftovers

    assert len(files) == 1


def test_frames_that_lie_scattered_in_memory_give_the_same_bytes():
    frames = moving_frames(3)

    assert encode(np.flip(np.flip(frames, 2).copy(), 2), 8) == encode(frames, 8)


@pytest.mark.parametrize("name", COLOURS)
def test_pure_colours_come_back_within_four_steps(name):
    frames = np.full((2, 64, 64, 3), COLOURS[name], np.uint8)

    error = np.abs(decoded_by_bt709(encode(frames, 8)) - frames)

    assert error.max() <= 4


def test_gradients_come_back_within_four_steps():
    ramp = np.linspace(0, 255, 512)
    down, along = np.meshgrid(ramp, ramp, indexing="ij")
    gradient = np.stack([along, down, (along + down) / 2], -1).astype(np.uint8)

    error = np.abs(decoded_by_bt709(encode(np.stack([gradient] * 2), 8)) - gradient)

    assert (error <= 4).mean() > 0.9999  # the rest is the rounding of halved colour, not a wrong matrix (up to 40)
    assert (error.max() <= 6, error.mean() < 1) == (True, True)


def test_metadata_is_what_players_show_and_text_cannot_break_it():
    data = clip(metadata={"title": "a paper boat ⛵", "comment": "nul\0 and \ud800 half"})

    with av.open(io.BytesIO(data)) as container:
        shown = {field: container.metadata[field] for field in ("title", "comment")}
    assert shown == {"title": "a paper boat ⛵", "comment": "nul  and ? half"}
    assert b"Lavf" not in data


@pytest.mark.parametrize("crf", [1, 51])
def test_all_qualities_stay_playable(crf):
    assert probe(clip(crf=crf)).profile == "High"


@pytest.mark.parametrize("preset", ["superfast", "medium"])
def test_all_presets_keep_the_profile(preset):
    assert probe(clip(preset=preset)).profile == "High"


@pytest.mark.parametrize(
    ("frames", "fps", "options"),
    [
        (np.zeros((0, 64, 64, 3), np.uint8), 8, {}),
        (np.zeros((2, 64, 64), np.uint8), 8, {}),
        (np.zeros((2, 64, 64, 4), np.uint8), 8, {}),
        (np.zeros((2, 64, 64, 3), np.float32), 8, {}),
        (np.zeros((2, 8, 64, 3), np.uint8), 8, {}),
        (moving_frames(1), 0, {}),
        (moving_frames(1), 241, {}),
        (moving_frames(1), 8, {"crf": 0}),
        (moving_frames(1), 8, {"crf": 52}),
        (moving_frames(1), 8, {"preset": "ultrafast"}),
        (moving_frames(1), 8, {"metadata": {"favourite_colour": "blue"}}),
    ],
)
def test_frames_or_settings_that_make_no_clip_are_refused(frames, fps, options):
    with pytest.raises(ValueError, match=r"frames must|no such settings|no metadata fields"):
        encode(frames, fps, **options)


# boxes


def test_is_mp4_knows_the_brands_of_mp4():
    assert is_mp4(CLIP[:32])
    assert is_mp4(b"\0\0\0\x14ftypXXXX\0\0\2\0isom")


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0\0\0\x18ftyp",
        b"<!DOCTYPE html><html><head></head>",
        b"GIF89a" + bytes(40),
        b"\0\0\0\x18ftypqt  \0\0\2\0qt  ",
        b"\0\0\0\x18ftypavif\0\0\0\0avifmif1",
        b"\xff\xff\xff\xffftypisom\0\0\2\0isom",
        b"\0\0\0\x08ftypisom\0\0\2\0isom",
    ],
)
def test_is_mp4_refuses_what_says_it_is_something_else(head):
    assert not is_mp4(head)


box_trees = st.lists(st.tuples(st.binary(min_size=4, max_size=4), st.binary(max_size=40), st.booleans()), max_size=8)


@given(box_trees)
def test_boxes_written_are_boxes_read(written):
    data = b"".join(
        b"\0\0\0\1" + kind + (len(content) + 16).to_bytes(8, "big") + content
        if wide
        else (len(content) + 8).to_bytes(4, "big") + kind + content
        for kind, content, wide in written
    )

    assert [(box.kind, data[box.payload : box.end]) for box in boxes(data)] == [
        (kind, content) for kind, content, _ in written
    ]


@given(st.binary(max_size=200))
def test_any_bytes_are_boxes_that_fill_them_or_corrupt(data):
    try:
        read = list(boxes(data))
    except CorruptVideo:
        return
    assert [box.start for box in read] + [len(data)] == [0] + [box.end for box in read]
    assert all(box.start + 8 <= box.payload <= box.end for box in read)


def test_a_last_outer_box_of_size_zero_reaches_to_the_end_but_an_inner_one_is_nonsense():
    data = b"\0\0\0\x0cfree____" + b"\0\0\0\0mdat" + bytes(20)

    assert [(box.kind, box.end) for box in boxes(data)] == [(b"free", 12), (b"mdat", 40)]
    with pytest.raises(CorruptVideo):
        list(boxes(data, 12, 40))


def test_far_too_many_boxes_are_refused():
    with pytest.raises(CorruptVideo, match="far too many"):
        list(boxes(b"\0\0\0\x08free" * 10_001))


# faststart


def index_last(data):
    return remuxed(data, fflags="+bitexact")


def frames_of(data):
    with av.open(io.BytesIO(data)) as container:
        return [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]


def test_the_index_moves_to_the_front_and_every_frame_stays():
    data = index_last(CLIP)

    moved = faststart(data)

    assert [box.kind for box in boxes(data)] == [b"ftyp", b"free", b"mdat", b"moov"]
    assert [box.kind for box in boxes(moved)] == [b"ftyp", b"free", b"moov", b"mdat"]
    assert (len(moved), frames_of(moved)) == (len(data), frames_of(CLIP))
    assert (probe(data).faststart, probe(moved)) == (False, replace(probe(data), faststart=True))


def test_what_is_in_order_stays_the_very_same_bytes():
    assert faststart(CLIP) is CLIP


def test_an_index_of_unknown_size_or_with_a_wide_header_moves_too():
    data = index_last(CLIP)
    moov = next(box for box in boxes(data) if box.kind == b"moov")

    open_ended = faststart(patched(data, moov.start, bytes(4)))
    wide = faststart(with_wide_box(data, b"moov"))

    assert open_ended == faststart(data)
    assert frames_of(wide) == frames_of(CLIP)


def test_wide_offsets_are_moved_too():
    data = index_last(CLIP)
    stco = table(data, b"stco")
    co64 = b"\0\0\0\x18co64" + bytes(4) + b"\0\0\0\1" + bytes(4) + data[stco.payload + 8 : stco.end]

    assert frames_of(faststart(with_table(data, b"stco", co64))) == frames_of(CLIP)


def test_an_index_that_points_into_itself_or_beyond_its_room_is_refused():
    data = index_last(CLIP)
    stco, moov = table(data, b"stco"), next(box for box in boxes(data) if box.kind == b"moov")

    with pytest.raises(CorruptVideo, match="points into itself"):
        faststart(patched(data, stco.payload + 8, (moov.start + 1).to_bytes(4, "big")))
    with pytest.raises(CorruptVideo, match="longer than the room"):
        faststart(patched(data, stco.payload + 4, b"\xff\xff\xff\xff"))


def test_a_file_without_index_or_pictures_cannot_be_reordered():
    with pytest.raises(CorruptVideo, match="no index or no pictures"):
        faststart(b"\0\0\0\x08free")


# probe


def test_a_path_is_probed_like_its_bytes(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(CLIP)

    assert probe(path) == probe(CLIP)


def test_a_missing_path_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "gone.mp4")


def test_a_clip_of_another_encoder_is_told_as_it_is():
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
def test_what_is_no_playable_h264_mp4_is_told_in_a_sentence(data, sentence):
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


# fit


NOISY = encode(moving_frames(8, 128, 160, noise=20), 8, crf=10)


def test_a_clip_that_fits_is_handed_back_as_it_is():
    fitted = fit(CLIP, len(CLIP))

    assert fitted.data is CLIP
    assert (fitted.change, fitted.video) == (Change.NOTHING, probe(CLIP))


@pytest.mark.parametrize("percent", [90, 50, 25, 10])
def test_a_clip_too_large_keeps_its_shape_as_long_as_bits_allow(percent):
    limit = len(NOISY) * percent // 100

    fitted = fit(NOISY, limit)

    assert len(fitted.data) <= limit
    assert fitted.change is Change.BIT_RATE
    assert fitted.video == replace(probe(NOISY), size_bytes=len(fitted.data)) == probe(fitted.data)


def test_below_that_it_gets_smaller_and_then_slower_but_never_shorter():
    data = encode(moving_frames(16, 256, 256, noise=20), 8, crf=10)

    steps = [fit(data, limit) for limit in range(5_000, 1_700, -400)]

    shapes = [(step.change, step.video.width, step.video.height, step.video.frames, step.video.fps) for step in steps]
    assert list(dict.fromkeys(shapes)) == [
        (Change.BIT_RATE, 256, 256, 16, 8),
        (Change.SIZE, 192, 192, 16, 8),
        (Change.SIZE, 128, 128, 16, 8),
        (Change.FRAME_RATE, 128, 128, 8, 4),
    ]
    assert sorted(shapes, key=shapes.index) == shapes
    assert {step.video.duration_seconds for step in steps} == {2.0}


def test_no_result_is_ever_above_its_limit():
    smallest = 1_900
    for limit in range(smallest, len(NOISY), len(NOISY) // 12):
        assert len(fit(NOISY, limit).data) <= limit


@pytest.mark.parametrize("limit", [-1, 0, 1, 1_000])
def test_what_not_even_the_smallest_encoding_meets_cannot_fit(limit):
    with pytest.raises(CannotFit) as refusal:
        fit(NOISY, limit)
    assert refusal.value.limit_bytes == limit


def test_a_single_frame_is_made_to_fit():
    data = encode(moving_frames(1, 128, 128, noise=20), 8)

    fitted = fit(data, len(data) * 3 // 4)

    assert len(fitted.data) <= len(data) * 3 // 4
    assert (fitted.change, fitted.video.frames, fitted.video.duration_seconds) == (Change.BIT_RATE, 1, 1 / 8)


def test_fitting_twice_gives_equal_bytes():
    assert fit(NOISY, len(NOISY) // 3).data == fit(NOISY, len(NOISY) // 3).data


def test_fitting_keeps_metadata_that_is_given_again():
    fitted = fit(NOISY, len(NOISY) // 2, metadata={"title": "a boat"})

    with av.open(io.BytesIO(fitted.data)) as container:
        assert container.metadata["title"] == "a boat"


def test_fitting_works_where_the_temporary_folder_has_an_awkward_name(tmp_path, monkeypatch):
    folder = tmp_path / "a:b=c, d"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    assert len(fit(NOISY, len(NOISY) // 2).data) <= len(NOISY) // 2
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("coding", "tags"),
    [
        ({}, ColourTags(2, 2, 2, 0)),
        ({"colorspace": 6, "color_primaries": 6, "color_trc": 6, "color_range": 1}, ColourTags(6, 6, 6, 1)),
        ({"colorspace": 9, "color_primaries": 9, "color_trc": 14, "color_range": 1}, ColourTags(2, 2, 2, 0)),
    ],
)
def test_fitting_leaves_a_strangers_colours_as_they_were(coding, tags):
    data = coded_otherwise(count=8, size=(128, 128), **coding)

    fitted = fit(data, len(data) * 9 // 10)

    assert fitted.video.colour == tags
    assert np.abs(decoded_by_bt709(fitted.data) - decoded_by_bt709(data)).mean() < 4


def test_fitting_turns_full_range_into_what_players_expect():
    data = coded_otherwise(pixel_format="yuvj420p", count=8, size=(128, 128), color_range=2)

    fitted = fit(data, len(data) * 9 // 10)

    with av.open(io.BytesIO(data)) as container:
        wanted = np.array([frame.to_ndarray(format="gray") for frame in container.decode(video=0)]).astype(float)
    with av.open(io.BytesIO(fitted.data)) as container:
        got = np.array([frame.to_ndarray(format="gray") for frame in container.decode(video=0)]).astype(float)
    assert (fitted.video.pixel_format, fitted.video.colour.range) == ("yuv420p", 0)
    assert np.abs(got - wanted).mean() < 4


def test_fitting_what_is_no_video_is_corrupt_even_when_it_is_small_enough():
    with pytest.raises(CorruptVideo):
        fit(b"<html>", 1_000_000)


def test_a_clip_that_changes_its_size_while_it_plays_is_not_re_encoded():
    small, large = coded_otherwise(size=(32, 32)), coded_otherwise(size=(96, 96))
    parts = [_annex_b_packets(data) for data in (small, large)]
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as target, av.open(io.BytesIO(small)) as source:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, content in enumerate(parts[0] + parts[1]):
            packet = av.Packet(content)
            packet.stream, packet.time_base, packet.pts, packet.dts = stream, Fraction(1, 8), number, number
            target.mux(packet)
    data = out.getvalue()

    assert probe(data).width == 32
    with pytest.raises(CorruptVideo, match="changes its size"):
        fit(data, len(data) // 2)


def _annex_b_packets(data):
    """Packets that carry their own parameter sets, so that a second clip can follow the first."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        unpacked = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [bytes(packet) for packet in container.demux(stream) for packet in unpacked.filter(packet)]
    return [_length_prefixed(packet) for packet in packets]


def _length_prefixed(packet):
    units = [unit.rstrip(b"\0") for unit in packet.split(b"\0\0\1") if unit.rstrip(b"\0")]
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


# poster


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


# write


def test_uneven_rates_last_exactly_as_long_too():
    frames = (av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="yuv420p") for frame in moving_frames(5))

    video = probe(write(frames, Picture(64, 64, Fraction(24000, 1001)), {"crf": "18"}))

    assert (video.frames, video.fps) == (5, Fraction(24000, 1001))
