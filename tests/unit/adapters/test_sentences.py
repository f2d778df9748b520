"""Every sentence of the catalogue on both chats and in the terminal, with the least and the most that it may hold."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import pytest

from adapters.discord.text import admin as discord_admin
from adapters.discord.text import help as discord_help
from adapters.discord.text import lists as discord_lists
from adapters.discord.text import render as discord_render
from adapters.discord.text.markup import DISCORD
from adapters.slack.commands import FLAGS
from adapters.slack.errors import (
    AccessProblem,
    AccessRefused,
    AdminProblem,
    AdminRefused,
    CommandMisread,
    CommandProblem,
    SlackRefused,
)
from adapters.slack.handlers.parsing import command_line
from adapters.slack.models import Identity, SlackContent
from adapters.slack.text import admin as slack_admin
from adapters.slack.text import finding as slack_finding
from adapters.slack.text import help as slack_help
from adapters.slack.text import lists as slack_lists
from adapters.slack.text import render as slack_render
from adapters.slack.text.markup import SLACK
from factories import NOW, a_job, a_page, a_request, a_user, an_audit_entry, under_way
from generation.domain.job import Failure, FailureKind
from generation.domain.refs import Platform
from generation.mp4 import Change
from generation.ports import ClipLink
from generation.protocol import errors as e
from generation.protocol.progress import Phase, Progress
from generation.rules.limits import LimitName, Limits
from generation.rules.server_rules import ServerRules
from generation.service import Quota
from generation.text import audit, backends, clips, limits, lists, outcomes
from generation.text.dialect import PLAIN, Dialect
from generation.text.errors import failure_sentence, sentence
from generation.text.forms.styles import PARTS
from generation.text.help import ANIMATE_ABOUT, ANIMATE_TEXT, CLIP_ABOUT, FLIPBOOK_ABOUT, help_lines
from generation.text.money.quota import quota_lines
from generation.text.notices import notice_text
from generation.text.options import ABOUT
from unit.adapters.admin_sentences import admin_sentences
from unit.adapters.asking_examples import asking_contents
from unit.adapters.backend_sentences import backend_sentences
from unit.adapters.form_sentences import form_sentences
from unit.adapters.moderation_sentences import clip_contents, moderation_sentences
from unit.adapters.money_sentences import money_sentences
from unit.adapters.notice_examples import the_notices
from unit.adapters.privacy_sentences import privacy_sentences
from unit.adapters.rule_sentences import rule_sentences
from unit.adapters.sentence_examples import (
    AUDITED,
    USAGES,
    WHO,
    the_errors,
    the_jobs,
    the_limits,
    the_policies,
    the_progresses,
)
from unit.adapters.slack.home_sentences import home_sentences
from unit.adapters.style_sentences import style_sentences
from unit.generation.text.test_catalogue import LITERALS

IDENTITY = Identity("T1", "U1", "B1", frozenset(), url="https://a.slack.com/")
DIALECTS = {Platform.DISCORD: DISCORD, Platform.SLACK: SLACK, Platform.TERMINAL: PLAIN}
MOST = {Platform.DISCORD: 2_000, Platform.SLACK: 12_000, Platform.TERMINAL: 12_000}
SLACK_SECTION = 3_000
SLACK_DATE = "{date_short_pretty} at {time}"
"""Slack's own placeholders, which its apps fill in."""
LINK = ClipLink("https://clips.example/clips/" + "f" * 24 + ".mp4?until=9999999999&signature=" + "f" * 64, NOW)


class Said(NamedTuple):
    """One text that somebody reads; ``is_sentence``: it begins like one."""

    platform: Platform
    text: str
    is_sentence: bool = True


# What is said --------------------------------------------------------------------------------------


def of_jobs(d: Dialect) -> Iterator[Said]:
    for progress in the_progresses():
        yield Said(d.platform, clips.progress_words(progress, d))
        yield Said(d.platform, clips.left_words(progress, d) or "x", is_sentence=False)
    for job in the_jobs(d.platform):
        yield Said(d.platform, clips.status_words(job.status, d))
        yield Said(d.platform, clips.settings_words(job.request, d), is_sentence=False)
        yield Said(d.platform, " · ".join(clips.made_words(job, d)) or "x", is_sentence=False)
        yield Said(d.platform, "\n".join(lists.detail_lines(job, d)))
        yield Said(d.platform, outcomes.cancelling_words(job, d))
        yield Said(d.platform, outcomes.description(job, 500, d))
        if job.status.is_final:
            yield Said(d.platform, outcomes.ended_words(job, d))
        for link in (None, LINK):
            yield Said(d.platform, outcomes.undelivered_words(job, ("the channel is gone", "a *b* <c>"), link, d))
            yield Said(d.platform, outcomes.undelivered_words(job, (), link, d))
        yield Said(d.platform, outcomes.moved_words(("it was deleted",) * 3, d) or "")


