"""The line of jobs: who may be sent, who is ahead of whom, and when each is done."""

import random
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend
from doubles.generation.observer import RecordingObserver
from factories import NOW, a_channel, a_job, a_request, a_server, a_user
from generation.backends.circuit_breaker import Breakers
from generation.domain.job import Job, JobId, JobStatus, RequestHandle
from generation.lifecycle.line import JobLine, Places, Schedule
from generation.protocol.errors import BackendUnavailable
from generation.protocol.progress import Phase, Progress, Steps
from generation.protocol.request import Endpoint


class Shelf:
    """What the database says of waiting jobs."""

    def __init__(self) -> None:
        self.pending: dict[JobId, Job] = {}
        self.asked: list[str] = []

    async def waiting_ids(self, now: Any, *, limit: int) -> list[JobId]:
        self.asked.append("ids")
        return list(self.pending)[:limit]

    async def jobs(self, ids: Any) -> list[Job]:
        self.asked.append("jobs")
        return [self.pending[each] for each in ids if each in self.pending]


def asked_by(user: str, server: str = "9001", **request: object) -> Job:
    return a_job(requested_by=a_user(user), channel=a_channel(server=a_server(server)), request=a_request(**request))


def sent(job: Job, backend: str = "worker") -> Job:
    return job.submitting(backend, NOW).queued(RequestHandle(backend, job.request.endpoint, f"r-{job.id}", 1))


def a_line(*pending: Job) -> tuple[JobLine, Shelf]:
    line, shelf = JobLine(RecordingObserver()), Shelf()
    for job in pending:
        shelf.pending[job.id] = job
        line.job_moved(job)
    return line, shelf


async def to_send(line: JobLine, shelf: Shelf, places: int, backend: str = "worker") -> list[Job]:
    await line.refresh(shelf, NOW)  # type: ignore[arg-type]
    return list(line.to_send(backend, places))


def order(line: JobLine) -> list[Job]:
    return line.in_order(10**6)


def take(line: JobLine, shelf: Shelf, job: Job, backend: str = "worker") -> Job:
    """The job is sent."""
    del shelf.pending[job.id]
    line.job_moved(job := sent(job, backend))
    return job


async def test_a_member_has_no_more_than_one_waiting_beside_those_that_can_render() -> None:
    flood = [asked_by("1") for _ in range(9)]
    line, shelf = a_line(*flood, newcomer := asked_by("2"))
    assert await to_send(line, shelf, places=2) == [flood[0], newcomer, *flood[1:3]]
    taken = [take(line, shelf, job) for job in flood[:3]]
    assert await to_send(line, shelf, places=2) == [newcomer]
    # one that renders counts too, one that has ended does not
    line.job_moved(taken[0].running(NOW))
    assert await to_send(line, shelf, places=2) == [newcomer]
    line.job_moved(taken[1].running(NOW).cancelled(NOW))
    assert await to_send(line, shelf, places=2) == [newcomer, flood[3]]


async def test_what_a_member_has_at_one_backend_leaves_the_other_free() -> None:
    flood = [asked_by("1") for _ in range(6)]
    line, shelf = a_line(*flood)
    await to_send(line, shelf, places=1)
    for job in flood[:2]:
        take(line, shelf, job)
    assert await to_send(line, shelf, places=1) == []
    assert await to_send(line, shelf, places=2, backend="fal") == flood[2:5]


async def test_what_another_process_has_taken_is_not_sent() -> None:
    free, leased = asked_by("1"), asked_by("2")
    line, shelf = a_line(free)
    line.job_moved(leased)
    assert [line.position(job.id) for job in (free, leased)] == [0, 1]
    await line.refresh(shelf, NOW)  # type: ignore[arg-type]
    # known before the database was asked, and not found there: another process has it
    assert (list(line.to_send("worker", 1)), line.position(leased.id)) == ([free], None)


