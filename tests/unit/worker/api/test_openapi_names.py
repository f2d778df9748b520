"""Callers generate classes from the OpenAPI document, so the names in it stay."""

import json
import re

from worker.api.openapi.document import document


def test_the_schemas_have_the_names_that_callers_know() -> None:
    assert sorted(document()["components"]["schemas"]) == [
        "AnimateDiffT2VInput",
        "AnimateDiffT2VTurboInput",
        "AnimateDiffV2VInput",
        "AnimateDiffV2VTurboInput",
        "CancelAnswer",
        "CancelStatus",
        "CustomSize",
        "DetailItem",
        "ErrorBody",
        "File",
        "JsonValue",
        "LogEntry",
        "Loop",
        "Metrics",
        "Motion",
        "Output",
        "QueueStatus",
        "RequestState",
        "SubmitAnswer",
        "VideoSizePreset",
    ]


def test_every_reference_leads_to_a_schema() -> None:
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document())))
    assert named <= document()["components"]["schemas"].keys()
    assert "Metrics" in named
