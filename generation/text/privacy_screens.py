"""What ``/flipbook privacy`` shows in both chats: what is kept of a member, and the question before
it is all forgotten."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from generation.domain.privacy import KeptOfMember
from generation.protocol.messages import mark
from generation.text.clips import OUR_WORKER
from generation.text.dialect import Dialect, Markup
from generation.text.notices import NoticeButton, NoticeText

EXPORT: Final = "v1:privacy:export"
ASK: Final = "v1:privacy:ask"
KEEP: Final = "v1:privacy:keep"
FORGET: Final = "v1:forget:"
"""The ids of the buttons; after the last comes the proof. Old messages hold them, so they never
change."""
FORGET_ME: Final = mark("Forget me")
STAYS: Final = mark(
    "Kept all the same: what you have used of your quotas, under a pseudonym; that you are "
    "blocked, where you are; and what admins have done."
)


def privacy_screen(
    kept: KeptOfMember,
    days: tuple[int | None, int | None],
    makers: Sequence[str],
    forgetting_since: datetime | None,
    d: Dialect,
) -> NoticeText:
    """What is kept of a member; ``days`` are those of clips and of prompts in this server,
    ``makers`` the backends that see prompts."""
    lines = [
        Markup(d.bold(d.gettext("What Flipbook keeps of you"))),
        *(Markup(f"{d.bullet}{line}") for line in _kept(kept, days, makers, d)),
    ]
    if forgetting_since is not None:
        lines.append(
            d.gettext(
                "You asked to be forgotten {when}. It is being done.",
                when=Markup(d.when(forgetting_since)),
            )
        )
    export = NoticeButton(EXPORT, d.gettext("Get a copy of my data"))
    forget = NoticeButton(ASK, d.gettext(FORGET_ME), is_dangerous=True)
    return NoticeText(tuple(lines), (export, forget))


def forget_question(proof: str, d: Dialect) -> NoticeText:
    """Before anything is deleted; ``proof`` goes with the answer."""
    lines = (
        Markup(d.bold(d.gettext("Forget everything?"))),
        d.gettext(
            "Clips of yours that are not finished are cancelled. Your prompts, your clips and the "
            "bot's messages with them are deleted, in every {place} of this bot. That cannot be "
            "undone. Clips that others made from yours are theirs."
        ),
        d.gettext(STAYS),
    )
    return NoticeText(
        lines,
        (
            NoticeButton(f"{FORGET}{proof}", d.gettext(FORGET_ME), is_dangerous=True),
            NoticeButton(KEEP, d.gettext("Keep everything")),
        ),
    )


def forgetting_words(d: Dialect) -> Markup:
    """After it was confirmed."""
    return d.gettext(
        "You are being forgotten. It takes minutes, at most a day; a direct message tells you when "
        "it is done."
    )


def kept_words(d: Dialect) -> Markup:
    """After the member has changed their mind."""
    return d.gettext("Everything stays as it is.")


def export_words(d: Dialect, *, has_links: bool) -> Markup:
    """With the copy."""
    said = d.gettext("This is everything that Flipbook keeps of you, as JSON.")
    if not has_links:
        return said
    links = d.gettext("The links in it open your clips for seven days, for everyone who has them.")
    return Markup(f"{said} {links}")


def export_comes_words(d: Dialect) -> Markup:
    """Where the copy comes as a direct message."""
    return d.gettext("A copy of your data is on its way to you in a direct message.")


def _kept(
    kept: KeptOfMember, days: tuple[int | None, int | None], makers: Sequence[str], d: Dialect
) -> list[Markup]:
    clips, prompts = days
    either = d.gettext(" or ")
    made_by = Markup(either.join(_maker(each, d) for each in makers))
    return [
        d.ngettext(
            "{n} clip that you asked for: who asked, where, when, and its settings",
            "{n} clips that you asked for: who asked, where, when, and their settings",
            kept.jobs,
        ),
        d.ngettext(
            "{n} of their prompts; {kept_for}",
            "{n} of their prompts; {kept_for}",
            kept.prompts,
            kept_for=_for(prompts, d),
        ),
        d.ngettext(
            "{n} clip itself ({size} MB); {kept_for}",
            "{n} clips themselves ({size} MB); {kept_for}",
            kept.clips,
            size=f"{kept.clip_bytes / 1e6:,.1f}",
            kept_for=_for(clips, d),
        ),
        d.gettext(
            "Clips are made by {makers}, which gets the prompt and nothing about you.",
            makers=made_by,
        ),
        d.gettext("Messages in this {place} stay until they are deleted here."),
        d.gettext(STAYS),
    ]


def _maker(backend: str, d: Dialect) -> str:
    return d.gettext(OUR_WORKER) if backend == "worker" else d.escape(backend)


def _for(days: int | None, d: Dialect) -> Markup:
    if days is None:
        return d.gettext("in this {place} they are kept until you ask for their deletion")
    return d.ngettext(
        "in this {place} they are removed after {n} day",
        "in this {place} they are removed after {n} days",
        days,
    )
