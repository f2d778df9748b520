"""Templates: pages, and the fragments in them that change while they are looked at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from adapters.web.dashboard.entrance import Visitor
from adapters.web.dashboard.guard import ROOT, VISITOR
from adapters.web.dashboard.naming import Naming
from generation.domain.refs import ServerRef
from generation.protocol.request import GenerationRequest

FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page in the list at the side. ``icon`` is the path of an SVG of 24 × 24."""

    name: str
    path: str
    icon: str

    @property
    def key(self) -> str:
        """What a page is called in code."""
        return self.name.lower()


PAGES: Final[Sequence[PageLink]] = (
    PageLink("Queue", f"{ROOT}/", "M4 6h16M4 12h10M4 18h7"),
    PageLink("Gallery", f"{ROOT}/gallery", "M4 5h16v14H4zM10 9l5 3-5 3z"),
    PageLink("Servers", f"{ROOT}/servers", "M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01"),
    PageLink("Spend", f"{ROOT}/spend", "M5 20V11M12 20V4M19 20v-6"),
    PageLink("Health", f"{ROOT}/health", "M3 12h4l3 7 4-14 3 7h4"),
    PageLink("Reports", f"{ROOT}/reports", "M6 21V4h12l-3 4 3 4H6"),
    PageLink("Audit", f"{ROOT}/audit", "M6 3h9l4 4v14H6zM9 12h7M9 16h7"),
    PageLink("Settings", f"{ROOT}/settings", "M4 7h10M18 7h2M4 17h2M10 17h10M14 5v4M6 15v4"),
    PageLink("Troubles", f"{ROOT}/troubles", "M12 4l9 16H3zM12 10v4M12 17h.01"),
)


def visitor_of(request: Request) -> Visitor:
    """Who looks; the guard has let nobody else through."""
    visitor = request.scope[VISITOR]
    assert isinstance(visitor, Visitor)  # noqa: S101 - the guard's own value
    return visitor


class Templates:
    """Everything is escaped unless it is Markup, and an unknown name is an error."""

    def __init__(self, naming: Naming, badges: Mapping[str, Callable[[], int]]) -> None:
        """``badges`` count what waits for a look, by the page's key."""
        self.naming = naming
        self._options: tuple[Sequence[ServerRef], int, Markup] = ((), 0, Markup())
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "moment": moment,
            "shape": shape,
            "seconds": seconds,
            "number": "{:,}".format,
            "size": size,
            "ticked": ticked,
            "server_name": naming.server,
            "channel_name": naming.channel,
            "member_name": naming.member,
        }
        self._environment.globals |= {"root": ROOT, "pages": PAGES, "badges": badges}

    def page(
        self,
        request: Request,
        name: str,
        *,
        status_code: int = 200,
        template: str | None = None,
        **values: object,
    ) -> HTMLResponse:
        """The page of that name, for the person who asks for it; ``template`` is one of several
        that belong to the same page."""
        file = f"{template or name}.html"
        text = self.text(file, visitor=visitor_of(request), page=name, **values)
        return HTMLResponse(text, status_code)

    def server_options(self, servers: Sequence[ServerRef]) -> Markup:
        """Servers to choose from in a list, made once for many pages."""
        known, changes, options = self._options
        if known is not servers or changes != self.naming.names.changes:
            one = Markup('<option value="{}">{}</option>')
            options = Markup().join(one.format(each, self.naming.server(each)) for each in servers)
            self._options = (servers, self.naming.names.changes, options)
        return options

    def text(self, file: str, **values: object) -> str:
        """A template filled with these values."""
        return self._environment.get_template(file).render(**values)


def shape(request: GenerationRequest) -> str:
    """A clip's quality, length and size: what it costs, and how long it takes."""
    width, height = request.pixels
    return f"{request.endpoint.label} · {request.frames} frames · {width}×{height}"


def moment(when: datetime | None) -> Markup:
    """A moment that the script of the page writes in the reader's own zone."""
    if when is None:
        return Markup("–")
    utc = when.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        utc.isoformat(timespec="seconds"), escape(f"{utc:%Y-%m-%d %H:%M} UTC")
    )


def size(count: float | None) -> str:
    """A number of bytes as people say it: ``12 MB``, ``1.4 GB``."""
    if count is None:
        return "–"
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def ticked(text: str) -> Markup:
    """A text in which code stands between backticks, as the terminal prints it."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one of them has no other side
        return escape(text)
    code = Markup("<code>{}</code>")
    return Markup().join(
        code.format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def seconds(number: float | timedelta | None) -> str:
    """A time span as people say it: ``42 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if number is None:
        return "–"
    total = round(number.total_seconds() if isinstance(number, timedelta) else number)
    hours, rest = divmod(max(0, total), 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"
    if minutes:
        return f"{minutes} min {left} s" if left else f"{minutes} min"
    return f"{left} s"
