"""No text tells anybody to install a stranger's program: the package index has another "flipbook"."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest

from generation import DISTRIBUTION, how_to_install

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("bot", "adapters", "generation", "db", "worker", "deploy", "docs", "scripts", "benchmarks")
KINDS = {".md", ".py", ".service", ".timer", ".yaml", ".yml", ".toml", ".conf", ".html", ""}
TEXTS = sorted(
    path
    for path in [*ROOT.iterdir(), *(path for room in ROOMS for path in (ROOT / room).rglob("*"))]
    if path.is_file() and path.suffix in KINDS and not path.name.startswith(".")
)
INSTALLER = r"(?:pip3?|pipx|uv|uv pip|uv tool|poetry|conda|mamba|npm|brew|apt|apt-get|snap) (?:install|add|run)|uvx|npx"
COMMAND = re.compile(rf"\b(?:{INSTALLER}) +([^`\n]+)")
PULLED = re.compile(r"\b(?:docker|podman) (?:pull|run)\b([^`\n]*)")
OURS = re.compile(r"\bflipbook(?:-bot)?(?:\[[\w,]+\])?(?:[=<>~!]=?[\w.]+)?(?=[\s'\"]|$)", re.IGNORECASE)
"""Our name as a package of an index; not a path to our own folder, such as ``./flipbook`` or ``.[worker]``."""


def foreign_installs(text: str) -> list[str]:
    """The installs of something called as we are from a place that is not ours."""
    found = [match for match in COMMAND.finditer(text) if OURS.search(match[1].split(";")[0])]
    # an image of that name is ours where the line before or the file says that it was built here
    pulled = [match for match in PULLED.finditer(text) if "pull" in match[0] and OURS.search(match[1])]
    return [match[0] for match in (*found, *pulled)]


@pytest.mark.parametrize(
    "text",
    [
        "pip install flipbook",
        "pip install 'flipbook[worker]'",
        "/opt/flipbook/bin/pip install --upgrade flipbook-bot",
        'python -m pip install "flipbook[postgres]==1.0"',
        "pip3 install Flipbook",
        "pipx install flipbook",
        "uv pip install flipbook[worker]",
        "uv tool install flipbook",
        "uvx flipbook animate fox",
        "docker pull flipbook",
    ],
)
def test_an_install_of_a_strangers_package_is_seen(text: str) -> None:
    assert foreign_installs(f"First `{text}`.") != []


@pytest.mark.parametrize(
    "text",
    [
        "pip install .",
        "pip install '.[worker]'",
        "/opt/flipbook/bin/pip install --constraint constraints.txt '.[postgres]'",
        "docker run --rm flipbook doctor",
        "pip install torch; then flipbook's worker",
    ],
)
def test_an_install_from_ones_own_folder_is_none(text: str) -> None:
    assert foreign_installs(f"`{text}`") == []


@pytest.mark.parametrize("room", ["", *ROOMS], ids=lambda room: room or "top")
def test_no_text_installs_from_an_index_that_is_not_ours(room: str) -> None:
    texts = [path for path in TEXTS if (path.relative_to(ROOT).parts[0] == room or (not room and path.parent == ROOT))]
    assert texts != []
    named = {str(path.relative_to(ROOT)): foreign_installs(path.read_text(encoding="utf-8")) for path in texts}
    assert {path: found for path, found in named.items() if found} == {}


def test_the_texts_that_name_an_install_are_looked_at() -> None:
    named = {str(path.relative_to(ROOT)) for path in TEXTS if "pip install" in path.read_text(encoding="utf-8")}
    assert named >= {
        "Dockerfile",
        "deploy/systemd/flipbook-worker.service",
        "deploy/systemd/flipbook.service",
        "docs/operators/operations.md",
        "generation/__init__.py",
        "scripts/environment",
    }


def test_the_distribution_is_ours_and_every_extra_that_a_message_names_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == DISTRIBUTION == distribution(DISTRIBUTION).name
    sources = "\n".join(path.read_text(encoding="utf-8") for path in TEXTS)
    extras = set(re.findall(r"how_to_install\('(\w+)'\)|'?\.\[(\w+)\]'?", sources))
    named = {first or second for first, second in extras}
    assert named >= {"worker", "postgres"}
    assert named <= set(project["optional-dependencies"])
    assert [foreign_installs(how_to_install(extra)) for extra in named] == [[] for _ in named]
