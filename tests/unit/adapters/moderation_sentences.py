"""Every sentence about reports, deleted and hidden clips, for the tests of the catalogue."""

from collections.abc import Iterator
from dataclasses import replace

from adapters.slack.models import Act, SlackContent
from adapters.slack.text import clips, render, views
from factories import NOW, a_channel, a_delivery, a_job, a_request, a_server, a_user, an_audit_entry, moved
from generation.domain.clip_actions import ClipAction
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job, JobStatus
from generation.domain.refs import Platform
from generation.domain.report import Decision, Report, ReportReason
from generation.protocol.request import Endpoint
from generation.rules.policy import Policy
from generation.text import audit, outcomes
from generation.text.controls import actions as clip_actions
from generation.text.controls import reports
from generation.text.dialect import Dialect
from generation.text.notices import notice_text
from unit.adapters.notice_examples import the_notices

DID = ("delete", "hide", "unhide", "deliver", "block", "dismiss", "cover", "uncover")


def the_gone_clips(platform: Platform) -> Iterator[Job]:
    """A hidden, a deleted and a covered clip."""
    server = a_server("T1", platform)
    made = moved(
        a_job(requested_by=a_user("71", platform), channel=a_channel("51", server=server)), JobStatus.SUCCEEDED
    )
    yield made.hidden(NOW)
    yield made.deleted(NOW)
    yield made.as_spoiler(is_spoiler=True)


def clip_action_sentences(d: Dialect) -> Iterator[tuple[str, bool]]:
    """Buttons, and what is read after pressing them."""
    for job in the_gone_clips(d.platform):
        for action in ClipAction:
            for quality in Endpoint:
                look = clip_actions.look_of(action, replace(job, request=a_request(endpoint=quality)), d)
                yield look.label, True
                yield look.about, True
        back = clip_actions.look_of(ClipAction.SHOW, a_job(channel=job.channel), d)
        yield from ((back.label, True), (back.about, True))
        yield "\n".join(clip_actions.settings_lines(job, "x", d)), True
        yield "\n".join(clip_actions.settings_lines(job, "", d)), True
        for may_make_again in (True, False):
            yield clip_actions.gone_words(job, d, may_make_again=may_make_again), True
        for status in DeliveryStatus:
            delivery = a_delivery(job, status=status, told=("the thread is archived",))
            yield clip_actions.deleted_words(delivery, d), True
            yield clip_actions.covered_words(job, delivery, d), True
        yield clip_actions.covered_words(job, None, d), True
    for question in (clip_actions.SURE, clip_actions.WHAT_GOES, clip_actions.DELETE_IT, clip_actions.KEEP_IT):
        yield d.gettext(question), True
    yield clip_actions.no_spoilers_words(d), True


def moderation_sentences(d: Dialect) -> Iterator[tuple[str, bool]]:
    """What members, reporters and admins read, and whether it is a whole sentence."""
    server, member = a_server("T1", d.platform), a_user("71", d.platform)
    for job in the_gone_clips(d.platform):
        yield outcomes.ended_words(job, d), True
        yield reports.thanks_words(job, d), True
        for decision in Decision:
            yield reports.decided_words(job, decision, member, d), True
            yield reports.decided_before_words(decision, member, d), True
    yield reports.ASK_REASON, True
    yield from clip_action_sentences(d)
    yield d.gettext(reports.REPORT_CLIP), True
    yield d.gettext(reports.ASK_REASON), True
    yield d.gettext(reports.ASK_WORDS), True
    for reason in ReportReason:
        report = Report(job.id, server, member, reason, "<&*" * 166, NOW)
        yield "\n".join(reports.report_lines([report, replace(report, words="")], d)), True
    yield "\n".join(reports.report_lines([], d)), True
    for notice in the_notices():
        for button in notice_text(notice, d).buttons:
            yield button.label, True
    for did in DID:
        entry = an_audit_entry(by=member, what="clip", before="{}", after=f'{{"{did}": "{job.id}"}}')
        yield audit.audit_words(entry, d), False
    for before, after in (([], ["a"]), (["a"], [])):
        texts = (f'{{"allowed_terms": {each}}}'.replace("'", '"') for each in (before, after))
        entry = an_audit_entry(by=member, what="policy", before=next(texts), after=next(texts))
        yield audit.audit_words(entry, d), False
    entry = an_audit_entry(
        by=member, what="policy", before='{"reports_until_hidden":3}', after='{"reports_until_hidden":0}'
    )
    yield audit.audit_words(entry, d), False
    policy = Policy(allowed_terms=frozenset({"great tit"}), reports_until_hidden=0)
    yield from ((line, True) for line in audit.policy_lines(policy, d))


def clip_contents() -> Iterator[SlackContent]:
    """What Slack's controls of a clip say."""
    for job in the_gone_clips(Platform.SLACK):
        yield render.deleted_content(job)
        yield clips.settings_content(job, "/animate x")
        yield clips.settings_content(job, "/animate " + "&" * 3_000)
        yield from (clips.gone_content(job, may_make_again=may) for may in (True, False))
        yield clips.deleted_answer_content(None)
        yield clips.thanks_content(job)
        yield clips.closed_case_content("X" * 4_000, "y")
        for decision in Decision:
            yield clips.decided_content(job, decision, a_user("71", Platform.SLACK))
    yield clips.no_clip_content()
    yield clips.too_late_content()
    yield clips.no_spoilers_content()
    yield clips.comes_directly_content()
    act = Act("k", "T1", "C1", "U1")
    for view in (views.delete_view(job, act), views.report_view(job, act)):
        texts = [view["title"], view["submit"], view["close"]]
        yield from (SlackContent(each["text"]) for each in texts)
