"""JSON is bounded before anything looks at its values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from doubles.http.hostile_json import HOSTILE, filled, steps
from generation.backends.responses import read_leniently
from generation.protocol.json_size import JsonTooLarge, exceeds, is_small, parse_json, read_json
from generation.protocol.request import GenerationRequest
from generation.protocol.wire import ErrorBody, QueueStatus, RequestState
from worker.api.schemas import StandardInput, TurboInput


@pytest.mark.parametrize(
    ("value", "values", "depth"),
    [
        ([1, 2, 3], 2, 9),
        ({"a": 1, "b": 2}, 1, 9),
        ([[1], [2], [3]], 5, 9),
        ([[[[1]]]], 3, 4),
        ({"a": [{"b": []}]}, 2, 4),
    ],
)
def test_values_and_levels_are_counted(value: JsonValue, values: int, depth: int) -> None:
    assert exceeds(value, values=values, depth=depth)
    assert not exceeds(value, values=values + 1, depth=depth + 1)


@pytest.mark.parametrize(("values", "depth"), [(9, 4), (9, 3), (9, 1)])
def test_levels_are_counted(values: int, depth: int) -> None:
    assert exceeds([[[[1]]]], values=values, depth=depth)


@pytest.mark.parametrize("text", ["[" * 50, '"' + "[{" * 50, r'"\\"[[' + "[" * 50, "\\" * 30 + "{" * 50])
def test_brackets_in_texts_are_not_counted(text: str) -> None:
    assert parse_json(json.dumps([text, "\\", '"']), holders=10) == [text, "\\", '"']
    with pytest.raises(JsonTooLarge):
        parse_json(json.dumps([text, *[{}] * 10]), holders=10)


@pytest.mark.parametrize(
    "item",
    [
        {"message": "[info] {x}", "level": "INFO", "source": "u", "timestamp": "t", "labels": {"a": "b"}},
        {"message": "[[[[", "labels": {"a": "{", "b": "}"}},
        {"[": "{", "": "", "a": ""},
        ["[", "", "", "{", "\\", '"', '"['],
        dict.fromkeys("abcdefghijkl", "["),
    ],
)
def test_however_many_texts_there_are_only_lists_and_objects_count(item: JsonValue) -> None:
    many = [item] * 500
    holders = 1 + 500 * (2 if "labels" in item else 1)
    assert parse_json(json.dumps(many), holders=holders) == many
    with pytest.raises(JsonTooLarge):
        parse_json(json.dumps(many), holders=holders - 1)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:24])
def test_a_hostile_mebibyte_costs_few_steps(text: str) -> None:
    def read() -> None:
        with pytest.raises(ValueError, match=r".+"):
            StandardInput.model_validate(read_json(text, values=10_000, depth=32))

    assert steps(read) < 2000


@pytest.mark.parametrize("model", [StandardInput, TurboInput, GenerationRequest])
def test_a_list_of_too_many_motions_is_one_complaint(model: type[StandardInput | GenerationRequest]) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate({"prompt": "x", "motions": [1] * 9999})
    about = [found["type"] for found in refused.value.errors() if found["loc"][0] == "motions"]
    assert about == ["too_long"]


ANSWERS = [
    filled('{"status":"COMPLETED","logs":[', "1", "]}"),
    filled('{"status":"COMPLETED","logs":[', "{}", "]}"),
    filled('{"status":"COMPLETED","logs":[{"labels":[', "1", "]}]}"),
    filled('{"status":"COMPLETED","error":[', "1", "]}"),
    filled('{"status":"COMPLETED","metrics":[', "[]", "]}"),
    filled('{"status":"COMPLETED","other":{', '"k":1', "}}"),
]


@pytest.mark.parametrize("text", ANSWERS, ids=lambda text: text[:40])
def test_of_an_answer_that_holds_too_much_the_state_is_read_in_few_steps(text: str) -> None:
    found: list[QueueStatus | None] = []
    assert steps(lambda: found.append(read_leniently(QueueStatus, text))) < 20_000
    # a mebibyte of lists is no answer at all
    assert [one and one.status for one in found] == [None if "[]" in text or "{}" in text else RequestState.COMPLETED]


def test_of_an_endless_log_the_last_lines_are_read() -> None:
    lines = [{"message": str(number), "labels": []} for number in range(9000)]
    status = read_leniently(QueueStatus, json.dumps({"status": "IN_PROGRESS", "logs": lines}))
    assert status is not None
    assert [line.message for line in status.logs or ()] == [str(number) for number in range(8500, 9000)]


@pytest.mark.parametrize("item", ["1", "{}", "[]", '{"loc":[],"msg":"x"}', '"x"'])
def test_an_errors_body_that_holds_too_much_is_read_as_text(item: str) -> None:
    found: list[ErrorBody] = []
    text = filled('{"detail":[', item, "]}")
    assert steps(lambda: found.append(ErrorBody.from_any(text.encode()))) < 2000
    assert found[0].detail == text[:500]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.integers(0, 20), st.integers(1, 5))
def test_a_small_text_never_holds_too_much(value: JsonValue, values: int, depth: int) -> None:
    text = json.dumps(value, separators=(",", ":"))
    assert not is_small(text, values=values, depth=depth) or not exceeds(value, values=values, depth=depth)
