"""Lanes get equal shares; nobody saves up, nobody starves, and the order that is shown is the order that happens."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from generation.protocol.fairness import MAX_LANES, FairQueue
from generation.protocol.progress import MOST_AHEAD

LARGEST = 2.5
WORKS = st.sampled_from([0.16, 1.0, LARGEST])


def waiting(*requests: str, work: float = 1.0) -> FairQueue:
    """Requests as ``server/member/name``, oldest first."""
    queue = FairQueue()
    add(queue, *requests, work=work)
    return queue


def add(queue: FairQueue, *requests: str, work: float = 1.0, rank: int = 0) -> None:
    for request in requests:
        server, member, name = request.split("/")
        queue.add(name, (server, member), work=work, rank=rank)


def order(queue: FairQueue) -> str:
    return " ".join(queue.in_order())


def test_one_members_requests_keep_their_order() -> None:
    assert order(waiting("s/m/a", "s/m/b", "s/m/c")) == "a b c"


def test_members_of_a_server_take_turns() -> None:
    assert order(waiting("s/flood/a", "s/flood/b", "s/flood/c", "s/m/x", "s/n/y")) == "a x y b c"


def test_servers_take_turns_whatever_their_number_of_members() -> None:
    assert order(waiting("large/a/a", "large/b/b", "large/c/c", "small/m/x", "small/m/y")) == "a x b y c"


def test_what_a_member_has_got_counts_before_what_is_older() -> None:
    queue = waiting("s/flood/a", "s/flood/b", "s/m/x")
    queue.start("a")
    add(queue, "s/m/y")
    assert order(queue) == "x b y"
    queue.start("x")
    assert order(queue) == "b y"


def test_a_lane_that_was_idle_has_saved_up_nothing() -> None:
    queue = FairQueue()
    for number in range(100):
        queue.charge(("s", "flood"))
        add(queue, f"s/flood/{number}")
        queue.start(str(number))
    add(queue, "s/flood/a", "s/flood/b", "s/m/x", "s/m/y", "s/m/z")
    # the flood has got one more than anybody at the present
    assert order(queue) == "x a y b z"


def test_a_long_clip_costs_its_lane_more() -> None:
    queue = waiting("s/m/a", "s/m/b", work=3.0)
    add(queue, "s/n/w", "s/n/x", "s/n/y", "s/n/z")
    assert order(queue) == "a w x y b z"


def test_of_even_lanes_the_smaller_rank_goes_first_then_the_older() -> None:
    queue = waiting("s/m/a")
    add(queue, "s/n/b", rank=-1)
    add(queue, "s/o/c")
    assert order(queue) == "b a c"


def test_what_was_not_used_after_all_is_given_back() -> None:
    queue = waiting("s/m/before", work=5.0)
    add(queue, "s/m/a", "s/n/other", "s/n/x")
    age = queue.start("before")
    queue.start("other")
    assert order(queue) == "x a"
    queue.refund(("s", "m"), 5.0)
    assert order(queue) == "a x"
    assert age is not None
    queue.add("before", ("s", "m"), work=5.0, age=age)
    assert order(queue) == "before x a"
    queue.refund(("unknown", "nobody"), 1.0)


def test_one_that_leaves_before_its_start_costs_nothing() -> None:
    queue = waiting("s/m/a", "s/m/b", "s/n/x", "s/n/y")
    assert (queue.remove("a"), queue.remove("a"), queue.start("a")) == (0, None, None)
    assert (order(queue), len(queue), "a" in queue, "b" in queue) == ("b x y", 3, False, True)


def test_one_that_starts_out_of_turn_takes_nobody_elses_turn() -> None:
    queue = waiting("s/flood/a", "s/flood/b", "s/m/x", work=10.0)
    for name in ("a", "b"):
        queue.start(name)
    add(queue, "s/new/n")
    assert order(queue) == "x n"


def test_a_lane_has_room_for_so_many() -> None:
    queue = waiting("s/flood/a", "s/flood/b", "s/flood/c", "s/m/x", "t/m/y")
    assert list(queue.in_order(lambda lanes: 2 if lanes == ("s", "flood") else 0)) == ["a", "b"]
    assert list(queue.in_order(lambda _: 1)) == ["a", "y", "x"]


def test_positions_are_counted_up_to_a_thousand() -> None:
    queue = waiting(*(f"s/m/{number}" for number in range(MOST_AHEAD + 5)))
    assert [queue.position(name) for name in ("0", "999", "1000", "1004", "other")] == [0, 999, 1000, 1000, None]
    assert len(queue.first_ones()) == MOST_AHEAD
    queue.start("0")
    assert (queue.position("1000"), queue.position("0"), queue.first()) == (999, None, "1")


def lanes_of(queue: FairQueue) -> int:
    return sum(1 + len(lane.inner) for lane in queue._root.inner.values())


def test_lanes_that_are_remembered_are_bounded() -> None:
    queue = FairQueue()
    queue.add("busy", ("s", "flood"), work=1.0)
    for number in range(3 * MAX_LANES):
        queue.charge(("s", str(number)))
        queue.charge((f"server {number}", "m"))
    assert lanes_of(queue) <= 3 * (MAX_LANES + 1)
    # a lane in which something waits stays
    assert list(queue.in_order()) == ["busy"]


def test_lanes_inside_lanes_are_bounded_together() -> None:
    queue = FairQueue()
    for number in range(3 * MAX_LANES):
        queue.charge(("key", f"server {number // 2}", str(number)))
    (key,) = queue._root.inner.values()
    assert sum(len(server.inner) for server in key.inner.values()) == MAX_LANES
    assert len(key.inner) <= MAX_LANES


EVENTS = st.lists(
    st.one_of(st.none(), st.tuples(st.sampled_from("AB"), st.sampled_from("mno"), WORKS)), min_size=9, max_size=120
)
"""Somebody asks for a clip of so much work, or (None) the next one starts."""


@given(EVENTS)
def test_two_busy_lanes_never_differ_by_more_than_their_two_largest_requests(
    events: list[tuple[str, str, float] | None],
) -> None:
    queue, requests = FairQueue(), dict[str, tuple[str, str, float]]()
    in_line, got = Counter[str](), dict[tuple[str, str], float]()
    for number, event in enumerate([*events, *[None] * len(events)]):
        if event is not None:
            server, member, work = event
            requests[str(number)] = event
            queue.add(str(number), (server, member), work=work)
            in_line.update((server, server + member))
        elif (name := queue.first()) is not None:
            server, member, work = requests[name]
            queue.start(name)
            for pair in got:
                got[pair] += work * ((pair[0] in {server, server + member}) - (pair[1] in {server, server + member}))
            in_line.subtract((server, server + member))
        busy = {lane for lane, count in in_line.items() if count}
        # of servers, and of members of one server, while both have something to wait for
        pairs = {(a, b) for a in busy for b in busy if a < b and len(a) == len(b) and (len(a) == 1 or a[0] == b[0])}
        got = {pair: got.get(pair, 0.0) for pair in pairs}
        assert all(abs(difference) <= 2 * LARGEST + 1e-9 for difference in got.values())


class Arrivals(RuleBasedStateMachine):
    """Requests come, start, leave and come back: whichever starts is the one that was shown, and so are those after
    it."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = FairQueue()
        self.requests: dict[str, tuple[str, str, float]] = {}
        self.started: dict[str, int] = {}

    @rule(server=st.sampled_from("AB"), member=st.sampled_from("mno"), work=WORKS)
    def come(self, server: str, member: str, work: float) -> None:
        name = str(len(self.requests))
        self.requests[name] = server, member, work
        self.queue.add(name, (server, member), work=work)

    @precondition(lambda self: len(self.queue))
    @rule()
    def start(self) -> None:
        shown = self.queue.first_ones()
        name = self.queue.first()
        assert name == shown[0]
        age = self.queue.start(name)
        assert age is not None
        self.started[name] = age
        assert self.queue.first_ones() == shown[1:]

    @precondition(lambda self: len(self.queue))
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.queue.first_ones()))
        assert self.queue.remove(name) is not None

    @precondition(lambda self: self.started)
    @rule(data=st.data())
    def come_back(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.started)))
        server, member, work = self.requests[name]
        self.queue.refund((server, member), work)
        self.queue.add(name, (server, member), work=work, age=self.started.pop(name))

    @invariant()
    def each_waits_once_at_its_position(self) -> None:
        shown = list(self.queue.in_order())
        assert len(shown) == len(set(shown)) == len(self.queue)
        assert [self.queue.position(name) for name in shown] == list(range(len(shown)))


TestArrivals = Arrivals.TestCase
TestArrivals.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_ten_thousand_that_wait_cost_no_more_to_look_at_than_ten() -> None:
    """What is looked at are the lanes in which something waits, not all that wait."""

    def looked_at(count: int) -> int:
        queue = waiting(*(f"s/flood/{number}" for number in range(count)), "s/m/x", "t/n/y")
        seen = 0

        def room(_: tuple[str, ...]) -> int:
            nonlocal seen
            seen += 1
            return 1

        assert list(queue.in_order(room)) == ["0", "y", "x"]
        return seen

    assert looked_at(10) == looked_at(10_000) == 3
