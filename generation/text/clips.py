"""What every chat says of a clip: its settings, its progress, the time left."""

from typing import Final

from generation.domain.job import Job, JobStatus, name_of
from generation.domain.prompt_syntax import taken_out_of
from generation.protocol.extensions.loops import Loop
from generation.protocol.messages import mark
from generation.protocol.progress import MOST_AHEAD, Phase, Progress, Steps
from generation.protocol.request import (
    DEFAULT_NEGATIVE_PROMPT,
    GenerationRequest,
    bounds_of,
)
from generation.text.dialect import PLAIN, Dialect, Markup
from generation.text.limits import frames_words, steps_words

_FAL: Final = "fal"
_PREVIEW: Final = "preview"
_ENGINES: Final = {
    _PREVIEW: mark("preview engine"),
    "animatediff": mark("AnimateDiff on our GPU"),
    "animatediff-cpu": mark("AnimateDiff on our CPU"),
}
_STATUSES: Final = {
    JobStatus.PENDING: mark("Waiting"),
    JobStatus.SUBMITTING: mark("On its way to the backend"),
    JobStatus.QUEUED: mark("Queued"),
    JobStatus.RUNNING: mark("Rendering"),
    JobStatus.SUCCEEDED: mark("Made"),
    JobStatus.FAILED: mark("Failed"),
    JobStatus.CANCELLED: mark("Cancelled"),
}
_LOOPS: Final = {Loop.SEAMLESS: mark("seamless loop"), Loop.PING_PONG: mark("there and back")}
OUR_WORKER: Final = mark("our worker")
_SECONDS_UNTIL_MINUTES: Final = 90
_MINUTES_UNTIL_HOURS: Final = 90
_NEGATIVE_ROOM: Final = 200
_MOST_STEPS: Final = bounds_of("num_inference_steps")[1]


def status_words(status: JobStatus, d: Dialect = PLAIN) -> Markup:
    """A job's status in lists: ``Rendering``. A clip is ``Made``, whether or not it was delivered
    yet."""
    return d.gettext(_STATUSES[status])


def state_words(job: Job, d: Dialect = PLAIN) -> Markup:
    """A job's status; a deleted or hidden clip's is that."""
    if job.deleted_at is not None:
        return d.gettext("Deleted")
    return d.gettext("Hidden") if job.hidden_at is not None else status_words(job.status, d)


def settings_words(request: GenerationRequest, d: Dialect = PLAIN) -> Markup:
    """``standard · 512×512 · 16 frames at 8 fps · 25 steps · guidance 7.5 · seed 42``: with the
    prompts enough to make the clip again."""
    width, height = request.pixels
    parts = [
        request.endpoint.label,
        f"{width}×{height}",
        d.gettext("{frames} at {fps} fps", frames=frames_words(request.frames, d), fps=request.fps),
        *([] if request.loop is None else [loop_words(request.loop, d)]),
        *(
            []
            if request.smooth_fps is None
            else [d.gettext("smooth, {fps} fps", fps=request.smooth_fps)]
        ),
        steps_words(request.num_inference_steps, d),
        d.gettext("guidance {scale}", scale=f"{request.guidance_scale:g}"),
        *([d.gettext("seed {seed}", seed=request.seed)] if request.has_texts else []),
        *(motion.value for motion in request.motions),
        *left_out_words(request, d),
    ]
    return Markup(" · ".join(parts))


def loop_words(loop: Loop, d: Dialect = PLAIN) -> Markup:
    """How a clip is played again and again: ``seamless loop``."""
    return d.gettext(_LOOPS[loop])


def left_out_words(request: GenerationRequest, d: Dialect = PLAIN) -> list[Markup]:
    """``left out of the prompt: BREAK``: other programs' syntax that the clip is made without; none
    for most prompts. It never quotes the prompt."""
    taken = taken_out_of(request)
    parts = ", ".join(d.catalogue.gettext(each) for each in taken)
    return [d.gettext("left out of the prompt: {parts}", parts=parts)] if taken else []


def negative_words(request: GenerationRequest, d: Dialect = PLAIN) -> Markup | None:
    """What the clip shall not show, where the member has said it: the default is long."""
    if request.negative_prompt in {"", DEFAULT_NEGATIVE_PROMPT}:
        return None
    return d.gettext(
        "without: {words}", words=Markup(d.quote(request.negative_prompt, _NEGATIVE_ROOM))
    )


def engine_words(job: Job, d: Dialect = PLAIN) -> Markup | None:
    """``AnimateDiff on fal``, ``AnimateDiff on our GPU``, ``preview engine``: what made a clip;
    None for a job without one."""
    if job.status is not JobStatus.SUCCEEDED or job.backend is None:
        return None
    if job.backend == _FAL and job.engine != _PREVIEW:
        return d.gettext("AnimateDiff on fal")  # whatever fal says: the endpoint is AnimateDiff
    if job.engine is None:
        return d.gettext(OUR_WORKER)
    if job.engine in _ENGINES:
        return d.gettext(_ENGINES[job.engine])
    return d.gettext("{engine} on our worker", engine=job.engine)


