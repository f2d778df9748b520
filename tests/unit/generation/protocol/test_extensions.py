"""What goes beyond fal's endpoints: windows, loops, seconds, and how it stays away from fal."""

import json

import pytest
from pydantic import ValidationError

from factories import a_request
from generation.protocol.errors import InvalidRequest
from generation.protocol.extensions.capabilities import Capability, capabilities_named, needed_by
from generation.protocol.extensions.checks import check_extensions
from generation.protocol.extensions.loops import Loop, shown_order
from generation.protocol.extensions.windows import Windows, windows_for, windows_of
from generation.protocol.request import (
    EXTENSIONS,
    GenerationRequest,
)
from generation.protocol.work import denoising_work, forwards, relative_work

FALS_FIELDS = set(GenerationRequest.model_fields) - EXTENSIONS - {"endpoint"}


# Windows


def test_what_the_motion_model_sees_at_once_is_one_window():
    assert [windows_of(frames) for frames in (1, 16, 32)] == [Windows(n, n) for n in (1, 16, 32)]


@pytest.mark.parametrize(
    ("frames", "closed", "starts"),
    [
        (33, False, (0, 8, 17)),
        (64, False, (0, 12, 24, 36, 48)),
        (16, True, (0, 8)),
        (48, True, (0, 12, 24, 36)),
        (8, True, (0, 4)),
    ],
)
def test_windows_cover_the_clip_or_go_round_it(frames, closed, starts):
    windows = windows_of(frames, is_closed=closed)
    assert windows.starts == starts
    assert {place for window in windows.indices for place in window} == set(range(frames))


@pytest.mark.parametrize("closed", [False, True])
def test_windows_of_every_length_share_four_frames_and_show_no_frame_twice(closed):
    for frames in range(33, 129):
        windows = windows_of(frames, is_closed=closed)
        pairs = zip(windows.indices, windows.indices[1:], strict=False)
        assert all(len(set(one) & set(other)) >= 4 for one, other in pairs)
        assert all(len(set(window)) == 16 for window in windows.indices)


def test_a_windows_middle_counts_most():
    assert windows_of(64).weights == (1, 2, 3, 4, 5, 6, 7, 8, 8, 7, 6, 5, 4, 3, 2, 1)


# Lengths


def test_seconds_are_so_many_frames_and_go_before_the_number_of_frames():
    assert a_request(seconds=2.5, num_frames=32).frames == 20
    assert a_request(seconds=8, fps=12).frames == 96


def test_a_ping_pong_plays_there_and_back_without_either_end_twice():
    request = a_request(num_frames=4, loop=Loop.PING_PONG)
    assert (request.frames, request.duration_seconds) == (4, 6 / 8)
    assert [*shown_order(4, Loop.PING_PONG)] == [0, 1, 2, 3, 2, 1]
    # its seconds count both ways
    assert a_request(seconds=4, loop=Loop.PING_PONG).frames == 17
    assert a_request(seconds=4, loop=Loop.PING_PONG).duration_seconds == 4


@pytest.mark.parametrize("seconds", [0, 0.5, -4, 129, 1e9, float("nan"), float("inf"), "soon"])
def test_absurd_seconds_are_refused(seconds):
    with pytest.raises(ValidationError):
        a_request(seconds=seconds)


@pytest.mark.parametrize(("loop", "frames"), [(Loop.SEAMLESS, 7), (Loop.SEAMLESS, 4), (Loop.PING_PONG, 2)])
def test_a_loop_of_too_few_frames_is_refused(loop, frames):
    with pytest.raises(InvalidRequest) as refused:
        check_extensions(a_request(loop=loop, num_frames=frames))
    assert refused.value.violations[0].field == "loop"
    check_extensions(a_request(loop=loop, num_frames=8))
    check_extensions(a_request(num_frames=frames))


@pytest.mark.parametrize(
    "fields",
    [
        {"fps": 16, "smooth_fps": 16},
        {"fps": 30, "smooth_fps": 24},
        {"seconds": 9, "smooth_fps": 16},
        {"num_frames": 32, "video_size": "square_hd", "smooth_fps": 24},
        {"num_frames": 32, "loop": "ping-pong", "video_size": "landscape_16_9", "smooth_fps": 24},
    ],
)
def test_what_cannot_be_made_smooth_or_would_take_too_long_is_refused(fields):
    with pytest.raises(InvalidRequest) as refused:
        check_extensions(a_request(**fields))
    assert [violation.field for violation in refused.value.violations] == ["smooth_fps"]
    check_extensions(a_request(**fields | {"smooth_fps": None}))


@pytest.mark.parametrize("smooth_fps", [0, 8, 17, 25, 32, 1e9, "fast"])
def test_smooth_is_one_of_two_rates(smooth_fps):
    with pytest.raises(ValidationError):
        a_request(smooth_fps=smooth_fps)


# Work, of which prices are made


def test_a_long_clip_costs_what_its_windows_cost():
    assert relative_work(a_request()) == 1
    assert relative_work(a_request(seconds=8)) == 5
    assert relative_work(a_request(loop=Loop.SEAMLESS)) == 2
    assert relative_work(a_request(loop=Loop.PING_PONG)) == 1
    assert relative_work(a_request(smooth_fps=24)) == 1
    assert denoising_work(a_request(seconds=4)) == denoising_work(a_request(num_frames=32))


def test_decoding_counts_each_frame_once():
    plain, loop = a_request(), a_request(loop=Loop.SEAMLESS)
    assert forwards(loop) - forwards(plain) == pytest.approx(2 * 25 * 16)


# Capabilities, and what fal gets


@pytest.mark.parametrize(
    ("fields", "needs"),
    [
        ({}, set()),
        ({"seconds": 4}, set()),
        ({"seconds": 5}, {Capability.LENGTH}),
        ({"loop": Loop.PING_PONG}, {Capability.LOOP}),
        ({"smooth_fps": 24}, {Capability.SMOOTH}),
        ({"seconds": 8, "loop": Loop.SEAMLESS}, {Capability.LENGTH, Capability.LOOP}),
    ],
)
def test_a_request_says_what_a_backend_must_offer(fields, needs):
    assert needed_by(a_request(**fields)) == needs


@pytest.mark.parametrize("fields", [{}, {"seconds": 1}, {"seconds": 4}, {"num_frames": 7, "motions": ["zoom-in"]}])
def test_what_fal_can_make_is_exactly_in_its_schema(fields):
    request = a_request(**fields)
    assert needed_by(request) == frozenset()
    assert request.to_input().keys() <= FALS_FIELDS
    assert request.to_input()["num_frames"] == request.frames


def test_what_our_worker_gets_makes_the_same_clip():
    for fields in ({"seconds": 8}, {"seconds": 9, "loop": "ping-pong", "fps": 10}, {"loop": "seamless"}):
        request = a_request(**fields)
        assert windows_for(GenerationRequest.model_validate(request.to_input())) == windows_for(request)


def test_a_request_that_asks_for_nothing_beyond_reads_as_it_always_did():
    stored = a_request().model_dump_json()
    assert not json.loads(stored).keys() & EXTENSIONS
    assert GenerationRequest.model_validate_json(stored) == a_request()


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (["loop", "length", "holograms", 4, None], {Capability.LOOP, Capability.LENGTH}),
        ("loop", set()),
        (None, set()),
        ({"loop": False}, {Capability.LOOP}),
        (["x"] * 100_000 + ["loop"], set()),
    ],
)
def test_of_a_health_page_only_known_capabilities_are_read(names, known):
    assert capabilities_named(names) == known
