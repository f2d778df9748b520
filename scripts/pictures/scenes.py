"""The pictures of the documentation, each made of a payload that the bot's own code renders."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from discord.ui import Modal

from adapters.discord.delivery.interaction_token import TOKEN_LIFE
from adapters.discord.handlers.parsing import command_line as discord_command
from adapters.discord.text import admin as discord_admin
from adapters.discord.text import help as discord_help
from adapters.discord.text import lists as discord_lists
from adapters.discord.text import render as discord_render
from adapters.discord.text.layout import buttons as discord_buttons
from adapters.discord.text.layout import notice_buttons, settings_buttons
from adapters.discord.text.markup import DISCORD
from adapters.discord.text.modals import delete_modal, report_modal
from adapters.discord.text.render import alt_text, file_name
from adapters.slack.handlers.parsing import command_line as slack_command
from adapters.slack.models import Act, SlackContent
from adapters.slack.text import admin as slack_admin
from adapters.slack.text import clips as slack_clips
from adapters.slack.text import help as help_text
from adapters.slack.text import render as slack_render
from adapters.slack.text.home.limits import limits_view
from adapters.slack.text.home.page import home_view
from adapters.slack.text.notices import notice_content
from adapters.slack.text.views import delete_view, report_view
from generation.domain.job import Job, JobStatus
from generation.domain.refs import Platform
from generation.rules.limits import NO_CEILING, LimitName, Limits, over
from generation.rules.policy import Policy
from generation.rules.server_rules import ServerRules
from generation.text.rules.presets import preset_buttons
from pictures import discord_messages, slack_messages
from pictures.examples import (
    NOW,
    QUEUED,
    RENDERING,
    RENDERING_ON,
    TOO_MANY,
    WELCOME,
    failed_on,
    home_page,
    job_on,
)
from pictures.forms import discord_form, discord_modal, slack_form, slack_view
from pictures.frame import frame_of, frames_of
from pictures.page import page, person, words_of
from pictures.slack_messages import home_html

QUEUED_MILLISECONDS: Final = 1400
RENDERING_MILLISECONDS: Final = 600
TIMES_PLAYED: Final = 3
RULES: Final = ServerRules(
    Limits(user_clips_per_day=50),
    over(NO_CEILING, {LimitName.USER_CLIPS_PER_DAY: 30}),
    Policy(time_zone="Europe/Berlin"),
)
ACT: Final = Act("a picture", "T1", "C1", "U0MIA")
ASKED: Final = "/animate a paper boat on a stormy sea --size landscape_16_9"


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture: its name, and the page that it is taken of (with a frame of the clip, or without
    for its words)."""

    name: str
    draw: Callable[[bool], str]
    has_frame: bool = False

    def html(self, *, with_frame: bool = True) -> str:
        """The page; drawing the frame takes a second or two."""
        return self.draw(with_frame)

    def words(self) -> str:
        """The words on the picture."""
        return words_of(self.html(with_frame=False))


@dataclass(frozen=True, slots=True)
class Moment:
    """What the moving picture shows for some milliseconds: a page, or one for each frame of the
    clip."""

    milliseconds: int
    pages: Callable[[bool], list[str]]

    @property
    def words(self) -> str:
        """The words on it."""
        return words_of(self.pages(False)[0])


def moments() -> list[Moment]:
    """A clip's life in one message, until it plays. Needs a running loop, as discord.py's views
    do."""
    waiting, running, done = (
        job_on(Platform.DISCORD, status)
        for status in (JobStatus.PENDING, JobStatus.RUNNING, JobStatus.SUCCEEDED)
    )
    queued = _discord_job(discord_render.under_way(waiting, QUEUED, NOW), waiting)
    rendering = [
        _discord_job(discord_render.under_way(running, progress, NOW), running)
        for progress in RENDERING_ON
    ]
    frame_milliseconds = round(1000 / done.request.fps)
    return [
        _still(QUEUED_MILLISECONDS, queued),
        *(_still(RENDERING_MILLISECONDS, payload) for payload in rendering),
        *[_playing(frame_milliseconds, done)] * TIMES_PLAYED,
    ]


def _still(milliseconds: int, payload: dict[str, Any]) -> Moment:
    message = discord_messages.message_html(payload, above="mia used /animate")
    return Moment(milliseconds, lambda _: [page(discord_messages.STYLE, [message], is_moving=True)])


def _playing(milliseconds: int, job: Job) -> Moment:
    def pages(with_frames: bool) -> list[str]:
        frames = frames_of(job.request) if with_frames else ("",)
        drawn = (
            discord_messages.message_html(
                _discord_clip(job), above="mia used /animate", frame=frame
            )
            for frame in frames
        )
        return [page(discord_messages.STYLE, [message], is_moving=True) for message in drawn]

    return Moment(milliseconds, pages)


def scenes() -> list[Scene]:
    """All of them. Needs a running loop, as discord.py's views do."""
    return [*_discord_scenes(), *_slack_scenes()]


# Discord ------------------------------------------------------------------------------