async def test_what_the_database_has_said_is_kept_until_it_may_have_changed() -> None:
    line, shelf = a_line()
    asked: list[int] = []

    async def look(after: float) -> list[Job]:
        await line.refresh(shelf, NOW + timedelta(seconds=after), every=1.0)  # type: ignore[arg-type]
        asked.append(shelf.asked.count("ids"))
        return list(line.to_send("worker", 1))

    await look(0)
    # submitted by this process: known without asking
    line.job_moved(job := asked_by("1"))
    shelf.pending[job.id] = job
    assert await look(0.5) == [job]
    running = take(line, shelf, job).running(NOW)
    line.job_moved(running)
    waiting = running.back_to_pending(not_before=NOW + timedelta(seconds=0.7), waiting_for="worker")
    line.job_moved(waiting)
    assert await look(0.6) == []
    shelf.pending[job.id] = waiting
    assert await look(0.7) == [waiting]
    for after in (0.8, 1.7, 1.6):
        await look(after)
    assert asked == [1, 1, 1, 2, 2, 3, 4]


async def test_what_this_process_has_not_submitted_is_read_once() -> None:
    jobs = [asked_by(str(n)) for n in range(4)]
    line, shelf = a_line()
    shelf.pending = {job.id: job for job in jobs}
    for _ in range(3):
        assert await to_send(line, shelf, places=1) == jobs
    assert shelf.asked == ["ids", "jobs", "ids", "ids"]


async def test_a_job_that_is_submitted_while_the_database_is_asked_stays_in_the_line() -> None:
    late = asked_by("2")
    line, shelf = a_line(asked_by("1"))

    async def waiting_ids(_now: Any, *, limit: int) -> list[JobId]:
        found = list(shelf.pending)[:limit]
        line.job_moved(late)
        return found

    shelf.waiting_ids = waiting_ids  # type: ignore[method-assign]
    await line.refresh(shelf, NOW)  # type: ignore[arg-type]
    assert line.position(late.id) == 1


def test_a_cancel_before_the_start_costs_nothing_and_a_render_does() -> None:
    line, _ = a_line(first := asked_by("1"), second := asked_by("1"), other := asked_by("2"))
    line.job_moved(first.cancelled(NOW))
    assert order(line) == [second, other]
    line.job_moved(queued := sent(second))
    line.job_moved(queued.running(NOW))
    line.job_moved(again := asked_by("1"))
    assert order(line) == [other, again]


def test_a_render_that_was_lost_is_given_back_and_the_job_has_its_old_place() -> None:
    line, _ = a_line(lost := asked_by("1"), younger := asked_by("1"), other := asked_by("2"))
    running = sent(lost).running(NOW)
    line.job_moved(running)
    assert order(line) == [other, younger]
    waiting = running.back_to_pending(not_before=NOW, waiting_for="worker")
    line.job_moved(waiting)
    # while it waits for its next attempt nobody waits for it
    assert order(line) == [younger, other]
    line.job_moved(due := sent(waiting))
    assert order(line) == [due, younger, other] or order(line) == [due, other, younger]
    assert line.position(lost.id) == 0


def test_what_renders_already_at_the_start_counts() -> None:
    line, _ = a_line()
    line.found(sent(asked_by("1")).running(NOW))
    line.job_moved(mine := asked_by("1"))
    line.job_moved(other := asked_by("2"))
    assert order(line) == [other, mine]


def test_a_turbo_clip_passes_a_standard_one_of_an_even_member_only() -> None:
    line, _ = a_line(asked_by("1"), turbo := asked_by("2", endpoint=Endpoint.TURBO))
    assert order(line)[0] == turbo
    line.job_moved(sent(turbo).running(NOW))
    line.job_moved(asked_by("2", endpoint=Endpoint.TURBO))
    assert order(line)[0].requested_by == a_user("1")


def test_the_clock_decides_nothing() -> None:
    first, second = asked_by("1"), asked_by("2")
    earlier = a_job(requested_by=a_user("3"), created_at=NOW - timedelta(days=1))
    line, _ = a_line(first, second, earlier)
    assert order(line) == [first, second, earlier]


SUBMISSIONS = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from("123"), st.sampled_from([4, 16, 32])), max_size=30
)


@given(SUBMISSIONS, st.integers(1, 3), st.randoms(use_true_random=False))
def test_the_order_that_is_shown_is_the_order_in_which_they_render(
    submissions: list[tuple[str, str, int]], places: int, chance: random.Random
) -> None:
    """Whatever is sent when: the place that was shown is how many have begun before, unless somebody came later."""
    line, _ = a_line(*(asked_by(user, server, num_frames=frames) for server, user, frames in submissions))
    shown = [job.id for job in order(line)]
    assert [line.position(job_id) for job_id in shown] == list(range(len(shown)))
    begun, at_worker = [], set[JobId]()
    while len(line):
        for job in order(line):
            # sent in any order that the window allows
            if job.id not in at_worker and chance.random() < 0.5:
                at_worker.add(job.id)
                line.job_moved(sent(job))
        first = order(line)[0]
        if first.status is not JobStatus.PENDING:
            begun.append(first.id)
            line.job_moved(running := first.running(NOW))
            if len(line.rendering) > places:
                line.job_moved(running.cancelled(NOW))
    assert begun == shown


