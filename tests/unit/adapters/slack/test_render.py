"""Everything people read in Slack: a sentence for every error, blocks that Slack takes, within its lengths."""

import inspect
from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.slack.commands import COMMANDS, FLAGS
from adapters.slack.errors import (
    AccessProblem,
    AccessRefused,
    AdminProblem,
    AdminRefused,
    AppRemoved,
    CommandMisread,
    CommandProblem,
    SlackDelayed,
    SlackRefused,
    TokenDead,
)
from adapters.slack.ids import MORE_ACTION, NEWER_ACTION, OLDER_ACTION
from adapters.slack.models import Identity, SlackContent
from adapters.slack.text import admin, asking, finding, lists, render
from adapters.slack.text import help as help_text
from adapters.slack.text.clips import closed_case_content
from adapters.slack.text.markup import SLACK
from adapters.slack.text.notices import text_content
from doubles.slack.web_api.rules import SECTION_LIMIT, TEXT_LIMIT, loud, refuse_doubled_actions
from factories import (
    NOW,
    a_channel,
    a_job,
    a_page,
    a_request,
    a_server,
    a_user,
    an_audit_entry,
    later,
    moved,
    under_way,
)
from generation.domain.clip_actions import ClipAction
from generation.domain.job import Failure, FailureKind, Job, JobStatus
from generation.domain.pricing import Micros
from generation.domain.refs import Platform
from generation.ports import ClipLink
from generation.protocol import errors
from generation.protocol.errors import FlipbookError
from generation.protocol.progress import Phase, Progress, Steps
from generation.rules.forms.styles import starter_styles
from generation.rules.limits import LimitName, Limits, Usage, day_of
from generation.rules.limits.presets import PRESETS
from generation.rules.policy import Policy, PolicyName
from generation.rules.server_rules import ServerRules
from generation.service import Quota
from generation.service.rules import RulesChange
from judges.slack_validate import SlackJudge
from unit.adapters.form_sentences import the_choices
from unit.adapters.privacy_sentences import privacy_screens
from unit.adapters.rule_sentences import FULL

IDENTITY = Identity("T1", "U1", "B1", frozenset(), url="https://a.slack.com/")
NASTY = "<!channel> & @here *x* `y` <https://evil.example|click> \u202ekcab \u200b " + "&<>" * 600
"""A prompt with everything in it that Slack would act on, as long as prompts may be."""


def slack_job(status: JobStatus = JobStatus.PENDING, prompt: str = NASTY, **changes: object) -> Job:
    """A job of a member of a Slack workspace."""
    server = a_server("T1", Platform.SLACK)
    fields = {
        "request": a_request(prompt=prompt, motions=("zoom-in", "pan-left"), negative_prompt="<!here>"),
        "requested_by": a_user("U1", Platform.SLACK),
        "channel": a_channel("C1", server=server),
    }
    return replace(moved(a_job(**fields), status, later(seconds=90)), **changes)


def every_job() -> Iterator[Job]:
    """A job in every status, and one for every failure."""
    for status in JobStatus:
        yield slack_job(status)
    for kind in FailureKind:
        yield slack_job(JobStatus.FAILED, failure=Failure(kind, "a <detail>"))
    yield slack_job(JobStatus.SUCCEEDED, parent="f" * 24)


PROGRESSES = (
    *(Progress(phase) for phase in Phase),
    Progress(Phase.WAITING, waiting_for="the <worker> to start"),
    Progress(Phase.QUEUED, position=0, eta_seconds=3.2),
    Progress(Phase.QUEUED, position=1234, eta_seconds=4000),
    Progress(Phase.RENDERING, steps=Steps(0, 25)),
    Progress(Phase.RENDERING, steps=Steps(25, 25), eta_seconds=0.1),
)