def _discord_scenes() -> list[Scene]:
    waiting, running, done = (
        job_on(Platform.DISCORD, status)
        for status in (JobStatus.PENDING, JobStatus.RUNNING, JobStatus.SUCCEEDED)
    )
    failed = failed_on(Platform.DISCORD)
    return [
        _discord(
            "queued",
            "animate",
            _discord_job(discord_render.under_way(waiting, QUEUED, NOW), waiting),
        ),
        _discord(
            "rendering",
            "animate",
            _discord_job(discord_render.under_way(running, RENDERING, NOW), running),
        ),
        _discord("clip", "animate", _discord_clip(done), job=done),
        _discord("private", "animate", _discord_private(replace(running, is_private=True))),
        _discord("refusal", "animate", _private(discord_render.refusal(TOO_MANY))),
        _discord(
            "limits",
            "flipbook-admin limits show",
            _discord_limits(),
        ),
        _discord("help", "flipbook help", _private(discord_help.HELP)),
        _discord("settings", "animate", _discord_settings(done)),
        _discord(
            "failed", "animate", _discord_job(discord_render.ended(failed, has_clip=False), failed)
        ),
        Scene("discord-form", lambda _: page(discord_messages.STYLE, [discord_form()])),
        _discord_modal("delete", lambda: delete_modal(done)),
        _discord_modal("report", lambda: report_modal(done)),
        _discord("welcome", None, {"content": discord_admin.held(WELCOME)}),
    ]


def _discord_modal(name: str, made: Callable[[], Modal]) -> Scene:
    return Scene(f"discord-{name}", lambda _: page(discord_messages.STYLE, [discord_modal(made)]))


def _discord_limits() -> dict[str, Any]:
    view = notice_buttons(preset_buttons(DISCORD))
    components = view.to_components() if view is not None else []
    return _private(discord_admin.rules(RULES)) | {"components": components}


def _discord_settings(job: Job) -> dict[str, Any]:
    view = settings_buttons(job)
    components = view.to_components() if view is not None else []
    return _private(discord_lists.settings(job, discord_command(job))[0]) | {
        "components": components
    }


def _discord_job(content: str, job: Job) -> dict[str, Any]:
    view = discord_buttons(job)
    return {"content": content, "components": view.to_components() if view is not None else []}


def _discord_private(job: Job) -> dict[str, Any]:
    content = discord_render.under_way(job, RENDERING, NOW, NOW + TOKEN_LIFE)
    return _discord_job(content, job) | {"flags": 64}


def _discord_clip(job: Job) -> dict[str, Any]:
    attachment = {"id": 0, "filename": file_name(job.id), "description": alt_text(job)}
    return _discord_job(discord_render.ended(job, has_clip=True), job) | {
        "attachments": [attachment]
    }


def _private(content: str) -> dict[str, Any]:
    return {"content": content, "flags": 64}


def _discord(
    name: str, command: str | None, payload: dict[str, Any], *, job: Job | None = None
) -> Scene:
    """``command``: what mia used; None where the bot has begun."""
    above = "" if command is None else f"mia used /{command}"

    def draw(with_frame: bool) -> str:
        frame = frame_of(job.request) if job is not None and with_frame else None
        message = discord_messages.message_html(payload, above=above, frame=frame)
        return page(discord_messages.STYLE, [message])

    return Scene(f"discord-{name}", draw, has_frame=job is not None)


# Slack --------------------------------------------------------------------------------


def _slack_scenes() -> list[Scene]:
    waiting, running, done = (
        job_on(Platform.SLACK, status)
        for status in (JobStatus.PENDING, JobStatus.RUNNING, JobStatus.SUCCEEDED)
    )
    failed = failed_on(Platform.SLACK)
    return [
        _slack("queued", slack_render.progress_content(waiting, QUEUED)),
        _slack("rendering", slack_render.progress_content(running, RENDERING)),
        _slack("clip", slack_render.outcome_content(done, has_clip=True), job=done),
        _slack("refusal", slack_render.error_content(TOO_MANY), asked=ASKED),
        _slack(
            "limits",
            slack_admin.rules_content(RULES),
            asked="/flipbook admin limits show",
        ),
        _slack("help", help_text.flipbook_content(), asked="/flipbook help"),
        _slack("settings", slack_clips.settings_content(done, slack_command(done)), asked=""),
        _slack("failed", slack_render.outcome_content(failed, has_clip=False)),
        Scene("slack-form", lambda _: page(slack_messages.STYLE, [slack_form()])),
        _slack_view("delete", delete_view(done, ACT)),
        _slack_view("report", report_view(done, ACT)),
        _slack_view("limits-form", limits_view(RULES.limits)),
        Scene("slack-home", lambda _: page(slack_messages.STYLE, [home_html(_home())])),
        _slack("welcome", notice_content(WELCOME)),
    ]


def _home() -> dict[str, Any]:
    return home_view(home_page(), NOW)


def _slack_view(name: str, view: dict[str, Any]) -> Scene:
    return Scene(f"slack-{name}", lambda _: page(slack_messages.STYLE, [slack_view(view)]))


def _slack(
    name: str, content: SlackContent, *, asked: str | None = None, job: Job | None = None
) -> Scene:
    """``asked``: what mia typed, when she alone sees the answer."""

    def draw(with_frame: bool) -> str:
        payload: dict[str, Any] = {"text": content.text, "blocks": list(content.blocks)}
        if job is not None:
            payload["files"] = [{"title": slack_render.file_title(job)}]
        frame = frame_of(job.request) if job is not None and with_frame else None
        message = slack_messages.message_html(payload, frame=frame, is_private=asked is not None)
        return page(slack_messages.STYLE, [*([person("mia", asked)] if asked else []), message])

    return Scene(f"slack-{name}", draw, has_frame=job is not None)