def of_servers(d: Dialect) -> Iterator[Said]:
    jobs, viewer = list(the_jobs(d.platform)), a_user("71", d.platform)
    for some in ([], jobs[:1]):
        yield Said(d.platform, "\n".join(lists.queue_lines(under_way(*some), viewer, ["The worker is away."], d)))
        yield Said(d.platform, "\n".join(lists.history_head(a_page(*some), d)))
        for job in some:
            yield Said(d.platform, lists.history_line(job, LINK.url, d), is_sentence=False)
    for given in ("", "clips", "a*b " * 25):
        yield Said(d.platform, limits.unknown_limit_words(given, d))
    for found in the_limits():
        for usage in USAGES:
            for moment in (None, NOW):
                yield Said(d.platform, "\n".join(quota_lines(found, usage, d, hour_resets_at=moment)))
        for name in LimitName:
            yield Said(d.platform, limits.changed_limit_words(found, name, d, before=Limits()))
            yield Said(d.platform, limits.limit_range_words(name, d), is_sentence=False)


def of_changes(d: Dialect) -> Iterator[Said]:
    for policy in the_policies():
        yield from (Said(d.platform, line) for line in audit.policy_lines(policy, d))
    for who in WHO:
        for what, before, after in AUDITED:
            entry = an_audit_entry(by=who, what=what, before=before, after=after)
            yield Said(d.platform, audit.audit_words(entry, d), is_sentence=False)
    yield Said(d.platform, "\n".join(lists.audit_list([], d)))
    yield from (Said(d.platform, each) for each in admin_sentences(d))
    yield Said(d.platform, "\n".join(help_lines(d, {})))
    yield from (Said(d.platform, "\n".join(notice_text(each, d).lines)) for each in the_notices())


def of_errors(d: Dialect) -> Iterator[Said]:
    for error in the_errors():
        yield Said(d.platform, sentence(error, d))
    for kind in FailureKind:
        yield Said(d.platform, failure_sentence(Failure(kind), d))


def on_discord() -> Iterator[Said]:
    def said(text: str | None) -> Said:
        return Said(Platform.DISCORD, text or "X")

    reasons = ("the channel is gone", "the message was deleted") * 9
    fitted = discord_render.Fitted(Change.FRAME_RATE, 10 * 2**20, width=1024, height=1024, fps=29.97)
    for job in the_jobs(Platform.DISCORD):
        notes = (discord_render.fitted_note(fitted) or "", discord_render.moved_note(reasons, from_channel=2**63) or "")
        yield said(discord_render.ended(job, has_clip=False, notes=notes))
        yield said(discord_render.kept_back(job, e.CannotFit(1), LINK, notes=notes))
        yield said(discord_render.undelivered(job, reasons, LINK))
        yield said(discord_render.sent_elsewhere(job, discord_render.directly_to(2**63)))
        for progress in the_progresses():
            yield from (said(discord_render.under_way(job, progress, NOW, until)) for until in (None, NOW))
    for change in Change:
        yield said(discord_render.fitted_note(replace(fitted, change=change)))
    for reason in (("it is gone",), ()):
        yield said(discord_render.moved_note(reason, from_channel=5))
    for text in (
        discord_render.ONLY_IN_SERVERS,
        discord_render.ADMINS_ONLY,
        discord_render.OUTDATED_COMMAND,
        discord_render.STALE_BUTTON,
        discord_render.SENT_PRIVATELY,
        discord_render.NO_CLIP_OF_OURS,
        discord_help.HELP,
    ):
        yield said(text)
    jobs = [*the_jobs(Platform.DISCORD)] * 3
    entries = [an_audit_entry(what="policy", before='{"channels":[]}', after='{"channels":["1","2"]}')] * 50
    yield said(discord_lists.queue(under_way(*jobs), a_user("71")))
    yield said(discord_lists.settings(jobs[0], "/animate " + "x" * 3_000)[0])
    yield said(discord_lists.settings(jobs[0], "/animate x")[0])
    yield said(discord_lists.history(a_page(*jobs)))
    yield said(discord_lists.audit(entries))
    yield from (said(discord_admin.policy_list(policy)) for policy in the_policies())


