"""Boxes are read without trust, and the index moves to the front without losing a frame."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clips import CLIP, frames_of, index_last, patched, table, with_table, with_wide_box
from generation.mp4 import faststart, is_mp4, probe
from generation.mp4.boxes import boxes
from generation.protocol.errors import CorruptVideo


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


def test_a_last_outer_box_of_size_zero_reaches_to_the_end_but_an_inner_one_is_corrupt():
    data = b"\0\0\0\x0cfree____" + b"\0\0\0\0mdat" + bytes(20)

    assert [(box.kind, box.end) for box in boxes(data)] == [(b"free", 12), (b"mdat", 40)]
    with pytest.raises(CorruptVideo):
        list(boxes(data, 12, 40))


def test_far_too_many_boxes_are_refused():
    with pytest.raises(CorruptVideo, match="far too many"):
        list(boxes(b"\0\0\0\x08free" * 10_001))


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
