"""What admins are told in their log channel about reported clips and refused prompts."""

from collections.abc import Mapping

from generation.domain.refs import ChannelRef, ServerRef
from generation.domain.report import ReportReason
from generation.text.controls.reports import reason_words
from generation.text.dialect import Dialect, Markup

_PROMPT_ROOM = 200
_WORDS_ROOM = 600


def report_lines_of(details: Mapping[str, str], d: Dialect) -> tuple[Markup, ...]:
    """A report: of which clip, by whom, why, and whether the clip is hidden by now."""
    asker, reporter = Markup(d.user(details["asker"])), Markup(d.user(details["reporter"]))
    lines = [
        d.gettext(
            "{reporter} has reported the clip {clip} of {asker}: {reason}",
            reporter=reporter,
            asker=asker,
            clip=Markup(d.code(details.get("name") or details["clip"])),
            reason=reason_words(ReportReason(details["reason"]), d),
        )
    ]
    if details["words"]:
        lines.append(Markup(f"“{d.quote(details['words'], _WORDS_ROOM)}”"))
    if details["prompt"]:
        prompt = Markup(d.quote(details["prompt"], _PROMPT_ROOM))
        lines.append(d.gettext("Its prompt: {prompt}", prompt=prompt))
    if channel := details.get("channel"):
        where = ChannelRef(ServerRef(d.platform, ""), channel, details.get("thread") or None)
        lines.append(d.gettext("It is shown in {channel}.", channel=Markup(d.posted_in(where))))
    reports = int(details["reports"])
    if details["hidden"]:
        lines.append(
            d.ngettext(
                "After {n} report it is hidden until an admin decides.",
                "After {n} reports it is hidden until an admin decides.",
                reports,
            )
        )
    else:
        lines.append(d.ngettext("{n} report so far.", "{n} reports so far.", reports))
    return tuple(lines)


def blocked_prompt_lines(details: Mapping[str, str], d: Dialect) -> tuple[Markup, ...]:
    """A prompt that was refused for its words; the prompt itself is the member's."""
    return (
        d.gettext(
            "{member} asked in {channel} for something with the blocked word “{term}”. It was "
            "refused, and nothing was spent. You are told of the same member again in an hour at "
            "the earliest.",
            member=Markup(d.user(details["asker"])),
            channel=Markup(d.channel(details["in"])),
            term=details["term"],
        ),
    )