def on_slack() -> Iterator[Said]:
    contents = list(slack_contents())
    yield from (Said(Platform.SLACK, content.text) for content in contents)
    for content in contents:
        for block in content.blocks:
            text = block.get("text") or block["elements"][0]
            if isinstance(text, dict) and isinstance(text.get("text"), str):
                yield Said(Platform.SLACK, text["text"], is_sentence=False)


WHERE = (slack_render.IN_ITS_THREAD, slack_render.IN_ANOTHER_MESSAGE, slack_render.IN_A_DIRECT_MESSAGE)


def slack_contents() -> Iterator[SlackContent]:
    jobs = list(the_jobs(Platform.SLACK))
    yield from clip_contents()
    for job in jobs:
        yield from (slack_render.progress_content(job, progress) for progress in the_progresses())
        yield from (slack_render.outcome_content(job, has_clip=has_clip) for has_clip in (True, False))
        yield slack_render.outcome_content(job, has_clip=True, parent="https://a.slack.com/archives/C1/p1")
        for where in WHERE:
            yield slack_render.elsewhere_content(job, where)
        yield from (slack_render.kept_content(job, ("a <reason>",), link) for link in (None, LINK))
        link = "https://a.slack.com/archives/C1/p1?x=1"
        yield slack_lists.job_content(job, link=link, comes_again=True, again=command_line(job))
        yield slack_render.arriving_content(job)
        yield from (slack_render.share_content(job, reasons) for reasons in ((), ("it is closed",)))
    for problem in CommandProblem:
        yield slack_render.error_content(CommandMisread(problem, "--fram", "--frames"))
    yield slack_render.error_content(CommandMisread(CommandProblem.UNKNOWN_FLAG, "--dance"))
    yield slack_render.error_content(CommandMisread(CommandProblem.MISSING_VALUE, FLAGS[1].name))
    yield from (slack_render.error_content(AccessRefused(problem, "U1")) for problem in AccessProblem)
    yield from (slack_render.error_content(AdminRefused(problem, "clips")) for problem in AdminProblem)
    yield slack_render.stale_button_content()
    for code, reason in (("is_archived", "the channel is archived"), ("not_in_channel", "the bot is not in it")):
        yield slack_render.comes_directly_content(SlackRefused(code, reason))
    yield slack_help.animate_content()
    yield slack_help.flipbook_content()
    yield slack_help.admin_content()
    yield slack_help.unknown_word_content("dance", ("queue", "show"))
    yield slack_help.unknown_command_content()
    yield from asking_contents()
    yield slack_finding.queue_content(under_way(*jobs), a_user("71", Platform.SLACK))
    yield slack_finding.history_content(a_page(*jobs[:5]), IDENTITY)
    yield slack_lists.quota_content(Quota(Limits(), USAGES[0]))
    yield slack_admin.rules_content(ServerRules(Limits()))
    entry = an_audit_entry(what="policy", before='{"channels":[]}', after='{"channels":["C1"]}')
    yield slack_lists.audit_content([entry] * slack_lists.MOST_AUDITED)
    yield from (slack_admin.policy_content(policy) for policy in the_policies())


def everything() -> Iterator[Said]:
    for d in DIALECTS.values():
        yield from of_jobs(d)
        yield from of_servers(d)
        yield from of_changes(d)
        yield from of_errors(d)
        yield from (Said(d.platform, each, is_sentence=False) for each in (*style_sentences(d), *privacy_sentences(d)))
        yield from (Said(d.platform, text, is_sentence=whole) for text, whole in moderation_sentences(d))
        yield from (Said(d.platform, text, is_sentence=whole) for text, whole in rule_sentences(d))
        yield from (Said(d.platform, text, is_sentence=w) for text, w in (*form_sentences(d), *home_sentences(d)))
    for text, whole in (*backend_sentences(), *money_sentences()):
        yield Said(Platform.TERMINAL, text, is_sentence=whole)
    yield from on_discord()
    yield from on_slack()


@pytest.fixture(scope="module")
def said() -> list[Said]:
    return list(dict.fromkeys(everything()))


def bad(said: list[Said], pattern: str, platform: Platform | None = None) -> list[Said]:
    read = ((each, each.text.replace(SLACK_DATE, "")) for each in said)
    return [each for each, text in read if platform in {None, each.platform} and re.search(pattern, text)][:5]


# What holds for all --------------------------------------------------------------------------------


def test_no_placeholder_is_left_or_empty(said: list[Said]) -> None:
    assert [each for each in said if not each.text.strip() or each.text != each.text.strip()] == []
    assert bad(said, r"[{}]|\bNone\b|“”|\(\)|\[\]|: *$|: *\.|\*\* *\*\*|``") == []


