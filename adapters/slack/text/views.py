"""Forms as Slack shows them: the question before a clip is deleted, and the report."""

import json
from typing import Any, Final

from adapters.slack.ids import DELETE_ACTION, REPORT_ACTION
from adapters.slack.models import Act
from adapters.slack.text.markup import SLACK
from generation.domain.job import Job
from generation.domain.report import MOST_WORDS, ReportReason
from generation.protocol.messages import mark
from generation.text.controls import actions, reports
from generation.text.controls.labels import DELETE
from generation.text.forms.fields import CLOSE

View = dict[str, Any]
_REPORT: Final = mark("Report")
_OPTION_LIMIT: Final = 75


def delete_view(job: Job, act: Act) -> View:
    """The question before a clip is deleted."""
    return _view(
        DELETE_ACTION,
        job,
        act,
        title=SLACK.gettext(actions.SURE),
        submit=SLACK.gettext(DELETE),
        close=SLACK.gettext(actions.KEEP_IT),
        blocks=[
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": SLACK.gettext(actions.WHAT_GOES)},
            }
        ],
    )


def report_view(job: Job, act: Act) -> View:
    """The form for a report."""
    options = [
        {
            "text": _plain(reports.reason_words(reason, SLACK)[:_OPTION_LIMIT]),
            "value": reason.value,
        }
        for reason in ReportReason
    ]
    words = {
        "type": "plain_text_input",
        "action_id": "words",
        "multiline": True,
        "max_length": MOST_WORDS,
    }
    return _view(
        REPORT_ACTION,
        job,
        act,
        title=SLACK.gettext(reports.REPORT_TITLE),
        submit=SLACK.gettext(_REPORT),
        close=SLACK.gettext(CLOSE),
        blocks=[
            {
                "type": "input",
                "block_id": "reason",
                "label": _plain(SLACK.gettext(reports.ASK_REASON)),
                "element": {"type": "radio_buttons", "action_id": "reason", "options": options},
            },
            {
                "type": "input",
                "block_id": "words",
                "optional": True,
                "label": _plain(SLACK.gettext(reports.ASK_WORDS)),
                "element": words,
            },
        ],
    )


def _view(
    callback_id: str,
    job: Job,
    act: Act,
    *,
    title: str,
    submit: str,
    close: str,
    blocks: list[dict[str, Any]],
) -> View:
    # where the answer goes; it decides nothing, because what it names is checked again
    metadata = {"job": job.id, "channel": act.channel, "thread": act.thread}
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": json.dumps(metadata),
        "title": _plain(title),
        "submit": _plain(submit),
        "close": _plain(close),
        "blocks": blocks,
    }


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}
