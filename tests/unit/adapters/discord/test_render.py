"""What members read: a sentence for every error, the whole life of a message, and never more than Discord takes."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord import errors as discord_errors
from adapters.discord.text import admin, lists, render
from adapters.discord.text.markup import escaped, quoted
from factories import (
    NOW,
    a_channel,
    a_job,
    a_message,
    a_page,
    a_request,
    a_user,
    an_audit_entry,
    later,
    moved,
    under_way,
)
from generation.domain.gallery import HistoryPage, ShownJob
from generation.domain.job import Failure, FailureKind, Job, JobId, JobStatus
from generation.mp4 import Change
from generation.ports import ClipLink
from generation.protocol import errors as e
from generation.protocol.errors import FlipbookError, LimitExceeded, Violation
from generation.protocol.inputs.trouble import FileTrouble
from generation.protocol.progress import Phase, Progress, Steps
from generation.protocol.request import Motion
from generation.rules.limits import LimitName, Limits
from generation.rules.policy import Policy
from generation.rules.server_rules import ServerRules

EXAMPLES: dict[type[FlipbookError], FlipbookError] = {
    e.UnreadableFile: e.UnreadableFile(FileTrouble.DAMAGED),
    e.InvalidRequest: e.InvalidRequest((Violation("fps", "a whole number from 1 to 30", "99"),)),
    e.LimitExceeded: LimitExceeded(LimitName.USER_CLIPS_PER_DAY, allowed="8", used="16", resets_at=NOW),
    e.NotOffered: e.NotOffered(("loop",)),
    e.BudgetExhausted: e.BudgetExhausted(NOW),
    e.BudgetTooSmall: e.BudgetTooSmall("$7.00", scope="server", budget="$5.00"),
    e.ExportTooSoon: e.ExportTooSoon(NOW),
    e.IllegalTransition: e.IllegalTransition("abc", "queued", "pending"),
    e.RequestRejected: e.RequestRejected("fal", ()),
    e.CannotFit: e.CannotFit(10),
    e.TooManyReports: e.TooManyReports(5),
    e.ReportDecided: e.ReportDecided("discord:7", "block"),
    e.ChatUnusable: e.ChatUnusable("Discord does not take the token."),
    discord_errors.DiscordUnusable: discord_errors.DiscordUnusable("Discord does not take the token."),
}


def every(cls: type[FlipbookError]) -> list[type[FlipbookError]]:
    """The core's errors and this adapter's; other adapters have sentences of their own."""
    ours = [child for child in cls.__subclasses__() if child.__module__.startswith(("generation.", "adapters.discord"))]
    return [cls, *(found for child in ours for found in every(child))]


def example(cls: type[FlipbookError]) -> FlipbookError:
    if cls in EXAMPLES:
        return EXAMPLES[cls]
    return cls() if cls.__init__ is FlipbookError.__init__ else cls("name")


@pytest.mark.parametrize("cls", every(FlipbookError), ids=lambda cls: cls.__name__)
def test_every_error_is_one_readable_text(cls: type[FlipbookError]) -> None:
    text = render.refusal(example(cls))
    assert 10 < len(text) <= render.MAX_CONTENT
    assert cls.__name__ not in text
    assert text.endswith(".")


def test_times_are_discords_own() -> None:
    text = render.refusal(EXAMPLES[e.LimitExceeded])
    assert text == (f"You've used all 8 of your clips for today; you can make more <t:{int(NOW.timestamp())}:R>.")


def test_a_strangers_words_in_a_sentence_are_plain() -> None:
    assert render.refusal(e.JobNotFound("7", typed="<@1> *x*")) == "There is no clip \\<\\@1\\> \\*x\\* here."


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a_b*c~d`e|f", r"a\_b\*c\~d\`e\|f"),
        ("[a](https://b)", r"[a](https\://b)".replace("[", "\\[").replace("]", "\\]")),
        ("12:30", "12:30"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("+1 for that", "+1 for that"),
        ("# head @everyone <#1> \\", r"\# head \@everyone \<\#1\> \\"),
    ],
)
def test_nothing_that_discord_would_act_upon_is_left(text: str, plain: str) -> None:
    assert escaped(text) == plain


@given(st.text(max_size=300), st.integers(min_value=4, max_value=200))
def test_a_quotation_never_grows_beyond_its_room(text: str, room: int) -> None:
    assert 1 <= len(quoted(text, room)) <= room


@given(st.text(max_size=200))
def test_escaping_loses_nothing(text: str) -> None:
    assert re.sub(r"\\([^0-9A-Za-z\s])", r"\1", escaped(text)) == text


# A message's life ---------------------------------------------------------------------------------

FACTS = "-# standard · 512×512 · 16 frames at 8 fps · 25 steps · guidance 7.5 · seed 42 · for <@7001> · `{}`"
BOAT = "> a paper boat on a stormy sea"


@pytest.mark.parametrize(
    ("progress", "head"),
    [
        (Progress(Phase.WAITING, waiting_for="fal, which is busy"), "⏳ **Waiting for fal, which is busy**"),
        (Progress(Phase.QUEUED, position=2, eta_seconds=60), "⏳ **Queued, 2 ahead** · ready <t:{}:R>"),
        (
            Progress(Phase.RENDERING, steps=Steps(5, 25), eta_seconds=60),
            "🎬 **Rendering, step 5 of 25**\n`██░░░░░░░░░░` 20% · ready <t:{}:R>",
        ),
        (Progress(Phase.RENDERING), "🎬 **Rendering**"),
        (Progress(Phase.FETCHING), "📦 **Fetching the clip**"),
        (Progress(Phase.UPLOADING), "📤 **Uploading the clip**"),
    ],
)
def test_progress_says_where_the_clip_is(progress: Progress, head: str) -> None:
    job = a_job()
    at = int((NOW + timedelta(seconds=60)).timestamp())
    assert render.under_way(job, progress, NOW) == f"{head.format(at)}\n{BOAT}\n{FACTS.format(job.id)}"


def test_a_finished_re_roll_names_its_parent_how_long_it_took_and_who_made_it() -> None:
    made = moved(a_job(parent=JobId("f" * 24), parent_number=7), JobStatus.SUCCEEDED)
    job = replace(made, finished_at=later(seconds=12))
    facts = FACTS.format(job.id).replace(
        "for <@7001>", "made in 12 s · AnimateDiff on fal · for <@7001> · re-roll of `#7`"
    )
    assert render.ended(job, has_clip=True) == f"{BOAT}\n{facts}"


def test_the_settings_say_which_of_them_are_defaults_and_whose() -> None:
    job = moved(a_job(own_defaults=("video_size", "style"), servers_defaults=("fps",)), JobStatus.SUCCEEDED)
    said = render.ended(job, has_clip=True)
    assert " · own defaults: size, style · default of this server: frames per second · " in said


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_says_why(kind: FailureKind) -> None:
    job = moved(a_job(), JobStatus.QUEUED).failed(Failure(kind, "a secret detail"), NOW)
    text = render.ended(job, has_clip=False)
    assert text.startswith("❌ ")
    assert "secret" not in text


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (Change.NOTHING, None),
        (Change.BIT_RATE, "Too large for this place (10 MiB), so shown at a lower bit rate."),
        (Change.SIZE, "Too large for this place (10 MiB), so shown smaller, at 384×256."),
        (
            Change.FRAME_RATE,
            "Too large for this place (10 MiB), so shown smaller and less smooth, at 384×256 and 4 fps.",
        ),
    ],
)
def test_what_was_changed_to_fit_is_told(change: Change, note: str | None) -> None:
    fitted = render.Fitted(change, 10 * 2**20, width=384, height=256, fps=4.0)
    assert render.fitted_note(fitted) == note


def test_why_a_clip_is_elsewhere_is_told_once() -> None:
    assert render.moved_note(()) is None
    assert render.moved_note(("the message was deleted", "the message was deleted")) == (
        "It is posted here because the message was deleted."
    )
    assert render.moved_note((), from_channel=5) == "You asked for it in <#5>."


LINK = ClipLink("https://clips.example/clips/" + "f" * 24 + ".mp4?until=9999999999&signature=" + "f" * 64, NOW)


def test_a_clip_that_cannot_be_brought_is_linked_where_there_is_an_address() -> None:
    job = moved(a_job(), JobStatus.SUCCEEDED)
    moment = f"<t:{int(NOW.timestamp())}:R>"
    watch, command = f"[watch it here](<{LINK.url}>)", f"`/flipbook show id:{job.id}`"
    linked = f"It is kept: {watch} (the link expires {moment}), or {command} sends it again."
    assert linked in render.kept_back(job, e.CannotFit(1), LINK)
    assert linked in render.undelivered(job, ("the channel is gone",), LINK)
    assert f"It is kept: `/flipbook show id:{job.id}` sends it again" in render.undelivered(job, (), None)


def longest_job() -> Job:
    motions = [motion.value for motion in Motion]
    request = a_request(prompt="*" * 2000, negative_prompt="_" * 2000, motions=motions)
    return a_job(request=request, parent=JobId("f" * 24))


@pytest.mark.parametrize("status", JobStatus)
def test_the_longest_message_fits(status: JobStatus) -> None:
    job = moved(longest_job(), status)
    fitted = render.Fitted(Change.FRAME_RATE, 10 * 2**20, width=1024, height=1024, fps=29.97)
    reasons = tuple(discord_errors._STEP_FAILURES.values())
    notes = (render.fitted_note(fitted) or "", render.moved_note(reasons, from_channel=2**63) or "")
    progress = Progress(Phase.WAITING, waiting_for="x" * 200, eta_seconds=1e6)
    texts = [
        render.ended(job, has_clip=True, notes=notes),
        render.ended(job, has_clip=False, notes=notes),
        render.kept_back(job, e.CannotFit(1), LINK, notes=notes),
        render.undelivered(job, reasons, LINK),
        render.sent_elsewhere(job, f"<#{2**63}>"),
        render.under_way(job, progress, NOW),
    ]
    assert max(map(len, texts)) <= render.MAX_CONTENT
    assert len(render.alt_text(job)) <= 1024


def test_the_files_name_has_nothing_of_the_prompt() -> None:
    assert render.file_name(JobId("a" * 24)) == f"flipbook-{'a' * 24}.mp4"


# Lists --------------------------------------------------------------------------------------------


def test_long_lists_end_within_a_message() -> None:
    jobs = [longest_job() for _ in range(50)]
    policy = Policy(
        channels=frozenset(str(10**18 + n) for n in range(200)),
        blocked_terms=frozenset("x" * 90 + str(n) for n in range(200)),
    )
    entries = [an_audit_entry(before="[" * 400, after="_" * 400)] * 50
    for text in (
        lists.queue(under_way(*jobs), a_user()),
        lists.history(a_page(*jobs)),
        admin.policy_list(policy),
        lists.audit(entries),
    ):
        assert 500 < len(text) <= render.MAX_CONTENT
    assert lists.queue(under_way(*jobs), a_user()).endswith("…and more.")


@pytest.mark.parametrize(
    ("thread", "shown_in", "link"),
    [(None, "5001", "9001/5001/3001"), ("5002", "5002", "9001/5002/3001"), ("5002", "6001", "@me/6001/3001")],
    ids=["in its channel", "in its thread", "as a direct message"],
)
def test_a_clip_is_linked_where_it_is(thread: str | None, shown_in: str, link: str) -> None:
    job = moved(a_job(channel=a_channel(thread=thread)), JobStatus.FAILED)
    message = a_message(channel=a_channel(shown_in))
    for text in (lists.clip(job, message), lists.history(HistoryPage((ShownJob(job, message),)))):
        assert f"(<https://discord.com/channels/{link}>)" in text


def test_details_of_a_failed_clip_say_why() -> None:
    job = moved(a_job(), JobStatus.QUEUED).failed(Failure(FailureKind.TIMED_OUT), NOW)
    assert lists.details(job).splitlines()[1].startswith("The clip took too long")


@pytest.mark.parametrize("limits", [Limits(), Limits(user_clips_per_day=None, max_frames=1)])
def test_every_limit_is_listed(limits: Limits) -> None:
    assert len(admin.rules(ServerRules(limits)).splitlines()) == 1 + len(LimitName)


# Refusals of Discord ------------------------------------------------------------------------------


def test_every_close_code_has_a_sentence() -> None:
    documented = {4000, 4001, 4002, 4003, 4004, 4005, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014}
    assert documented <= set(discord_errors.CLOSE_CODES)
    for code in (*documented, None, 4999):
        assert re.fullmatch(r"[A-Z].{20,}\.", discord_errors.close_sentence(code))
