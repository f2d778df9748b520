"""What a messenger notes between two attempts survives a restart; a note of another version is ignored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.delivery.attempt import AttemptNote


@given(st.builds(AttemptNote, tried_at=st.lists(st.floats(0, 2e9), max_size=2).map(tuple)))
def test_what_is_written_is_read(note: AttemptNote) -> None:
    assert AttemptNote.read(note.written()) == note


@pytest.mark.parametrize("note", [None, "", "not json", "[]", '{"tried_at": "x"}', '{"of_a_newer_version": 1}'])
def test_what_cannot_be_read_counts_as_no_note(note: str | None) -> None:
    assert AttemptNote.read(note) == AttemptNote()


def test_a_shared_file_belongs_to_its_step() -> None:
    note = AttemptNote(shared_file="F1", shared_by="thread")
    assert (note.file_shared_by("thread"), note.file_shared_by("channel")) == ("F1", None)
