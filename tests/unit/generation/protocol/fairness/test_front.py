"""What is kept of the order is what the order is, however many are kept; what joins behind it costs no look."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from generation.protocol.fairness import FairQueue
from generation.protocol.fairness.front import Front

COMING = st.tuples(
    st.sampled_from("AB"), st.sampled_from("mno"), st.sampled_from([0.0, 0.16, 1.0]), st.sampled_from([0, 1])
)


@given(st.lists(st.one_of(st.none(), COMING), max_size=25), st.integers(1, 6), st.booleans())
@settings(deadline=None)
def test_the_front_is_the_beginning_of_the_order(
    events: list[tuple[str, str, float, int] | None], most: int, is_asked_for_each: bool
) -> None:
    queue = FairQueue()
    front = queue._front = Front(queue._root, queue._entries, most)
    for number, event in enumerate(events):
        if event is not None:
            server, member, work, rank = event
            queue.add(str(number), (server, member), work=work, rank=rank)
        elif (name := queue.first()) is not None:
            queue.start(name)
        order = list(queue.in_order())
        if is_asked_for_each:
            assert [front.place(name) for name in order] == [min(place, most) for place in range(len(order))]
        elif str(number) in queue:
            assert queue.position(str(number)) == min(order.index(str(number)), most)
        assert front.first(2) == tuple(order[: min(2, most)])


class Counted(dict[str, Any]):
    looks = 0

    def items(self) -> Any:
        self.looks += 1
        return super().items()


def test_one_that_joins_behind_all_others_costs_no_look_at_them() -> None:
    queue, lanes = FairQueue(), Counted()
    queue._root.busy = lanes
    for number in range(50):
        queue.add(f"{number}", ("s", f"m{number % 7}"))
        assert queue.position(f"{number}") == number
    assert lanes.looks == 1
    queue.start("0")
    assert queue.position("49") == 48
    assert lanes.looks == 2
