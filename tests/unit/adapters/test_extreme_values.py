"""Forms, buttons and messages of both chats with the longest values that anything may have: each part within the
lengths that its platform takes, by its own description and by its pages."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.discord.ids import OpenedForm, modal_id
from adapters.discord.text import admin as discord_admin
from adapters.discord.text import layout, lists
from adapters.discord.text.form import form_modal, try_again_view
from adapters.discord.text.markup import DISCORD
from adapters.slack.models import Act, Identity
from adapters.slack.text import admin, clips, form, notices, render, views
from adapters.slack.text import finding as slack_finding
from adapters.slack.text import lists as slack_lists
from adapters.slack.text.home import defaults, limits, page
from adapters.slack.text.home.page import HomePage
from factories import (
    NOW,
    a_channel,
    a_delivery,
    a_job,
    a_message,
    a_page,
    a_request,
    a_server,
    a_user,
    an_audit_entry,
    later,
    moved,
    under_way,
)
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job, JobId, JobStatus
from generation.domain.pricing import Micros
from generation.domain.refs import Platform
from generation.domain.style import MAX_NAME, PromptStyle
from generation.protocol import errors as e
from generation.protocol.progress import Phase, Progress, Steps
from generation.protocol.request import Endpoint, Motion
from generation.rules.choices import DEFAULT_NAMES, MemberChoices, OwnChoices
from generation.rules.forms.form import Form, FormField, form_of
from generation.rules.forms.styles import MAX_STYLES, Styles
from generation.rules.limits import BUDGETS, LimitName, Limits, Usage, day_of
from generation.rules.policy import Policy, PolicyName
from generation.rules.server_rules import ServerRules
from generation.service import Quota
from generation.service.pages import HOME_PAGE_SIZE, MemberClips
from generation.service.rules import RulesChange
from generation.text.notices import notice_text
from judges.discord_spec import discord_spec
from judges.lengths import MOST_CONTENT, too_long_for_discord
from judges.slack_validate import SlackJudge
from judges.specs import specs
from unit.adapters.notice_examples import the_notices
from unit.adapters.rule_sentences import FULL

IDENTITY = Identity("T1", "U1", "B1", frozenset(), url="https://a.slack.com/")
LONGEST = "&<*_`@" * 334
"""Longer than a prompt may be; every character grows where it is escaped."""
MILLION, BILLION = Micros(10**6 * 10**6), Micros(10**9 * 10**6)
"""The largest budget, and more than anybody will have spent."""
ZONE = "America/Argentina/ComodRivadavia"
"""The longest name of a time zone."""
ROLES = tuple(f"{number:019}" for number in range(25))
DRAFT = "f" * 24
URL = "https://hooks.example/" + "x" * 300
ACT = Act("k", "T" * 11, "C" * 11, "U" * 11, thread="1700000000.000100", response_url=URL)


def the_longest_job(platform: Platform, status: JobStatus = JobStatus.SUCCEEDED) -> Job:
    """Everything in it as long as it may be."""
    request = a_request(
        prompt=LONGEST[:2_000],
        negative_prompt=LONGEST[:2_000],
        motions=[motion.value for motion in Motion],
        seed=2**32 - 1,
        guidance_scale=19.987654321,
        num_frames=32,
        num_inference_steps=50,
        video_size={"width": 1536, "height": 680},
        endpoint=Endpoint.TURBO,
    )
    channel = a_channel("5" * 19, server=a_server("9" * 19, platform), thread="7" * 19)
    style = PromptStyle(name="x" * MAX_NAME, prefix="x" * 100)
    job = a_job(
        request=request,
        requested_by=a_user("7" * 19, platform),
        channel=channel,
        parent=JobId("f" * 24),
        style=style,
        parent_number=10**9,
        number=10**9,
        own_defaults=DEFAULT_NAMES[:3],
        servers_defaults=DEFAULT_NAMES[3:],
    )
    return replace(moved(job, status, later(days=400)), waiting_for=LONGEST[:200])


def the_longest_styles() -> Styles:
    names = [f"{number:02}" + "x" * (MAX_NAME - 2) for number in range(MAX_STYLES)]
    return Styles(styles=tuple(PromptStyle(name=name, prefix=LONGEST[:300]) for name in names))


def the_longest_forms() -> Iterator[Form]:
    """With everything filled in; with what a server does not allow any more; and with what nobody could read."""
    values = {
        FormField.PROMPT: LONGEST,
        FormField.NEGATIVE: LONGEST,
        FormField.QUALITY: "turbo",
        FormField.SIZE: "1536x680",
        FormField.MOTIONS: ",".join(motion.value for motion in Motion),
        FormField.STYLE: the_longest_styles().names[-1],
        FormField.FRAMES: "32",
        FormField.FPS: "30",
        FormField.STEPS: "50",
        FormField.GUIDANCE: "19.987654321",
        FormField.SEED: str(2**32 - 1),
    }
    narrow = Limits(max_frames=1, max_steps=1, max_pixels=64 * 64, endpoints=frozenset({Endpoint.STANDARD}))
    for allowed in (Limits(), narrow):
        for parent in (None, JobId("f" * 24)):
            yield form_of(values, allowed, the_longest_styles(), parent=parent)
    yield form_of({**values, FormField.MORE: LONGEST}, Limits(), the_longest_styles())


def the_largest_rules() -> ServerRules:
    most = Limits.model_validate(
        {name.value: MILLION for name in BUDGETS} | {"user_clips_per_day": 10**6, "server_clips_per_day": 10**6}
    )
    roles = {role: {"user_clips_per_day": 10**6, "endpoints": list(Endpoint), "max_frames": 32} for role in ROLES}
    policy = FULL.model_dump() | {"role_limits": roles, "allowed_roles": ROLES, "added_negative": LONGEST[:500]}
    policy |= {"log_channel": "9" * 19, "time_zone": ZONE}
    return ServerRules(most, Limits(), Policy.model_validate(policy))


def the_largest_quota() -> Quota:
    rules = the_largest_rules()
    usage = Usage(10**6, 10**9, 10**4, 10**4, BILLION, BILLION, day_of(NOW))
    return Quota(rules.limits, usage, NOW)


def a_choice_of_all() -> MemberChoices:
    """Everything is chosen, with a style that is gone."""
    numbers = {"num_frames": 32, "fps": 30, "num_inference_steps": 50}
    chosen = {"video_size": "landscape_16_9", "style": "y" * MAX_NAME, "negative_prompt": "x" * 500}
    return MemberChoices.model_validate(chosen | numbers | {"endpoint": Endpoint.TURBO})


def the_progresses() -> Iterator[Progress]:
    yield Progress(Phase.WAITING, waiting_for=LONGEST[:300], eta_seconds=1e9)
    yield Progress(Phase.FETCHING, waiting_for=LONGEST[:300], eta_seconds=1e9)
    yield Progress(Phase.QUEUED, position=10**9, eta_seconds=1e9)
    yield Progress(Phase.RENDERING, steps=Steps(49, 50), eta_seconds=1e9)


# Discord ------------------------------------------------------------------------------------------


def judged(data: dict[str, Any], kind: int) -> list[str]:
    """An answer to an interaction, by the official description and by the lengths of Discord's pages."""
    path = "/interactions/1/token/callback"
    found = discord_spec(specs()).request("POST", path, "application/json", {"type": kind, "data": data})
    return found + too_long_for_discord(data)


