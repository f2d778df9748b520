"""Lanes get equal shares; nobody saves up, nobody starves."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from generation.protocol.fair_share import MAX_LANES, FairShare, Waiting


def a_request(item: str, server: str, member: str, work: float = 1.0, rank: int = 0) -> Waiting[str]:
    return Waiting(item, (server, member), work, rank)


def order(*waiting: Waiting[str], share: FairShare | None = None) -> str:
    return " ".join((share or FairShare()).in_order(waiting))


def started(*waiting: Waiting[str]) -> FairShare:
    share = FairShare()
    for one in waiting:
        share.started(one.lanes, one.work)
    return share


def test_one_members_requests_keep_their_order() -> None:
    assert order(*(a_request(name, "s", "m") for name in "abc")) == "a b c"


def test_members_of_a_server_take_turns() -> None:
    flood = [a_request(name, "s", "flood") for name in "abc"]
    assert order(*flood, a_request("x", "s", "m"), a_request("y", "s", "n")) == "a x y b c"


def test_servers_take_turns_whatever_their_number_of_members() -> None:
    crowd = [a_request(name, "large", name) for name in "abc"]
    assert order(*crowd, a_request("x", "small", "m"), a_request("y", "small", "m")) == "a x b y c"


def test_what_a_member_has_got_counts_before_what_is_older() -> None:
    share = started(*(a_request("before", "s", "flood") for _ in range(10)))
    assert order(a_request("a", "s", "flood"), a_request("x", "s", "m"), share=share) == "x a"


def test_a_lane_that_was_idle_has_saved_up_nothing() -> None:
    share = started(*(a_request("before", "s", "flood") for _ in range(100)))
    newcomer = [a_request(name, "s", "m") for name in "xyz"]
    assert order(a_request("a", "s", "flood"), a_request("b", "s", "flood"), *newcomer, share=share) == "x a y b z"


def test_a_long_clip_costs_its_lane_more() -> None:
    long = [a_request(name, "s", "m", work=3.0) for name in "ab"]
    assert order(*long, *(a_request(name, "s", "n") for name in "wxyz")) == "a w x y b z"


def test_of_even_lanes_the_smaller_rank_goes_first_then_the_older() -> None:
    assert order(a_request("a", "s", "m"), a_request("b", "s", "n", rank=-1), a_request("c", "s", "o")) == "b a c"


def test_what_did_not_start_after_all_is_given_back() -> None:
    share = started(a_request("before", "s", "m", work=5.0), a_request("before", "s", "n"))
    share.returned(("s", "m"), 5.0)
    assert order(a_request("x", "s", "n"), a_request("a", "s", "m"), share=share) == "a x"
    share.returned(("unknown", "nobody"), 1.0)


def test_remembered_lanes_are_bounded() -> None:
    share = FairShare()
    share.started(("s", "flood"), 1e6)
    for number in range(3 * MAX_LANES):
        share.started(("s", str(number)))
    assert len(share._root.inner["s"].inner) <= MAX_LANES
    # whoever has got the most is not forgotten
    assert order(a_request("a", "s", "flood"), a_request("x", "s", "m"), share=share) == "x a"


REQUESTS = st.lists(
    st.tuples(st.sampled_from("ABC"), st.sampled_from("mno"), st.sampled_from([0.1, 1.0, 2.5])), min_size=1, max_size=60
)


@given(REQUESTS, REQUESTS)
def test_the_order_that_is_shown_is_the_order_in_which_they_start(
    before: list[tuple[str, str, float]], waiting: list[tuple[str, str, float]]
) -> None:
    """Asking again after each start gives the rest of the first answer."""
    share = FairShare()
    for server, member, work in before:
        share.started((server, member), work)
    left = [Waiting(number, (server, member), work) for number, (server, member, work) in enumerate(waiting)]
    shown = list(share.in_order(left))
    assert sorted(shown) == list(range(len(waiting)))
    for number in shown:
        assert next(share.in_order(left)) == number
        [one] = [one for one in left if one.item == number]
        share.started(one.lanes, one.work)
        left.remove(one)


@given(st.lists(st.tuples(st.sampled_from("mno"), st.sampled_from([0.1, 1.0, 2.5])), min_size=9, max_size=80))
def test_busy_members_never_differ_by_more_than_the_two_largest_requests(waiting: list[tuple[str, float]]) -> None:
    left = [Waiting((member, work), ("s", member), work) for member, work in waiting]
    in_line = Counter(member for member, _ in waiting)
    got = dict.fromkeys("mno", 0.0)
    for member, work in FairShare().in_order(left):
        got[member] += work
        in_line[member] -= 1
        busy = [got[name] for name in "mno" if in_line[name] > 0]
        assert not busy or max(busy) - min(busy) <= 2.5 + 2.5 + 1e-9