def every_content() -> Iterator[SlackContent]:
    """Every content that the bot sends, with the worst text that it may hold."""
    jobs = list(every_job())
    for job in jobs:
        yield from (render.progress_content(job, progress) for progress in PROGRESSES)
        yield from (render.outcome_content(job, has_clip=has_clip) for has_clip in (True, False))
        for where in (render.IN_ITS_THREAD, render.IN_ANOTHER_MESSAGE, render.IN_A_DIRECT_MESSAGE):
            yield render.elsewhere_content(job, where)
        yield render.deleted_content(job)
        yield render.arriving_content(job)
        yield from (render.share_content(job, reasons) for reasons in ((), ("a <reason>",)))
        yield render.kept_content(job, ("a <reason>",), None)
        yield render.kept_content(job, (), ClipLink("https://clips.example/clips/1.mp4?until=1&signature=2", NOW))
        yield render.cancelling_content(job)
        yield lists.job_content(
            job,
            link="https://a.slack.com/archives/C1/p1?x=1&y=2",
            comes_again=True,
            again=f"/animate {job.request.prompt}",
        )
    yield render.stale_button_content()
    yield render.unexpected_content()
    yield asking.comes_elsewhere_content()
    yield asking.comes_privately_content()
    yield asking.comes_later_content(24.5)
    yield asking.chat_content()
    yield asking.direct_chat_content()
    yield from (asking.ask_content("<!here> fox &amp; " * count, "1.2", "1.1") for count in (1, 100, 500))
    yield asking.refused_content(SlackRefused("x", "a <reason>"), "/animate <!here> `x` " * 100)
    yield render.comes_directly_content(SlackRefused("x", "a <reason>"))
    yield from (finding.queue_content(under_way(*many), jobs[0].requested_by) for many in ([], jobs[:1], jobs * 3))
    yield from (finding.history_content(a_page(*many), IDENTITY) for many in ([], jobs[:5]))
    for own in the_choices():
        yield lists.notify_content(own)
        yield lists.defaults_content(own)
    yield lists.quota_content(Quota(Limits(), Usage(1, 2, 3, 4, Micros(5), Micros(6), day_of(NOW))))
    yield from (help_text.animate_content(), help_text.flipbook_content(), help_text.unknown_command_content())
    yield help_text.unknown_word_content("<!here>" * 500, ("queue",))
    yield help_text.admin_content()
    yield admin.rules_content(ServerRules(Limits()))
    change = RulesChange(ServerRules(Limits()), ServerRules(Limits(), policy=FULL))
    yield admin.changed_content(change, [*LimitName, *PolicyName])
    yield admin.settings_content(FULL)
    for preset in PRESETS:
        yield admin.preset_content(preset, change, is_applied=False)
    ids = frozenset(f"C{number:05}" for number in range(500))
    terms = frozenset(f"<!here> {number}" for number in range(500))
    yield admin.policy_content(Policy())
    yield lists.styles_content(starter_styles())
    yield lists.style_content(starter_styles(), "Film")
    yield lists.removed_style_content("<!here>")
    yield admin.policy_content(Policy(channels=ids, blocked_users=ids, blocked_terms=terms))
    entry = an_audit_entry(before="`<!channel>`" * 200, after="x\ny")
    yield from (lists.audit_content(many) for many in ([], [entry] * lists.MOST_AUDITED))


@pytest.fixture(scope="module")
def contents() -> list[SlackContent]:
    return list(every_content())


def test_every_content_is_checked(contents: list[SlackContent]) -> None:
    made = {name for module in (render, lists, help_text, asking) for name in vars(module)}
    source = inspect.getsource(every_content) + inspect.getsource(test_every_error_has_one_sentence)
    assert [name for name in sorted(made) if name.endswith("_content") and name not in source and name[0] != "_"] == []


def test_every_block_is_one_that_slack_takes(contents: list[SlackContent], slack_referee: SlackJudge) -> None:
    assert [slack_referee.check_blocks(list(content.blocks)) for content in contents if content.blocks] != []
    complaints = [each for content in contents for each in slack_referee.check_blocks(list(content.blocks))]
    assert complaints == []


def test_no_row_has_two_buttons_with_one_id(contents: list[SlackContent]) -> None:
    for content in [*contents, *map(text_content, privacy_screens(SLACK))]:
        refuse_doubled_actions(list(content.blocks))


def test_every_text_fits_and_notifies_no_one(contents: list[SlackContent]) -> None:
    for content in contents:
        assert 0 < len(content.text) <= min(TEXT_LIMIT, 12_000)
        assert loud({"text": content.text, "blocks": list(content.blocks)}) == []
        for text in texts_of(content):
            assert 0 < len(text) <= SECTION_LIMIT


def test_every_message_names_its_job_and_its_words(contents: list[SlackContent]) -> None:
    job = slack_job(JobStatus.SUCCEEDED, prompt="a fox &amp; <b>")
    content = render.outcome_content(job, has_clip=True)
    assert content.text == "Done · made in 1 s · AnimateDiff on fal: “a fox &amp;amp; &lt;b&gt;”"
    assert texts_of(content)[1] == "a fox &amp;amp; &lt;b&gt;"
    assert texts_of(content)[2].endswith(f"for <@U1> · `{job.id}`")


def test_action_ids_are_versioned_and_their_values_are_job_ids_or_what_is_asked_about(
    contents: list[SlackContent],
) -> None:
    elements = [e for content in contents for b in content.blocks if b["type"] == "actions" for e in b["elements"]]
    known = {f"v1:{action}" for action in ClipAction} | {"v1:animate", MORE_ACTION, NEWER_ACTION, OLDER_ACTION}
    presets = {"v1:apply_preset", *(f"v1:preset:{each.name.replace(' ', '-')}" for each in PRESETS)}
    assert {element["action_id"] for element in elements} <= known | presets
    buttons = [element for element in elements if element["type"] == "button"]
    assert {len(b["value"]) for b in buttons if b["action_id"] not in {"v1:animate", *presets}} == {24}
    assert max(len(button["value"]) for button in buttons) <= 2000
    options = [option for element in elements if element["type"] == "overflow" for option in element["options"]]
    assert {option["value"].partition(":")[0] for option in options} == {"delete", "report"}
    assert all(len(each["text"]["text"]) <= 75 for each in (*buttons, *options))


