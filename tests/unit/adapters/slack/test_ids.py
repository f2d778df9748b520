"""The ids of buttons and blocks are in old messages: their values never change."""

import pytest

from adapters.slack.ids import (
    MORE_ACTION,
    action_id,
    asked_about,
    asking_block_id,
    job_block_id,
    job_id_in,
)
from generation.domain.clip_actions import ClipAction
from generation.domain.job import JobId
from generation.protocol.errors import JobNotFound

JOB = JobId("0123456789abcdef01234567")


def test_the_ids_never_change() -> None:
    words = ["reroll", "edit", "other_quality", "settings", "show", "delete", "spoiler", "report", "cancel", "retry"]
    assert [action_id(action) for action in ClipAction] == [f"v1:{word}" for word in words]
    assert MORE_ACTION == "v1:more"
    assert job_block_id(JOB) == f"job:{JOB}"


@pytest.mark.parametrize("text", [JOB, f" `{JOB}` ", JOB.upper()])
def test_a_job_id_is_read_as_members_write_it(text: str) -> None:
    assert job_id_in(text) == JOB


@pytest.mark.parametrize("text", ["", "f" * 23, "f" * 25, "g" * 24, f"{JOB}\n{JOB}"])
def test_what_is_no_job_id_is_not_found(text: str) -> None:
    with pytest.raises(JobNotFound):
        job_id_in(text)


@pytest.mark.parametrize("thread", [None, "1795219200.000100"])
def test_a_question_knows_the_mention_that_it_is_about(thread: str | None) -> None:
    assert asked_about(asking_block_id("1795219201.000200", thread)) == ("1795219201.000200", thread)


@pytest.mark.parametrize("block_id", ["", "ask:", "ask:1.2", "job:0123456789abcdef01234567", "ask:1.2:x", "ask:1.2:\n"])
def test_other_blocks_ask_about_nothing(block_id: str) -> None:
    assert asked_about(block_id) is None
