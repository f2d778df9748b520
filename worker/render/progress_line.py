"""A render's progress as a tqdm bar, the line that readers of fal's logs know."""

from typing import Final

_WIDTH: Final = 10  # characters of the bar
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def progress_line(done: int, total: int, seconds: float) -> str:
    """`` 36%|███▌      | 9/25 [00:02<00:04,  3.60it/s]``; ``seconds`` since the render began."""
    # tqdm's own format, so that parsers of fal's logs read it; ? before the first step
    rate = done / seconds if seconds > 0 else 0.0
    left = _clock((total - done) / rate) if rate > 0 else "?"
    speed = f"{rate:5.2f}it/s" if rate > 0 else "?it/s"
    return (
        f"{100 * done / total:3.0f}%|{_bar(done, total)}| {done}/{total} "
        f"[{_clock(seconds)}<{left}, {speed}]"
    )


def _bar(done: int, total: int) -> str:
    # integers, so that a full bar never shows for an unfinished render
    full, eighths = divmod(8 * _WIDTH * done // total, 8)
    partial = _EIGHTHS[eighths] if eighths else ""
    return ("█" * full + partial).ljust(_WIDTH)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