@pytest.mark.parametrize("job", list(every_job()), ids=lambda job: str(job.failure.kind if job.failure else job.status))
def test_unfinished_jobs_can_be_cancelled_and_clips_re_rolled(job: Job) -> None:
    content = render.outcome_content(job, has_clip=True)
    actions = [
        element["action_id"]
        for block in content.blocks
        for element in block.get("elements", ())
        if "action_id" in element
    ]
    made, ended = (
        ["v1:reroll", "v1:edit", "v1:other_quality", "v1:settings", "v1:more"],
        ["v1:retry", "v1:edit", "v1:delete"],
    )
    assert actions == (made if job.status is JobStatus.SUCCEEDED else ended if job.status.is_final else ["v1:cancel"])


# Errors -------------------------------------------------------------------------------------------


def every(cls: type[FlipbookError]) -> list[type[FlipbookError]]:
    return [cls, *(found for sub in cls.__subclasses__() for found in every(sub) if sub.__module__ == errors.__name__)]


EXAMPLES: dict[type[FlipbookError], FlipbookError] = {
    errors.InvalidRequest: errors.InvalidRequest((errors.Violation("--fps", "a number", "'<!here>'"),)),
    errors.LimitExceeded: errors.LimitExceeded("user_clips_per_day", allowed="1", used="1", resets_at=NOW),
    errors.BudgetExhausted: errors.BudgetExhausted(NOW),
    errors.BudgetTooSmall: errors.BudgetTooSmall("$7.00", scope="server", budget="$5.00"),
    errors.ServerNotAllowed: errors.ServerNotAllowed("slack:T1"),
    errors.PromptBlocked: errors.PromptBlocked("<!here>"),
    errors.TooManyReports: errors.TooManyReports(5),
    errors.ReportDecided: errors.ReportDecided("slack:U1", "block"),
    errors.IllegalTransition: errors.IllegalTransition("a", "b", "c"),
    errors.RequestRejected: errors.RequestRejected("fal", ()),
    errors.CannotFit: errors.CannotFit(1),
    errors.ChatUnusable: errors.ChatUnusable("Slack does not accept the token <x>."),
}
OURS: list[FlipbookError] = [
    *(CommandMisread(problem, "--<!here>") for problem in CommandProblem),
    *(CommandMisread(CommandProblem.MISSING_VALUE, flag.name) for flag in FLAGS),
    *(AccessRefused(why, "U0BOT") for why in AccessProblem),
    *(AccessRefused(why) for why in AccessProblem),
    *(AdminRefused(problem, "<!here>") for problem in AdminProblem),
    SlackRefused("x", "a <reason>"),
    SlackDelayed("x", "a <reason>"),
    TokenDead("token_revoked"),
    AppRemoved(),
]


def example(cls: type[FlipbookError]) -> FlipbookError:
    if cls in EXAMPLES:
        return EXAMPLES[cls]
    return cls() if cls.__init__ is FlipbookError.__init__ else cls("<!here>")


@pytest.mark.parametrize(
    "error", [*(example(cls) for cls in every(FlipbookError)), *OURS], ids=lambda error: type(error).__name__
)
def test_every_error_has_one_sentence(error: FlipbookError) -> None:
    words = render.error_content(error).text
    assert words[-1] in ".!?"
    assert words == words.strip()
    assert "\n" not in words
    assert type(error).__name__ not in words
    assert loud({"text": words}) == []
    assert len(words) < 1_000


def test_every_command_is_one_that_the_manifest_can_name() -> None:
    for spec in COMMANDS:
        assert spec.name.startswith("/")
        assert len(spec.name) <= 32
        assert spec.name == spec.name.lower()
        assert 0 < len(spec.description) <= 2000
        assert 0 < len(spec.usage_hint) <= 1000


def texts_of(content: SlackContent) -> list[str]:
    """The texts of a content's blocks, buttons aside."""
    found = [block["text"]["text"] for block in content.blocks if "text" in block]
    return found + [e["text"] for block in content.blocks if block["type"] == "context" for e in block["elements"]]


def test_a_decision_is_said_under_a_report_of_any_length() -> None:
    closed = closed_case_content("&amp;" * 800, "Decided by <@U1>: the clip is hidden.")
    assert closed.text.endswith("&amp;\nDecided by <@U1>: the clip is hidden.")
    assert len(closed.text) <= SECTION_LIMIT
