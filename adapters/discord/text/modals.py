"""Modals as Discord shows them: the question before a clip is deleted, and the report. Each needs a
running loop, and is stopped: discord.py keeps nothing of it, so it works after a restart."""

import discord
from discord import ui

from adapters.discord.ids import custom_id
from adapters.discord.text.markup import DISCORD
from generation.domain.clip_actions import ClipAction
from generation.domain.job import Job
from generation.domain.report import MOST_WORDS, ReportReason
from generation.text.controls import actions, reports


def delete_modal(job: Job) -> ui.Modal:
    """The question before a clip is deleted."""
    modal = ui.Modal(
        title=DISCORD.gettext(actions.SURE), custom_id=custom_id(ClipAction.DELETE, job.id)
    )
    modal.add_item(ui.TextDisplay(DISCORD.gettext(actions.WHAT_GOES)))
    sure = discord.CheckboxGroupOption(label=DISCORD.gettext(actions.DELETE_IT), value="yes")
    group: ui.CheckboxGroup[ui.Modal] = ui.CheckboxGroup(
        custom_id="sure", options=[sure], min_values=1, max_values=1
    )
    modal.add_item(ui.Label(text=DISCORD.gettext(actions.SURE), component=group))
    modal.stop()
    return modal


def report_modal(job: Job) -> ui.Modal:
    """The form for a report."""
    modal = ui.Modal(
        title=DISCORD.gettext(reports.REPORT_CLIP), custom_id=custom_id(ClipAction.REPORT, job.id)
    )
    choices = [
        discord.RadioGroupOption(label=reports.reason_words(reason, DISCORD), value=reason.value)
        for reason in ReportReason
    ]
    group: ui.RadioGroup[ui.Modal] = ui.RadioGroup(custom_id="reason", options=choices)
    words: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id="words",
        style=discord.TextStyle.paragraph,
        required=False,
        max_length=MOST_WORDS,
    )
    modal.add_item(ui.Label(text=DISCORD.gettext(reports.ASK_REASON), component=group))
    modal.add_item(ui.Label(text=DISCORD.gettext(reports.ASK_WORDS), component=words))
    modal.stop()
    return modal