def test_no_space_is_double_or_before_a_full_stop(said: list[Said]) -> None:
    assert bad(said, r"\S  |\s[.,;](\s|$)|\.\.|,\.") == []


def test_one_is_one_and_many_are_many(said: list[Said]) -> None:
    assert bad(said, r"(?<![\d.,])1 (clips|frames|steps|pixels|members)\b") == []
    assert bad(said, r"\b(0|[2-9]|\d\d+) (clip|frame|step)\b") == []
    assert bad(said, r"\b0 of 0\b|of no limit") == []


SIGNS = re.compile(r"^(?:[^\w“]|_)*")
"""Emoji and markup before the first word."""


def test_every_sentence_begins_with_a_capital(said: list[Said]) -> None:
    begins = [(each, SIGNS.sub("", each.text, count=1)) for each in said if each.is_sentence]
    # a bar in a notification, a mention, and names that are typed as they are begin otherwise
    assert [each for each, text in begins if text[:1].islower()][:5] == []


def test_nobody_reads_the_other_platforms_word_for_a_place(said: list[Said]) -> None:
    assert bad(said, r"\bworkspaces?\b", Platform.DISCORD) == []
    assert bad(said, r"\bservers?\b", Platform.SLACK) == []
    assert bad(said, r"\b(endpoints?|pixels)\b") == []


def test_every_text_fits_its_platform(said: list[Said]) -> None:
    on = {platform: [each.text for each in said if each.platform is platform] for platform in Platform}
    rendered = [each.text for each in on_discord()]
    assert max(map(len, rendered)) <= MOST[Platform.DISCORD]
    assert max(map(len, on[Platform.SLACK])) <= MOST[Platform.SLACK]
    sections = [b["text"]["text"] for c in slack_contents() for b in c.blocks if "text" in b]
    assert max(map(len, sections)) <= SLACK_SECTION
    for job in the_jobs(Platform.DISCORD):
        assert len(discord_render.alt_text(job)) <= 1_024
    labels = (len(limits.limit_label(name, d)) for name in LimitName for d in DIALECTS.values())
    assert max(labels) <= 45, "what Discord takes as a label"


def test_a_screen_reader_is_given_no_markup() -> None:
    job = a_job(request=a_request(prompt="a *fox* [x] <b> & `y`"))
    assert discord_render.alt_text(job) == "A short animation: a *fox* [x] <b> & `y`"


def test_braces_in_a_members_words_are_shown_as_they_are() -> None:
    job = a_job(request=a_request(prompt="a {place} {0} {n}"))
    assert "> a {place} {0} {n}" in discord_render.under_way(job, Progress(Phase.QUEUED), NOW)
    assert "a {place} {0} {n}" in slack_render.progress_content(job, Progress(Phase.QUEUED)).text
    assert "{place}" in sentence(e.JobNotFound("7", typed="{place}"), DISCORD)


def test_every_sentence_of_the_catalogue_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this module does not say would not be tested by it."""
    seen = {discord_render.ONLY_IN_SERVERS, discord_render.ADMINS_ONLY, discord_render.OUTDATED_COMMAND}
    seen |= {discord_render.NO_CLIP_OF_OURS, discord_render.STALE_BUTTON, discord_render.SENT_PRIVATELY}
    for d in DIALECTS.values():
        one, two = d.catalogue.gettext, d.catalogue.ngettext
        monkeypatch.setattr(d.catalogue, "gettext", lambda message, one=one: (seen.add(message), one(message))[1])
        monkeypatch.setattr(d.catalogue, "ngettext", lambda a, b, n, two=two: (seen.add(two(a, b, n)), two(a, b, n))[1])
    list(everything())
    written = {text for call, text in LITERALS if "/text/" in call.where or "circuit_breaker" in call.where}
    # Discord's app shows these, most of them registered once in its form for every language
    seen |= {backends.PREVIEWS_ONLY, lists.CHOOSE, *ABOUT.values(), *PARTS.values()}
    seen |= {ANIMATE_ABOUT, FLIPBOOK_ABOUT, ANIMATE_TEXT, CLIP_ABOUT}
    assert sorted(written - seen) == []


@pytest.mark.parametrize("where", WHERE)
def test_where_a_clip_is_is_said_in_the_language_of_the_catalogue(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SLACK.catalogue, "gettext", lambda message: "Dort." if message == where else message)
    (job, *_) = the_jobs(Platform.SLACK)
    assert "Dort." in slack_render.elsewhere_content(job, where).text


def test_a_direct_message_is_named_in_the_language_of_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DISCORD.catalogue, "gettext", lambda _: "{member}, direkt")
    assert discord_render.directly_to(5) == "<@5>, direkt"
