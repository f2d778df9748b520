"""What a messenger remembers between two tries survives a restart, and a note of another version is no obstacle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.memory import Memory


@given(st.builds(Memory, tried_at=st.lists(st.floats(0, 2e9), max_size=2).map(tuple)))
def test_what_is_written_is_read(memory: Memory) -> None:
    assert Memory.read(memory.written()) == memory


@pytest.mark.parametrize("note", [None, "", "not json", "[]", '{"tried_at": "x"}', '{"of_a_newer_version": 1}'])
def test_what_cannot_be_read_is_forgotten(note: str | None) -> None:
    assert Memory.read(note) == Memory()


def test_a_shared_file_belongs_to_its_rung() -> None:
    memory = Memory(shared_file="F1", shared_by="thread")
    assert (memory.shares("thread"), memory.shares("channel")) == ("F1", None)
