"""A clip made to fit is never above its limit and changes as little as it can."""

import io
import tempfile
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from clips import CLIP, coded_otherwise, decoded_by_bt709, moving_frames
from generation.mp4 import Change, ColourTags, encode, fit, probe
from generation.protocol.errors import CannotFit, CorruptVideo

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

    steps = [fit(data, limit) for limit in (6_000, 4_000, 3_000, 2_000)]

    shapes = [(step.change, step.video.width, step.video.height, step.video.frames, step.video.fps) for step in steps]
    assert shapes == [
        (Change.BIT_RATE, 256, 256, 16, 8),
        (Change.SIZE, 192, 192, 16, 8),
        (Change.SIZE, 128, 128, 16, 8),
        (Change.FRAME_RATE, 128, 128, 8, 4),
    ]
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
def test_fitting_leaves_the_colours_of_other_encoders_as_they_are(coding, tags):
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
    """Packets with their own parameter sets, so that a second clip can follow the first."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        unpacked = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [bytes(packet) for packet in container.demux(stream) for packet in unpacked.filter(packet)]
    return [_length_prefixed(packet) for packet in packets]


def _length_prefixed(packet):
    units = [unit.rstrip(b"\0") for unit in packet.split(b"\0\0\1") if unit.rstrip(b"\0")]
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
