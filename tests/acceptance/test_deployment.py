"""The files in ``deploy/``, judged as far as they can be without the machines they are for."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.web.dashboard.entrance import PROXY_SECRET, PROXY_USER
from adapters.web.dashboard.guard import ROOT as ROOT_OF_DASHBOARD
from adapters.web.metrics import MetricsObserver
from factories import NOW, a_delivery, a_job, moved
from generation.backends.circuit_breaker import Circuit
from generation.domain.backup import LastBackup
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import JobStatus
from generation.domain.pricing import FREE
from generation.domain.refs import Platform
from generation.rules.money.budgets import Budget, BudgetScope, Period
from generation.service import MoneyNow

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="judged by systemd-analyze")


def compose() -> dict[str, dict[str, object]]:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert isinstance(services, dict)
    return services


def units_of(folder: Path) -> list[Path]:
    """The units as they are, but for the program, which is installed nowhere here."""
    copies = []
    for unit in UNITS:
        copy = folder / unit.name
        copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE))
        copies.append(copy)
    return copies


@needs_systemd
def test_systemd_understands_every_line_of_the_units(tmp_path: Path) -> None:
    said = subprocess.run(
        ["systemd-analyze", "verify", *map(str, units_of(tmp_path))], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize(
    ("unit", "most"), [("flipbook.service", 20), ("flipbook-worker.service", 25), ("flipbook-backup.service", 15)]
)
def test_the_units_give_up_what_they_do_not_need(tmp_path: Path, unit: str, most: int) -> None:
    """The exposure that systemd computes, in tenths: 10.0 is a service without any sandbox."""
    units_of(tmp_path)
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={most}", str(tmp_path / unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout[-400:]


def test_the_units_start_commands_that_exist() -> None:
    started = set(re.findall(r"^ExecStart=\S+/flipbook (\w+)", "\n".join(u.read_text() for u in UNITS), re.MULTILINE))
    helped = subprocess.run([sys.executable, "-m", "bot", "--help"], capture_output=True, text=True, check=True).stdout
    assert started == {"run", "worker", "backup"}
    assert all(re.search(rf"\b{name}\b", helped) for name in started)


def test_a_permanent_fault_is_not_tried_again() -> None:
    for name in ("flipbook.service", "flipbook-worker.service"):
        assert "RestartPreventExitStatus=2 69 75 78\n" in (DEPLOY / "systemd" / name).read_text()


def test_the_compose_file_is_one_by_its_own_schema() -> None:
    judge = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    said = subprocess.run([*judge, str(DEPLOY / "compose.yaml")], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def test_a_profile_that_is_off_keeps_nothing_from_starting() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    # ${NAME:?…} is an error for every profile, also for one that does not use it
    assert ":?" not in text
    services = compose()
    assert {name for name, service in services.items() if "profiles" not in service} == {"flipbook"}
    needed = services["flipbook"]["depends_on"]
    assert isinstance(needed, dict)
    assert all(need["required"] is False for need in needed.values())


def test_every_container_is_read_only_without_rights_and_its_log_is_bounded() -> None:
    for name, service in compose().items():
        assert service["logging"] == {"driver": "local", "options": {"max-size": "10m", "max-file": "5"}}
        if name != "postgres":  # its entry point changes the owner of its files
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]
        for port in service.get("ports", []):  # type: ignore[attr-defined]
            assert str(port).startswith("127.0.0.1:")


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_proxies_let_through_what_is_meant_for_outside_only_and_keep_streams_whole(name: str) -> None:
    text = (DEPLOY / "proxy" / name).read_text()
    lines = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    assert lines.count("{") == lines.count("}")
    for outside in ("webhooks", "clips", "slack"):
        assert outside in lines
    for inside in ("metrics", "healthz", "dashboard"):
        assert inside not in lines
    assert "proxy_buffering off;" in lines or "flush_interval -1" in lines
    assert "127.0.0.1:8080" in lines
    assert "127.0.0.1:8650" in lines


@pytest.mark.parametrize("name", ["dashboard.nginx.conf", "dashboard.Caddyfile"])
def test_a_proxy_that_lets_operators_in_says_who_they_are_and_proves_itself(name: str) -> None:
    text = (DEPLOY / "proxy" / name).read_text()
    lines = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    assert lines.count("{") == lines.count("}")
    # whatever a caller sends under these names never reaches the bot
    for header in (PROXY_USER, PROXY_SECRET):
        assert header in lines.lower()
    assert ROOT_OF_DASHBOARD in lines
    assert "proxy_buffering off;" in lines or "flush_interval -1" in lines
    for inside in ("metrics", "healthz"):
        assert inside not in lines
    for setting in ("FLIPBOOK_DASHBOARD=proxy", "FLIPBOOK_DASHBOARD_SECRET"):
        assert setting in text


def metrics_of_a_day() -> dict[str, frozenset[str]]:
    """Every line of `/metrics` once everything has happened, with its labels."""
    metrics, job = MetricsObserver(), moved(a_job(), JobStatus.SUCCEEDED)
    metrics.job_moved(job)
    metrics.job_moved(moved(a_job(), JobStatus.FAILED))
    metrics.delivery_moved(job, a_delivery(job).owed(NOW).sent(None, NOW))
    metrics.outcome_arrived(job, 0.5)
    metrics.message_opened(Platform.SLACK, 0.2)
    metrics.trouble("reading", OSError())
    budget = Budget(BudgetScope.OPERATOR, Period.DAY, FREE, FREE, NOW.date(), NOW)
    metrics.render({}, {"fal": Circuit.OPEN}, MoneyNow(FREE, (budget,)), backup=LastBackup(NOW, "a.tar"))
    samples = [sample for metric in metrics.registry.collect() for sample in metric.samples]
    return {sample.name: frozenset(sample.labels) for sample in samples}


def labels_in(rule: dict[str, Any]) -> set[str]:
    """The labels that an alert selects by, groups by or names in its sentences."""
    grouped = re.findall(r"by \(([^)]*)\)", rule["expr"])
    selected = re.findall(r"(\w+)=\"", rule["expr"])
    told = re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values()))
    return {*selected, *told, *re.findall(r"\w+", " ".join(grouped))}


def test_the_time_until_the_first_answer_is_counted_for_each_chat() -> None:
    metrics = MetricsObserver()
    metrics.message_opened(Platform.DISCORD, 0.3)
    metrics.message_opened(Platform.SLACK, 4.0)
    text = metrics.render({}, {}).decode()
    for line in ('{le="0.5",platform="discord"} 1.0', '{le="3.0",platform="slack"} 0.0'):
        assert f"flipbook_first_answer_seconds_bucket{line}" in text


def test_alerts_speak_of_metrics_that_there_are() -> None:
    text = (DEPLOY / "prometheus" / "alerts.yml").read_text()
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    named = {name for rule in rules for name in re.findall(r"\bflipbook_\w+", rule["expr"])}
    there = metrics_of_a_day()
    assert named <= there.keys()
    assert len(named) >= 8
    for rule in rules:
        labels = set().union(*(there[name] for name in re.findall(r"\bflipbook_\w+", rule["expr"])))
        assert labels_in(rule) <= labels | {"job"}  # the last one is Prometheus' own
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["description"].endswith(".")


def test_alerts_name_states_that_there_are() -> None:
    text = (DEPLOY / "prometheus" / "alerts.yml").read_text()
    states = set(re.findall(r'stat(?:e|us)="(\w+)"', text))
    assert states <= {*Circuit, *DeliveryStatus}
