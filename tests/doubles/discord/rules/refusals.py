"""Discord's error responses, by their documented JSON codes."""

MESSAGES: dict[int, tuple[int, str]] = {
    10003: (404, "Unknown Channel"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10014: (400, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    30010: (400, "Maximum number of reactions reached (20)"),
    30034: (400, "Max daily application command creates has been reached (200)"),
    30046: (429, "Maximum number of edits to messages older than 1 hour reached. Try again later."),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50027: (401, "Invalid Webhook Token"),
    50035: (400, "Invalid Form Body"),
    50083: (400, "Thread is archived"),
    90001: (403, "Reaction was blocked"),
    160002: (403, "Cannot reply without permission to read message history"),
    160005: (403, "Thread is locked"),
}
"""JSON code → HTTP status and message."""


class Refusal(Exception):
    """An error answer.

    `violation` says what the bot did wrong, when it could have known better; without it the refusal is something a
    good bot meets too (a message deleted meanwhile, a permission taken away) and is only noted.
    """

    def __init__(self, code: int, *, violation: str | None = None, retry_after: float | None = None) -> None:
        self.code = code
        self.status, self.message = MESSAGES[code]
        self.violation = violation
        self.retry_after = retry_after
        super().__init__(f"{self.status}/{code} {self.message}")


def form_refusal(violation: str) -> Refusal:
    """50035: what was sent can never be right."""
    return Refusal(50035, violation=violation)