def test_discord_takes_the_form() -> None:
    async def modals() -> list[dict[str, Any]]:
        return [form_modal(each, modal_id(OpenedForm(each.parent, "9" * 20))).to_dict() for each in the_longest_forms()]

    assert [judged(modal, 9) for modal in asyncio.run(modals())] == [[]] * 5


def test_discord_takes_every_row_of_buttons() -> None:
    async def rows() -> list[Any]:
        jobs = [the_longest_job(Platform.DISCORD, status) for status in JobStatus]
        views = [each for job in jobs for each in (layout.buttons(job), layout.settings_buttons(job))]
        views += [layout.notice_buttons(notice_text(notice, DISCORD).buttons) for notice in the_notices()]
        views += [layout.reroll_button(jobs[0]), try_again_view(DRAFT)]
        views += [layout.clip_buttons(job) for job in jobs]
        views += [layout.history_controls(a_page(*jobs)), layout.cancel_buttons(under_way(*jobs))]
        return [view.to_components() for view in views if view is not None]

    for components in asyncio.run(rows()):
        assert judged({"content": "x", "components": components}, 4) == []


def test_discord_takes_every_list() -> None:
    job, rules, member = the_longest_job(Platform.DISCORD), the_largest_rules(), a_user("7" * 19)
    change = RulesChange(ServerRules(Limits()), rules)
    entry = an_audit_entry(before=LONGEST, after=LONGEST)
    texts = [
        lists.queue(under_way(*[job] * 50), member, [LONGEST[:200]] * 3),
        lists.history(a_page(*[job] * 5)),
        lists.clip(job, a_message()),
        lists.details(job),
        lists.settings(job, "/animate " + LONGEST)[0],
        lists.quota(the_largest_quota()),
        lists.styles(the_longest_styles()),
        lists.audit([entry] * 50),
        discord_admin.rules(rules),
        discord_admin.changed(change, [*LimitName, *PolicyName]),
        discord_admin.settings(rules.policy),
        discord_admin.policy_list(rules.policy),
    ]
    texts += [lists.style(the_longest_styles(), name) for name in the_longest_styles().names[:1]]
    assert [(len(text), text[:40]) for text in texts if not 0 < len(text) <= MOST_CONTENT] == []


# Slack --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asks_where", [True, False])
def test_slack_takes_the_form(slack_referee: SlackJudge, asks_where: bool) -> None:
    for opened in the_longest_forms():
        view = form.form_view(opened, form.FormPlace.of(ACT, opened.parent), asks_where=asks_where)
        assert slack_referee.check_view(view) == []


