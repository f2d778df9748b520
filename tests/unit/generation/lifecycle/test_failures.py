"""What the operator is told of an error quotes no prompt, whatever has become of the job's words."""

import pytest

from factories import a_job, a_request
from generation.domain.style import PromptStyle
from generation.lifecycle.failures import without_quote
from generation.protocol.errors import ProtocolViolation, StyleTooLong

LONG = PromptStyle(name="film", suffix="grain " * 60)


def test_a_quoted_prompt_is_cut_off_the_error_that_is_told() -> None:
    job = a_job(request=a_request(prompt="my secret paper boat on a stormy sea"))
    error = ProtocolViolation("fal", "no such thing: my secret paper boat on a stormy sea")
    told = without_quote(error, job)
    assert type(told) is ProtocolViolation
    assert "secret" not in str(told)
    assert without_quote(ValueError("nothing of it"), job).args == ("nothing of it",)


def test_an_error_is_told_also_of_a_job_whose_words_do_not_fit_together() -> None:
    job = a_job(request=a_request(prompt="x" * 1990), style=LONG)
    with pytest.raises(StyleTooLong):
        _ = job.sent_request
    error = StyleTooLong("film", "prompt", allowed=1, given=2)
    assert without_quote(error, job) is error
