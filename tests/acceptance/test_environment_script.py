"""scripts/environment: a Python that is new enough or one sentence, and never half an environment."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

OLD = """#!/bin/sh
case "$1" in --version) echo Python 3.10.12 ;; *) exit 1 ;; esac
"""
WITHOUT_VENV = """#!/bin/sh
case "$*" in --version) echo Python 3.12.3 ;; *ensurepip*) exit 1 ;; esac
"""
WITH_A_PIP_THAT = """#!/bin/sh
case "$*" in
    --version) echo Python 3.12.3 ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip "*) {pip} ;;
esac
"""
FAILS = WITH_A_PIP_THAT.format(pip='echo "ERROR: no room left" >&2; exit 1')
WORKS = WITH_A_PIP_THAT.format(pip='echo "Collecting httpx (from flipbook)"; echo "$*" > "$(dirname "$0")/pip.log"')


def python(folder: Path, script: str) -> Path:
    path = folder / "python3"
    path.write_text(script)
    path.chmod(0o755)
    return path


def set_up(folder: Path, script: str, *more: str, named: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the script where ``python3`` is that script, on the path or named by PYTHON."""
    found = python(folder, script)
    environment = {"PATH": f"{folder}:{os.defpath}"} | ({"PYTHON": str(found)} if named else {})
    command = [str(ROOT / "scripts/environment"), str(folder / "venv"), *more]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("script", "named", "words"),
    [
        (OLD, True, ("is Python 3.10.12", "needs Python 3.11 or newer")),
        (WITHOUT_VENV, False, ("Python 3.12.3 lacks its venv module", "apt install python3-venv")),
        (WITHOUT_VENV, True, ("Python 3.12.3 lacks its venv module", "apt install python3-venv")),
        (FAILS, False, ("ERROR: no room left", "Run the same command again after fixing it.")),
        (FAILS, True, ("ERROR: no room left", "Run the same command again after fixing it.")),
    ],
)
def test_what_is_missing_is_said_and_nothing_half_done_stays(
    tmp_path: Path, script: str, named: bool, words: tuple[str, ...]
) -> None:
    done = set_up(tmp_path, script, named=named)
    assert done.returncode == 1
    assert all(each in done.stderr for each in words), done.stderr
    assert not (tmp_path / "venv").exists()


def test_a_first_set_up_says_what_it_does_and_installs_the_extras_by_the_constraints(tmp_path: Path) -> None:
    done = set_up(tmp_path, WORKS, "dev,postgres")
    assert done.returncode == 0
    assert f"Setting up {tmp_path / 'venv'} with Python 3.12.3" in done.stderr
    log = (tmp_path / "venv/bin/pip.log").read_text()
    assert log.split()[-4:] == ["--constraint", "constraints.txt", "--editable", ".[dev,postgres]"]


def test_an_environment_of_an_old_python_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/pyvenv.cfg").write_text("version = 3.10.12\n")
    python(tmp_path / "venv/bin", OLD).rename(tmp_path / "venv/bin/python")
    done = set_up(tmp_path, WORKS)
    assert (done.returncode, "is made again" in done.stderr) == (0, True)
    assert (tmp_path / "venv/bin/pip.log").is_file()


def test_an_empty_folder_becomes_an_environment(tmp_path: Path) -> None:
    (tmp_path / "venv").mkdir()
    assert set_up(tmp_path, WORKS).returncode == 0
    assert (tmp_path / "venv/bin/pip.log").is_file()


@pytest.mark.parametrize("kept", ["notes.txt", "work/bin/python", "bin/tool", ".hidden", "bin/python"])
def test_a_folder_that_is_no_environment_is_never_deleted(tmp_path: Path, kept: str) -> None:
    """VENV may name any folder: one of several environments, of sources, or the whole home."""
    path = tmp_path / "venv" / kept
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("kept")
    done = set_up(tmp_path, WORKS)
    assert (done.returncode, path.read_text()) == (1, "kept")
    assert f"{tmp_path / 'venv'} is there and is no Python environment; it stays as it is." in done.stderr


def test_a_file_in_its_place_stays(tmp_path: Path) -> None:
    (tmp_path / "venv").write_text("kept")
    assert set_up(tmp_path, WORKS).returncode == 1
    assert (tmp_path / "venv").read_text() == "kept"


def test_a_later_step_that_fails_keeps_the_environment(tmp_path: Path) -> None:
    """What is installed there still runs."""
    set_up(tmp_path, WORKS)
    python(tmp_path / "venv/bin", FAILS).rename(tmp_path / "venv/bin/python")
    assert set_up(tmp_path, FAILS, "worker").returncode == 1
    assert (tmp_path / "venv/bin/python").is_file()


def test_make_help_names_every_target() -> None:
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    named = {line.split()[1] for line in done.stdout.splitlines()}
    phony = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    assert named == set(phony.split()[1:])