def made_words(job: Job, d: Dialect = PLAIN) -> tuple[Markup, ...]:
    """How long a finished clip took, from the first moment that is known, and what made it."""
    if job.status is not JobStatus.SUCCEEDED or job.finished_at is None:
        return ()
    # fast backends never report a start
    began = job.started_at or job.submitted_at or job.created_at
    took = seconds_words((job.finished_at - began).total_seconds(), d)
    maker = engine_words(job, d)
    return (d.gettext("made in {time}", time=took), *((maker,) if maker else ()))


def for_words(job: Job, d: Dialect) -> Markup:
    """Whose clip it is: ``for mia``."""
    return d.gettext("for {who}", who=d.who(job.requested_by))


def private_words(job: Job, d: Dialect) -> list[Markup]:
    """That nobody else sees it, where that is so."""
    return [d.gettext("only you see this")] if job.is_private else []


def seconds_words(seconds: float, d: Dialect = PLAIN) -> Markup:
    """``8 s``, ``3 min``, ``2 h``: rounded to what a person needs."""
    whole = max(1, round(seconds))
    if whole < _SECONDS_UNTIL_MINUTES:
        return d.gettext("{n} s", n=whole)
    minutes = round(whole / 60)
    if minutes < _MINUTES_UNTIL_HOURS:
        return d.gettext("{n} min", n=minutes)
    return d.gettext("{n} h", n=f"{round(minutes / 60):,}")


def bar(fraction: float, width: int = 12) -> str:
    """``█████░░░░░░░``: begun as soon as anything is done, full only when everything is."""
    full = int(min(1.0, max(0.0, fraction)) * width)
    full = max(full, 1 if fraction > 0 else 0)
    return "█" * full + "░" * (width - full)


def bar_words(progress: Progress) -> tuple[str, str] | None:
    """The bar and the share of the steps that are done; None where no step is under way."""
    steps = progress.steps
    if progress.phase is not Phase.RENDERING or steps is None or steps.done == steps.total:
        return None
    return bar(steps.fraction), f"{steps.fraction:.0%}"


def progress_words(progress: Progress, d: Dialect = PLAIN) -> Markup:
    """How far a job is, without the time left: ``Queued, 2 ahead``, ``Rendering, step 9 of 25``."""
    match progress.phase:
        case Phase.WAITING if progress.waiting_for:
            return d.gettext("Waiting for {reason}", reason=progress.waiting_for)
        case Phase.FETCHING if progress.waiting_for:
            return d.gettext("Fetching the clip from {backend}", backend=progress.waiting_for)
        case Phase.QUEUED if progress.position is not None:
            return d.gettext("Queued, {ahead}", ahead=ahead_words(progress.position, d))
        case Phase.RENDERING if progress.steps is not None:
            return _rendering_words(progress.steps, d)
        case _:
            return d.gettext(_PHASES[progress.phase])


_PHASES: Final = {
    Phase.WAITING: _STATUSES[JobStatus.PENDING],
    Phase.QUEUED: _STATUSES[JobStatus.QUEUED],
    Phase.RENDERING: _STATUSES[JobStatus.RUNNING],
    Phase.FETCHING: mark("Fetching the clip"),
    Phase.UPLOADING: mark("Uploading the clip"),
}


def _rendering_words(steps: Steps, d: Dialect) -> Markup:
    if steps.done == steps.total:
        # decoding and encoding take a while after the last step
        return d.gettext("Finishing the clip")
    # more than a clip may have: a backend's percent, which are no steps
    if steps.total > _MOST_STEPS:
        return d.gettext(_STATUSES[JobStatus.RUNNING])
    return d.gettext("Rendering, step {done} of {total}", done=steps.done, total=steps.total)


def ahead_words(position: int, d: Dialect = PLAIN) -> Markup:
    """``next``, ``2 ahead``, ``1,000 or more ahead``."""
    if position == 0:
        return d.gettext("next")
    if position < MOST_AHEAD:
        return d.gettext("{n} ahead", n=f"{position:,}")
    return d.gettext("{n} or more ahead", n=f"{MOST_AHEAD:,}")


def seconds_left(progress: Progress) -> float | None:
    """None where nothing is known, and once every step is done: how long decoding, encoding and the
    upload take, steps do not tell."""
    steps = progress.steps
    is_finishing = steps is not None and steps.done == steps.total
    return None if is_finishing else progress.eta_seconds


def left_words(progress: Progress, d: Dialect = PLAIN) -> Markup | None:
    """``about 12 s left``; None where that is not known."""
    seconds = seconds_left(progress)
    if seconds is None:
        return None
    return d.gettext("about {time} left", time=seconds_words(seconds, d))


def parent_name(job: Job) -> str:
    """What people call the clip that this one was made from: ``#1042``."""
    return "" if job.parent is None else name_of(job.parent, job.parent_number)


def re_roll_words(parent: Markup, d: Dialect) -> Markup:
    """What a clip was made from: its name, or a link to its message."""
    return d.gettext("re-roll of {id}", id=parent)
