"""Health, readiness and metrics, asked as a load balancer would."""

import re
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from adapters.web.health import HealthPages, HealthReport
from adapters.web.metrics import MetricsObserver, metrics_route
from core import a_core
from generation.backends.circuit_breaker import Circuit
from generation.domain.pricing import Micros, Price, Prices
from generation.protocol.errors import DeliveryDelayed
from generation.protocol.request import Endpoint
from generation.rules.operator_rules import OperatorRules


async def nothing() -> None:
    return None


def client(*routes: object) -> httpx.AsyncClient:
    app = Starlette(routes=list(routes))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot")


async def a_report() -> HealthReport:
    return HealthReport("1.2.3", parts={"worker": "ready"})


async def test_health_names_the_version_and_the_parts() -> None:
    async with client(*HealthPages(a_report, nothing).routes()) as web:
        answer = await web.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "version": "1.2.3", "parts": {"worker": "ready"}}


async def test_what_is_not_ready_is_said_and_does_not_make_it_unhealthy() -> None:
    async def reason() -> str:
        return "the database cannot be read"

    async with client(*HealthPages(a_report, reason).routes()) as web:
        assert (await web.get("/healthz")).status_code == 200
        answer = await web.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "reason": "the database cannot be read"})


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_pages_are_only_read(path: str, tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        routes = HealthPages(a_report, nothing).routes()
        routes.append(metrics_route(MetricsObserver(), core.store.status_counts))
        async with client(*routes) as web:
            assert (await web.get(path)).status_code == 200
            assert (await web.post(path)).status_code == 405


async def test_metrics_count_what_happened(tmp_path: Path) -> None:
    prices = Prices({"worker": {Endpoint.STANDARD: Price(Decimal("0.25"))}})
    rules = OperatorRules(backends=("worker",), prices=prices, daily_budget=Micros(2_000_000))
    async with a_core(tmp_path, rules=rules) as core:
        metrics = MetricsObserver()
        waiting = await core.submit(origin="waits")
        metrics.job_moved(waiting)
        done = await core.run(await core.submit(origin="done", user="2"))
        metrics.job_moved(done)
        metrics.trouble("delivery put off", DeliveryDelayed("busy"))
        circuits = {"worker": Circuit.HALF_OPEN}
        route = metrics_route(
            metrics, core.store.status_counts, lambda: circuits, core.service.money_now, queue_age=lambda: 12.5
        )
        async with client(route) as web:
            lines = (await web.get("/metrics")).text.splitlines()
    assert 'flipbook_jobs_unfinished{status="pending"} 1.0' in lines
    assert (
        'flipbook_jobs_total{backend="worker",endpoint="standard",platform="discord",status="succeeded"} 1.0' in lines
    )
    assert 'flipbook_spent_money_total{backend="worker"} 0.25' in lines
    assert "flipbook_reserved_money 0.25" in lines
    assert [line for line in lines if line.startswith("flipbook_budget_left_money")] == [
        'flipbook_budget_left_money{period="day",scope="operator"} 1.5'
    ]
    assert {line for line in lines if line.startswith("flipbook_backend_circuit")} == {
        'flipbook_backend_circuit{backend="worker",state="closed"} 0.0',
        'flipbook_backend_circuit{backend="worker",state="open"} 0.0',
        'flipbook_backend_circuit{backend="worker",state="half-open"} 1.0',
    }
    assert 'flipbook_trouble_total{what="delivery put off"} 1.0' in lines
    assert "flipbook_queue_age_seconds 12.5" in lines
    assert 'flipbook_steps_total{backend="worker",endpoint="standard"} 25.0' in lines
    for measured in ("wait", "render", "job"):
        assert any(
            re.match(rf"flipbook_{measured}_seconds_count{{.*endpoint=\"standard\"}} 1.0", line) for line in lines
        )
