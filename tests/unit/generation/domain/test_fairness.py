"""Fair order: servers share, members of a server share, age decides between equals, and no job waits without end."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from factories import NOW, a_channel, a_job, a_request, a_server, a_user, later
from generation.domain.fairness import SECONDS_PER_CLIP, in_fair_order
from generation.domain.job import Job
from generation.protocol.request import Endpoint
from generation.protocol.work import absolute_work


def a_waiting_job(server: str = "s", user: str = "u", *, age: float = 0.0, **request: object) -> Job:
    return a_job(
        channel=a_channel(server=a_server(server)),
        requested_by=a_user(user),
        created_at=NOW - timedelta(seconds=age),
        request=a_request(**request),
    )


def test_between_equals_the_oldest_goes_first() -> None:
    young, old, middle = (a_waiting_job(server, age=age) for server, age in (("a", 1), ("b", 9), ("c", 5)))
    assert in_fair_order([young, old, middle], [], NOW) == [old, middle, young]


def test_the_server_with_the_least_in_flight_goes_first() -> None:
    busy, idle = a_waiting_job("busy", age=50), a_waiting_job("idle", age=1)
    assert in_fair_order([busy, idle], [a_waiting_job("busy")], NOW) == [idle, busy]


def test_servers_alternate_however_many_jobs_one_of_them_has() -> None:
    many = [a_waiting_job("many", str(n), age=50 - n) for n in range(4)]
    few = [a_waiting_job("few", age=2), a_waiting_job("few", age=1)]
    assert in_fair_order([*many, *few], [], NOW) == [many[0], few[0], many[1], few[1], many[2], many[3]]


def test_members_of_a_server_alternate() -> None:
    eager = [a_waiting_job("s", "eager", age=50 - n) for n in range(3)]
    modest = a_waiting_job("s", "modest", age=1)
    assert in_fair_order([*eager, modest], [], NOW) == [eager[0], modest, eager[1], eager[2]]


def test_large_clips_weigh_more_than_small_ones() -> None:
    large, small = a_waiting_job("large", num_frames=32), a_waiting_job("small", num_frames=8)
    waiting = [a_waiting_job("large", age=5), a_waiting_job("small", age=1)]
    assert in_fair_order(waiting, [large, small], NOW) == waiting[::-1]


def test_a_turbo_job_passes_a_standard_one_at_equal_priority_only() -> None:
    standard, turbo = a_waiting_job("a", age=9), a_waiting_job("b", age=1, endpoint=Endpoint.TURBO)
    assert in_fair_order([standard, turbo], [], NOW) == [turbo, standard]
    assert in_fair_order([standard, turbo], [a_waiting_job("b")], NOW) == [standard, turbo]


def test_waiting_raises_the_priority_of_a_busy_servers_job() -> None:
    idle = a_waiting_job("idle", age=1)
    in_flight = [a_waiting_job("busy"), a_waiting_job("busy")]
    impatient, patient = a_waiting_job("busy", age=SECONDS_PER_CLIP), a_waiting_job("busy", age=3 * SECONDS_PER_CLIP)
    assert in_fair_order([idle, impatient], in_flight, NOW) == [idle, impatient]
    assert in_fair_order([idle, patient], in_flight, NOW) == [patient, idle]


def test_a_clock_that_was_turned_back_changes_nothing() -> None:
    jobs = [a_waiting_job("a", age=-50), a_waiting_job("b", age=5)]
    assert in_fair_order(jobs, [], NOW) == jobs[::-1]


def test_the_weight_is_one_scale_for_both_endpoints() -> None:
    assert absolute_work(a_request()) == 1.0
    assert absolute_work(a_request(endpoint=Endpoint.TURBO)) == 4 / 25
    assert (
        absolute_work(a_request(num_frames=32, num_inference_steps=50, video_size={"width": 256, "height": 512})) == 2.0
    )


jobs_of_some = st.lists(
    st.builds(
        a_waiting_job,
        st.sampled_from("abc"),
        st.sampled_from("xyz"),
        age=st.floats(0, 600),
        num_frames=st.sampled_from([4, 16, 32]),
        endpoint=st.sampled_from(list(Endpoint)),
    ),
    max_size=24,
)


@given(jobs_of_some, jobs_of_some)
def test_every_job_occurs_exactly_once(waiting: list[Job], in_flight: list[Job]) -> None:
    order = in_fair_order(waiting, in_flight, NOW)
    assert sorted(job.id for job in order) == sorted(job.id for job in waiting)


@given(jobs_of_some, jobs_of_some)
def test_the_order_is_that_of_choosing_anew_after_every_job(waiting: list[Job], in_flight: list[Job]) -> None:
    order, left, flying = [], list(waiting), list(in_flight)
    while left:
        first = in_fair_order(left, flying, NOW)[0]
        left.remove(first)
        flying.append(first)
        order.append(first)
    assert in_fair_order(waiting, in_flight, NOW) == order


@given(jobs_of_some)
def test_a_job_that_waits_long_enough_goes_first(others: list[Job]) -> None:
    patient = a_waiting_job("a", "x")
    in_flight = [a_waiting_job("a", "x") for _ in range(20)]
    moment = later(hours=24)
    fresh = [a_job(channel=job.channel, requested_by=job.requested_by, created_at=moment) for job in others]
    assert in_fair_order([*fresh, patient], in_flight, moment)[0] == patient
