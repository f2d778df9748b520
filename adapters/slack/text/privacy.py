"""What ``/flipbook privacy`` shows in Slack."""

from adapters.slack.models import SlackContent
from adapters.slack.text.markup import SLACK
from adapters.slack.text.notices import text_content
from generation.service.privacy import PrivacyFacts
from generation.text import privacy_screens as screens
from generation.text.notices import NoticeText


def privacy_content(facts: PrivacyFacts) -> SlackContent:
    """What is kept of a member, with the buttons for the rest."""
    days = facts.days.clips, facts.days.prompts
    return text_content(
        screens.privacy_screen(facts.kept, days, facts.makers, facts.forgetting_since, SLACK)
    )


def question_content(proof: str) -> SlackContent:
    """Before anything is deleted."""
    return text_content(screens.forget_question(proof, SLACK))


def forgetting_content() -> SlackContent:
    """After it was confirmed."""
    return SlackContent(screens.forgetting_words(SLACK))


def kept_content() -> SlackContent:
    """After the member has changed their mind."""
    return SlackContent(screens.kept_words(SLACK))


def export_content(*, has_links: bool) -> SlackContent:
    """Around the file with the copy."""
    return text_content(NoticeText((screens.export_words(SLACK, has_links=has_links),)))


def export_comes_content() -> SlackContent:
    """Where the member asked for the copy."""
    return SlackContent(screens.export_comes_words(SLACK))
