"""What the Dockerfile says, done as far as it can be without a container engine: under a temporary root."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 90


@dataclass(frozen=True)
class Instruction:
    """One line of a Dockerfile, continuations joined."""

    word: str
    rest: str


def stages() -> dict[str, list[Instruction]]:
    """Every stage by its name, with what is done in it; the image that it begins with is its first instruction."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    found: dict[str, list[Instruction]] = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            instruction = Instruction(*line.split(maxsplit=1))
            if instruction.word == "FROM":
                stage = found.setdefault(instruction.rest.split()[-1], [])
            stage.append(instruction)
    return found


def every(word: str, *of: str) -> list[str]:
    """What such an instruction says in these stages, those of the bot where none is named."""
    return [i.rest for name in of or ("source", "build", "bot") for i in stages()[name] if i.word == word]


def environment(*of: str) -> dict[str, str]:
    return dict(part.split("=", 1) for rest in every("ENV", *of) for part in shlex.split(rest))


@pytest.mark.parametrize("image", ["bot", "worker"])
def test_an_image_does_not_run_as_root_and_has_no_build_tools_of_the_stage_before(image: str) -> None:
    words = [i.word for i in stages()[image]]
    assert every("USER", image) == ["flipbook"]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert "--uid 10001" in " ".join(every("RUN", image))
    assert every("COPY", image) == [
        f"--from={'build' if image == 'bot' else 'build-worker'} /opt/flipbook /opt/flipbook"
    ]


def test_the_bot_is_what_a_build_without_a_target_makes() -> None:
    assert list(stages())[-1] == "bot"


def test_data_is_a_volume_health_is_checked_and_the_pages_are_reachable() -> None:
    assert every("VOLUME") == ["/data"]
    assert "/healthz" in every("HEALTHCHECK")[0]
    assert environment()["FLIPBOOK_DATA_DIR"] == "/data"
    assert environment()["FLIPBOOK_WEB_PORT"] == every("EXPOSE")[0] == "8080"
    assert (json.loads(every("ENTRYPOINT")[0]), json.loads(every("CMD")[0])) == (["flipbook"], ["run"])


def test_the_workers_image_compiles_keeps_what_it_compiled_and_says_when_it_is_ready() -> None:
    settings = environment("worker")
    assert "gcc" in every("RUN", "worker")[0]
    assert json.loads(every("VOLUME", "worker")[0]) == [
        settings["FLIPBOOK_WORKER_DATA_DIR"],
        settings["FLIPBOOK_WORKER_MODELS_DIR"],
    ]
    assert settings["TORCHINDUCTOR_CACHE_DIR"].startswith(settings["FLIPBOOK_WORKER_DATA_DIR"])
    assert "/health" in every("HEALTHCHECK", "worker")[0]
    assert settings["FLIPBOOK_WORKER_PORT"] == every("EXPOSE", "worker")[0] == "8650"
    assert json.loads(every("CMD", "worker")[0]) == ["worker"]
    assert '".[worker]"' in every("RUN", "build-worker")[0]


def test_what_is_copied_exists_and_is_not_ignored_by_docker() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {name for rest in every("COPY") if "--from" not in rest for name in rest.split()[:-1]}
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)


def test_the_compose_file_keeps_data_and_drops_rights() -> None:
    service = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]["flipbook"]
    assert (ROOT / "deploy" / service["build"]["context"] / "Dockerfile").resolve() == ROOT / "Dockerfile"
    assert service["volumes"] == ["data:/data"]
    assert service["cap_drop"] == ["ALL"]
    assert service["ports"] == ["127.0.0.1:8080:8080"]


@pytest.mark.slow
def test_the_image_steps_give_a_service_that_starts_is_healthy_and_stops(tmp_path: Path) -> None:
    """The base install in an environment of its own: nothing of the development set can hide a missing dependency."""
    source = tmp_path / "src"
    source.mkdir()
    for rest in every("COPY"):
        if "--from" not in rest:
            *names, target = rest.split()
            for name in names:
                copy(ROOT / name, source / (name if target == "./" else target))
    for step in every("RUN", "source", "build"):
        moved = step.replace("/opt/flipbook", str(tmp_path / "opt/flipbook"))
        subprocess.run(["bash", "-euc", moved], cwd=source, check=True, capture_output=True)

    port = free_port()
    run_environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("FLIPBOOK_", "PYTHON", "VIRTUAL"))
    }
    run_environment |= {name: value for name, value in environment().items() if name != "PATH"}
    run_environment |= {
        "FLIPBOOK_DATA_DIR": str(tmp_path / "data"),
        "FLIPBOOK_WEB_HOST": "127.0.0.1",
        "FLIPBOOK_WEB_PORT": str(port),
    }
    binaries = tmp_path / "opt/flipbook/bin"
    entry = [str(binaries / json.loads(every("ENTRYPOINT")[0])[0]), *json.loads(every("CMD")[0])]
    with (tmp_path / "log").open("wb") as log:
        service = subprocess.Popen(entry, env=run_environment, cwd=tmp_path, stderr=log, stdin=subprocess.DEVNULL)
    try:
        health = shlex.join(json.loads(every("HEALTHCHECK")[0].partition("CMD ")[2])).replace("8080", str(port))
        wait_until_healthy(f"{binaries}/{health}", service, tmp_path / "log")
    finally:
        service.send_signal(signal.SIGTERM)
        assert service.wait(15) == 0, (tmp_path / "log").read_text()


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_healthy(command: str, service: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while subprocess.run(shlex.split(command), capture_output=True, check=False).returncode != 0:
        assert service.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
