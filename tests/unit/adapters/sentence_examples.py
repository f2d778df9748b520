"""The least and the most that sentences may be about: jobs, progress, errors, limits, rules and changes."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from adapters.discord.errors import DiscordUnusable
from factories import NOW, PASTED, a_channel, a_job, a_request, a_server, a_user, later, moved
from generation.domain.job import Failure, FailureKind, Job, JobId, JobStatus
from generation.domain.pricing import Micros
from generation.domain.refs import Platform, UserRef
from generation.domain.style import PromptStyle
from generation.protocol import errors as e
from generation.protocol.errors import FlipbookError, Violation
from generation.protocol.extensions.capabilities import Capability
from generation.protocol.extensions.loops import Loop
from generation.protocol.inputs.trouble import FileTrouble
from generation.protocol.progress import MOST_AHEAD, Phase, Progress, Steps
from generation.protocol.request import Motion
from generation.rules.choices import DEFAULT_NAMES
from generation.rules.limits import BUDGETS, NEVER_REFUSED, LimitName, Limits, Usage, day_of
from generation.rules.money.budgets import BudgetScope, Period
from generation.rules.policy import Policy

NUMBERS = ("0", "1", "1000000")


def the_jobs(platform: Platform) -> Iterator[Job]:
    """The smallest and the largest job in every status, and one for every failure."""
    server = a_server("T1", platform)
    fields = {"requested_by": a_user("71", platform), "channel": a_channel("51", server=server)}
    largest = a_request(
        prompt="<&*" * 666, negative_prompt="_&" * 1000, motions=[motion.value for motion in Motion], seed=2**32 - 1
    )
    for request in (a_request(prompt="x", num_frames=1, num_inference_steps=1, seed=0), largest):
        for status in JobStatus:
            yield moved(a_job(request=request, **fields), status, later(days=3))
    done = moved(a_job(request=largest, parent=JobId("f" * 24), **fields), JobStatus.SUCCEEDED, later(seconds=0.1))
    for backend, engine in (("fal", None), ("worker", None), ("worker", "dreams")):
        yield replace(done, backend=backend, engine=engine)
    for engine in ("animatediff", "animatediff-cpu", "preview"):
        yield replace(done, backend="worker", engine=engine)
    for kind in FailureKind:
        yield moved(a_job(**fields), JobStatus.SUBMITTING).failed(Failure(kind, "a detail"), NOW)
    for settings in (("motions",), ("motions", "fps")):
        refused = Failure.of_fields(settings, "a detail")
        yield moved(a_job(**fields), JobStatus.SUBMITTING).failed(refused, NOW)
    yield moved(a_job(style=PromptStyle(name="x" * 30), **fields), JobStatus.SUCCEEDED)
    yield a_job(own_defaults=DEFAULT_NAMES[:1], servers_defaults=DEFAULT_NAMES, **fields)
    yield a_job(own_defaults=DEFAULT_NAMES, servers_defaults=DEFAULT_NAMES[:1], **fields)
    for request in (
        *(a_request(prompt=prompt) for prompt in PASTED),
        *(a_request(loop=loop, smooth_fps=24) for loop in Loop),
    ):
        yield a_job(request=request, **fields)
    yield replace(moved(a_job(**fields), JobStatus.FAILED), failure=None)
    yield from (moved(a_job(is_private=True, **fields), status, later(days=3)) for status in JobStatus)
    erased = fields | {"requested_by": a_user(f"~{0:032x}", platform), "request": largest.without_texts()}
    yield replace(moved(a_job(**erased), JobStatus.SUCCEEDED), prompt_removed_at=NOW)


def the_progresses() -> Iterator[Progress]:
    for phase in Phase:
        yield Progress(phase)
        yield Progress(phase, waiting_for="fal, which cannot be reached", eta_seconds=0)
    for position in (0, 1, MOST_AHEAD - 1, MOST_AHEAD, 10**6):
        yield Progress(Phase.QUEUED, position=position, eta_seconds=10**6)
    for steps in (Steps(0, 1), Steps(1, 1), Steps(2, 25), Steps(25, 25), Steps(8, 100), Steps(100, 100)):
        yield Progress(Phase.RENDERING, steps=steps, eta_seconds=5_000)


def classes_below(cls: type[FlipbookError]) -> list[type[FlipbookError]]:
    children = [child for child in cls.__subclasses__() if child.__module__.startswith(e.__name__)]
    return [cls, *(found for child in children for found in classes_below(child))]


EXAMPLES: dict[type[FlipbookError], FlipbookError] = {
    e.InvalidRequest: e.InvalidRequest((Violation("Frames per clip", "a whole number", "''"),) * 12),
    e.BudgetExhausted: e.BudgetExhausted(NOW),
    e.ExportTooSoon: e.ExportTooSoon(NOW),
    e.BudgetTooSmall: e.BudgetTooSmall("$7.00", scope="operator", budget="$5.00"),
    e.LimitExceeded: e.LimitExceeded(LimitName.ENDPOINTS, allowed="none", used="turbo"),
    e.IllegalTransition: e.IllegalTransition("abc", "queued", "pending"),
    e.Paused: e.Paused("back *soon* " * 40, NOW),
    e.RoleNeeded: e.RoleNeeded(frozenset(f"{number:018}" for number in range(50))),
    e.NotOffered: e.NotOffered(tuple(Capability)),
    e.UnreadableFile: e.UnreadableFile(FileTrouble.TOO_LARGE),
    e.PromptBlocked: e.PromptBlocked("a*b " * 25),
    e.TooManyReports: e.TooManyReports(5),
    e.ReportDecided: e.ReportDecided("slack:U1", "block"),
    e.RequestRejected: e.RequestRejected("fal", ()),
    e.StyleUnknown: e.StyleUnknown("a*b " * 25, ("pixel art",) * 24),
    e.StyleTooLong: e.StyleTooLong("film", "prompt", allowed=1_900, given=2_000),
    e.CannotFit: e.CannotFit(1),
    e.ChatUnusable: DiscordUnusable("Discord does not take the token."),
}


def the_errors() -> Iterator[FlipbookError]:
    for cls in classes_below(FlipbookError):
        made = cls() if cls.__init__ is FlipbookError.__init__ else None
        yield EXAMPLES.get(cls) or made or cls("worker")  # type: ignore[call-arg]
    yield e.JobNotFound("7", typed="#7")
    for name in LimitName:
        if name in NEVER_REFUSED:
            continue
        for allowed in NUMBERS:
            words = "turbo" if name is LimitName.ENDPOINTS else allowed
            yield e.LimitExceeded(name, allowed=words, used=words, resets_at=NOW)
            yield e.LimitExceeded(name, allowed=words, used=words)
    for capability in Capability:
        yield e.NotOffered((capability,))
    yield from map(e.UnreadableFile, FileTrouble)
    for reason, until in (("", None), ("", NOW), ("back at 18:00.", None)):
        yield e.Paused(reason, until)
    yield e.RoleNeeded(frozenset({"71"}))
    yield e.StyleUnknown("film", ())
    yield e.StyleTooLong("film", "negative_prompt", allowed=1_900, given=2_000)
    for scope, period in product(BudgetScope, Period):
        yield e.BudgetTooSmall("$7.00", scope=scope, budget="$5.00", period=period)
    yield e.BudgetExhausted(NOW, period="month")
    yield e.RequestRejected("fal", (Violation("Fps", "a whole number from 1 to 30", "99"),))


HOUR_AND_MONTH = {"user_clips_per_hour": 1, "user_clips_per_month": 10**6, "server_clips_per_month": 10**6}


def the_limits() -> Iterator[Limits]:
    yield Limits()
    yield Limits(user_clips_per_day=None, server_clips_per_day=None, server_budget_per_day=None)
    smallest = {"user_active_jobs": 1, "server_active_jobs": 1, "max_frames": 1, "max_steps": 1, "max_pixels": 64 * 64}
    nothing = {"user_clips_per_day": 0, "server_clips_per_day": 0, "server_budget_per_day": 0, "endpoints": ()}
    yield Limits.model_validate(smallest | nothing)
    yield Limits.model_validate({name.value: 10**12 for name in BUDGETS} | HOUR_AND_MONTH)
    yield Limits(user_clips_per_day=10**6, server_clips_per_day=10**6, server_budget_per_day=10**12, max_pixels=300_001)


def the_policies() -> Iterator[Policy]:
    yield Policy()
    yield Policy(channels=frozenset({"C1"}), blocked_users=frozenset({"U1"}), blocked_terms=frozenset({"gore"}))
    ids = frozenset(f"C{number:018}" for number in range(300))
    terms = frozenset("<*" * 45 + str(number) for number in range(300))
    yield Policy(channels=ids, blocked_users=ids, blocked_terms=terms)


AUDITED = (
    ("limits", '{"user_clips_per_day":20}', '{"user_clips_per_day":null}'),
    ("limits", '{"server_budget_per_day":1,"max_pixels":262144}', '{"server_budget_per_day":0,"max_pixels":1048576}'),
    ("limits", '{"endpoints":["fal-ai/fast-animatediff/text-to-video"]}', '{"endpoints":[]}'),
    ("limits", "{}", "{}"),
    ("policy", '{"channels":["C1"]}', '{"channels":[]}'),
    ("policy", '{"channels":[],"blocked_users":["U2"]}', '{"channels":["C1","C2"],"blocked_users":["U3"]}'),
    ("policy", '{"blocked_terms":["gore"]}', '{"blocked_terms":["gore","blood"]}'),
    ("policy", '{"blocked_terms":["gore"]}', '{"blocked_terms":[]}'),
    (
        "styles",
        '{"film":{"name":"film","prefix":"a","endpoint":null}}',
        '{"film":{"name":"film","prefix":"","endpoint":1}}',
    ),
    ("styles", "{}", '{"film":{"name":"film"}}'),
    ("styles", '{"film":{"name":"film"}}', "{}"),
    ("moods", '"good"', '"bad"'),
    ("limits", "user_clips_per_day=20", "unlimited" * 100),
)
WHO = (UserRef(Platform.DISCORD, "7001"), UserRef(Platform.SLACK, "U1"), UserRef(Platform.TERMINAL, "root"))
USAGES = (
    Usage(0, 0, 0, 0, Micros(0), Micros(0), day_of(NOW)),
    Usage(1, 1, 1, 1, Micros(1), Micros(1), day_of(NOW)),
    Usage(10**6, 10**6, 10**4, 10**4, Micros(10**12), Micros(10**12), day_of(NOW)),
)