def test_slack_takes_every_other_view(slack_referee: SlackJudge) -> None:
    job = the_longest_job(Platform.SLACK)
    shown = [form.loading_view(), form.refused_view(render.error_sentence(e.PromptBlocked(LONGEST[:100])))]
    shown += [views.delete_view(job, ACT), views.report_view(job, ACT)]
    assert [slack_referee.check_view(view) for view in shown] == [[]] * len(shown)


def test_slack_takes_the_fullest_home_tab(slack_referee: SlackJudge) -> None:
    def many(status: JobStatus) -> tuple[Job, ...]:
        return tuple(the_longest_job(Platform.SLACK, status) for _ in range(20))

    progress = next(the_progresses())
    ended = a_page(*many(JobStatus.SUCCEEDED)[:HOME_PAGE_SIZE])
    ended = replace(ended, newer_than=ended.shown[0].job.id, older_than=ended.shown[-1].job.id)
    clips_of = MemberClips(tuple((job, progress) for job in many(JobStatus.RUNNING)), ended)
    rules, trouble = the_largest_rules(), (LONGEST[:200],) * 3
    chosen = {"style": "x" * MAX_NAME, "negative_prompt": LONGEST[:500], "video_size": {"width": 1536, "height": 680}}
    own = OwnChoices(MemberChoices.model_validate(chosen | {"num_frames": 32}), rules.policy, Limits(max_frames=1))
    full = HomePage(clips_of, the_largest_quota(), IDENTITY, own, rules, trouble)
    settings = clips.settings_content(ended.shown[0].job, "/animate " + LONGEST)
    shown = [page.home_view(full, NOW, notice) for notice in (None, settings, admin.rules_content(rules))]
    shown += [
        page.refused_home(render.error_sentence(e.PromptBlocked("x"))),
        page.answer_view(),
        page.answer_view(LONGEST),
    ]
    shown += [limits.limits_view(rules.limits), limits.limits_view(Limits())]
    shown += [
        defaults.defaults_view(each, the_longest_styles()) for each in (own.chosen, MemberChoices(), a_choice_of_all())
    ]
    assert [slack_referee.check_view(view) for view in shown] == [[]] * len(shown)
    for view in shown:
        ids = [block["block_id"] for block in view["blocks"] if "block_id" in block]
        assert len(ids) == len(set(ids)), "Slack takes no id twice"
        assert len(json.dumps(view)) < 250_000


def test_slack_takes_every_message(slack_referee: SlackJudge) -> None:
    contents = [
        content
        for job in (the_longest_job(Platform.SLACK, status) for status in JobStatus)
        for content in (
            *(render.progress_content(job, progress) for progress in the_progresses()),
            render.outcome_content(job, has_clip=True, parent="https://a.slack.com/archives/C1/p1?" + "&" * 200),
            render.outcome_content(job, has_clip=False),
            render.kept_content(job, (LONGEST,) * 9, None),
            render.share_content(job, (LONGEST,) * 9),
            clips.settings_content(job, "/animate " + LONGEST),
            clips.gone_content(job, may_make_again=True),
            slack_finding.history_content(a_page(*[job] * 5), IDENTITY),
            slack_finding.queue_content(under_way(*[job] * 50), job.requested_by, [LONGEST[:200]] * 3),
            clips.deleted_answer_content(a_delivery(job, status=DeliveryStatus.ABANDONED, told=(LONGEST[:300],))),
        )
    ]
    contents += [notices.notice_content(notice) for notice in the_notices()]
    values = {FormField.PROMPT: LONGEST}
    wrong = e.InvalidRequest((e.Violation("prompt", "at most 2,000 characters", LONGEST[:60]),) * 20)
    contents.append(form.form_refusal(wrong, values, DRAFT))
    assert {each for content in contents for each in slack_referee.check_blocks(list(content.blocks))} == set()
    assert max(len(content.text) for content in contents) <= 12_000


def test_slack_takes_every_list() -> None:
    job, rules = the_longest_job(Platform.SLACK), the_largest_rules()
    change = RulesChange(ServerRules(Limits()), rules)
    entry = an_audit_entry(before=LONGEST, after=LONGEST)
    contents = [
        slack_finding.queue_content(under_way(*[job] * 50), job.requested_by, [LONGEST[:200]] * 3),
        slack_finding.history_content(a_page(*[job] * 5), IDENTITY),
        slack_lists.job_content(job, link="https://a.example/" + "&" * 300, comes_again=True, again=LONGEST),
        slack_lists.quota_content(the_largest_quota()),
        slack_lists.styles_content(the_longest_styles()),
        slack_lists.audit_content([entry] * slack_lists.MOST_AUDITED),
        admin.rules_content(rules),
        admin.changed_content(change, [*LimitName, *PolicyName]),
        admin.settings_content(rules.policy),
        admin.policy_content(rules.policy),
    ]
    assert [len(content.text) for content in contents if not 0 < len(content.text) <= 12_000] == []
