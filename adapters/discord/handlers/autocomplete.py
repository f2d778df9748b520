"""Choices that Discord's app offers while a member types. What is typed need not be one of them.

Every key asks anew, so each answer is one short read. There is never an error: where nothing can be
read in time, nothing is offered.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

import discord
from discord import app_commands

from adapters.discord.handlers.access import AccessDenied
from adapters.discord.handlers.clips.context import actor_of
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from adapters.discord.text.markup import DISCORD
from generation.domain.job import Job
from generation.domain.style import style_key
from generation.protocol.errors import FlipbookError
from generation.rules.policy import Policy
from generation.rules.terms import folded
from generation.service.finding import is_meant
from generation.text.clips import status_words
from generation.text.controls.reports import reason_words
from generation.text.dialect import excerpt
from generation.text.lists import clip_choice

MOST_CHOICES: Final = 25
"""What Discord takes in one answer."""
MOST_CHARACTERS: Final = 100
"""Of a choice's name, and of its value."""
DEADLINE_SECONDS: Final = 1.5
"""Discord wants the answer within three seconds; no choices are better than a late answer."""
_MOST_READ: Final = 50
_PROMPT_OF: Final = re.compile(r"↩(#[0-9]{1,9})")

Choice = app_commands.Choice[str]
P = ParamSpec("P")
Offer = Callable[
    Concatenate[InteractionHandler, InteractionContext, str, P], Awaitable[Iterable[Choice]]
]


def offering(
    read: Offer[P],
) -> Callable[
    Concatenate[InteractionHandler, discord.Interaction[Any], str, P], Awaitable[list[Choice]]
]:
    """Let choices be asked for with an interaction: as many as Discord takes, none outside of
    servers, and none where they cannot be read in time."""

    @wraps(read)
    async def offer(
        handler: InteractionHandler,
        interaction: discord.Interaction[Any],
        typed: str,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> list[Choice]:
        try:
            context = InteractionContext.of(interaction)
            async with asyncio.timeout(DEADLINE_SECONDS):
                choices = await read(handler, context, typed, *args, **kwargs)
        except (AccessDenied, FlipbookError, TimeoutError):
            return []
        return list(choices)[:MOST_CHOICES]

    return offer


@offering
async def style_choices(
    handler: InteractionHandler, context: InteractionContext, typed: str
) -> Iterable[Choice]:
    """The names of the server's styles that hold what is typed."""
    names = (await handler.service.styles_of(context.server)).names
    return [_same(name) for name in names if style_key(typed) in style_key(name)]


@offering
async def prompt_choices(
    handler: InteractionHandler, context: InteractionContext, typed: str
) -> Iterable[Choice]:
    """The member's own last prompts in this server that hold what is typed, newest first."""
    jobs = await handler.service.recent_prompts(context.user, context.server, typed)
    return [_prompt_choice(job) for job in jobs]


@offering
async def clip_choices(
    handler: InteractionHandler, context: InteractionContext, typed: str
) -> Iterable[Choice]:
    """The member's own last clips, by number or by words of their prompts."""
    jobs = await handler.service.recent(context.user, context.server, typed)
    return [_clip_choice(job) for job in jobs]


@offering
async def cancel_choices(
    handler: InteractionHandler, context: InteractionContext, typed: str
) -> Iterable[Choice]:
    """What is under way and may be cancelled by the member, their own first; of others no words."""
    found = await handler.service.under_way(actor_of(context), limit=_MOST_READ)
    allowed = [each.job for each in found if each.may_cancel]
    own = [job for job in allowed if job.requested_by == context.user and is_meant(job, typed)]
    number = typed.strip().lstrip("#")
    others = [
        Choice(name=f"{job.name} {status_words(job.status, DISCORD)}", value=job.name)
        for job in allowed
        if job.requested_by != context.user and job.name.startswith(f"#{number}")
    ]
    return [*map(_clip_choice, own), *others]


@offering
async def report_choices(
    handler: InteractionHandler, context: InteractionContext, typed: str
) -> Iterable[Choice]:
    """The clips that no admin has decided about, each once, for admins."""
    reports = await handler.service.open_reports(context.server) if context.is_admin else []
    number = typed.strip().lstrip("#")
    named = {
        each.clip: f"{each.clip} {reason_words(each.reason, DISCORD)}"
        for each in reports
        if each.clip.removeprefix("#").startswith(number)
    }
    return [Choice(name=excerpt(name, MOST_CHARACTERS), value=clip) for clip, name in named.items()]


@offering
async def term_choices(
    handler: InteractionHandler,
    context: InteractionContext,
    typed: str,
    of: Callable[[Policy], frozenset[str]],
) -> Iterable[Choice]:
    """Some words of the server's rules that hold what is typed, for admins."""
    if not context.is_admin:
        return []
    terms = sorted(of(await handler.service.policy_of(context.server)))
    return [_same(term) for term in terms if folded(typed) in folded(term)]


async def typed_prompt(handler: InteractionHandler, context: InteractionContext, typed: str) -> str:
    """The prompt that was typed, or all of the one that was chosen. Raises JobNotFound where none
    of the member's own was."""
    chosen = _PROMPT_OF.fullmatch(typed.strip())
    if chosen is None:
        return typed
    return await handler.service.prompt_of(chosen[1], context.user, context.server)


def _prompt_choice(job: Job) -> Choice:
    prompt = job.request.prompt
    line = " ".join(prompt.split())
    # a longer one is named by its clip, and found again when it is sent off
    fits = line == prompt and len(prompt.encode("utf-16-le")) // 2 <= MOST_CHARACTERS
    value = prompt if fits and not _PROMPT_OF.fullmatch(prompt) else f"↩{job.name}"
    return Choice(name=excerpt(line, MOST_CHARACTERS), value=value)


def _clip_choice(job: Job) -> Choice:
    return Choice(name=clip_choice(job, MOST_CHARACTERS, DISCORD), value=job.name)


def _same(text: str) -> Choice:
    return Choice(name=text, value=text)