def a_schedule(line: JobLine, backend: ScriptedBackend | None = None) -> tuple[Schedule, ManualClock]:
    backends, clock = {"worker": backend or ScriptedBackend(renders_at_once=2)}, ManualClock()
    return Schedule(line, Places(backends, Breakers(backends, clock=clock)), clock), clock


async def test_the_clip_is_expected_when_those_before_it_are_done_on_the_backends_places() -> None:
    line, _ = a_line(*(jobs := [asked_by(str(n)) for n in range(4)]))
    schedule, clock = a_schedule(line)
    await schedule.places.learn()
    # nothing is known of how long clips take
    assert schedule.progress_of(jobs[3]) == Progress(Phase.QUEUED, position=3)
    schedule.durations.of(sent(jobs[0])).learn(1.0, 10.0)
    assert [schedule.progress_of(job).eta_seconds for job in jobs] == [10, 10, 20, 20]
    line.job_moved(running := sent(jobs[0]).running(clock.now()))
    schedule.note_rest(running, 4.0, Steps(3, 8))
    assert [schedule.progress_of(job).eta_seconds for job in jobs[1:]] == [10, 14, 20]
    await clock.advance(1)
    # their places are those that they were told last
    assert schedule.news_of_first(3, taken=()) == []
    line.job_moved(jobs[1].cancelled(clock.now()))
    line.job_moved(new := asked_by("9"))
    line.job_moved(taken := asked_by("8"))
    assert schedule.news_of_first(9, taken={taken.id}) == [
        (jobs[2], Progress(Phase.QUEUED, position=0, eta_seconds=10)),
        (jobs[3], Progress(Phase.QUEUED, position=1, eta_seconds=13)),
        (new, Progress(Phase.QUEUED, position=2, eta_seconds=20)),
    ]
    assert schedule.news_of_first(9, taken={taken.id}) == []
    schedule.forget_told(jobs[3])
    assert [job for job, _ in schedule.news_of_first(9, taken={taken.id})] == [jobs[3]]
    assert schedule.progress_of(running) == Progress(Phase.RENDERING, steps=Steps(3, 8), eta_seconds=3)
    assert schedule.progress_of(asked_by("7")) == Progress(Phase.QUEUED)


async def test_no_time_is_named_where_the_backend_does_not_say_how_many_it_renders() -> None:
    line, _ = a_line(job := asked_by("1"))
    for backend in (
        ScriptedBackend(renders_at_once=None),
        ScriptedBackend(troubles={"places": [BackendUnavailable("w")]}),
    ):
        schedule, _ = a_schedule(line, backend)
        await schedule.places.learn()
        schedule.durations.of(sent(job)).learn(1.0, 10.0)
        assert schedule.progress_of(job) == Progress(Phase.QUEUED, position=0)
        assert schedule.places.assumed("worker") == 2


async def test_places_are_learnt_again_and_kept_while_the_backend_is_away() -> None:
    backends = {
        "worker": ScriptedBackend(renders_at_once=4),
        "fal": ScriptedBackend(name="fal", resubmits_safely=False, renders_at_once=None),
    }
    breakers = Breakers(backends, clock=ManualClock())
    places = Places(backends, breakers)
    assert [places.assumed(name) for name in backends] == [2, 64]
    backends["worker"].shapes_to_compile = 2
    await places.learn()
    assert [places.assumed(name) for name in backends] == [4, 64]
    assert [places.compiling(name) for name in backends] == [2, 0]
    backends["worker"].away = True
    await places.learn()
    assert (places.assumed("worker"), places.next_backend) == (4, "worker")
    breakers.failed("worker", BackendUnavailable("worker"))
    assert places.next_backend == "fal"
    breakers.failed("fal", BackendUnavailable("fal"))
    assert places.next_backend == "worker"
