# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""Which GPU is used and with what numbers: torch's answers about CUDA are stood in for, card by card."""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from worker.engine import EngineUnavailable
from worker.engines.animatediff import AnimateDiffEngine, EngineOptions, ModelSet, cards
from worker.engines.animatediff.device import Device

pytestmark = pytest.mark.engine

DRIVER = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  450.80.02  Wed Sep 23 01:13:39 UTC 2020\n"


def answering(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
    """Let torch.cuda say these things of every device."""
    for name, answer in answers.items():
        monkeypatch.setattr(torch.cuda, name, lambda *_, answer=answer, **__: answer)


def card(monkeypatch: pytest.MonkeyPatch, title: str, capability: tuple[int, int], **more: Any) -> Device:
    archs = ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120", "compute_120"]
    given = {"is_available": True, "get_arch_list": archs, "is_bf16_supported": capability >= cards.AMPERE}
    answering(
        monkeypatch, get_device_name=title, get_device_capability=capability, synchronize=None, **{**given, **more}
    )
    return Device("cuda")


@pytest.mark.parametrize(
    ("title", "capability", "expected"),
    [
        ("NVIDIA H200", (9, 0), torch.float16),
        ("Tesla T4", (7, 5), torch.float16),
        ("NVIDIA GeForce GTX 1660 Ti", (7, 5), torch.float32),
        ("NVIDIA GeForce GTX 1080", (6, 1), torch.float16),
    ],
)
def test_a_gpu_computes_in_float16_unless_it_is_known_for_nan(
    monkeypatch: pytest.MonkeyPatch, title: str, capability: tuple[int, int], expected: Any
) -> None:
    gpu = card(monkeypatch, title, capability)
    assert gpu.dtype(None) is expected
    assert gpu.dtype("float32") is torch.float32
    assert Device("cpu").dtype(None) is torch.float32


def test_bfloat16_is_refused_before_ampere_also_where_torch_would_emulate_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert card(monkeypatch, "NVIDIA A100", (8, 0)).dtype("bfloat16") is torch.bfloat16
    turing = card(monkeypatch, "Tesla T4", (7, 5))
    with pytest.raises(EngineUnavailable) as refused:
        turing.dtype("bfloat16")
    assert str(refused.value) == (
        "dtype is bfloat16, which the Tesla T4 lacks: it needs compute capability 8.0, and this is 7.5. Leave dtype "
        "out to use float16."
    )


@pytest.mark.parametrize(
    ("capability", "archs", "is_supported"),
    [
        ((8, 6), ["sm_80", "sm_90"], True),
        ((8, 9), ["sm_80", "sm_90a"], True),
        ((6, 1), ["sm_75", "sm_80"], False),
        ((12, 0), ["sm_80", "sm_90"], False),
        ((12, 0), ["sm_90", "compute_90"], True),
        ((9, 4), ["gfx942", "gfx1100"], True),
    ],
)
def test_a_gpu_for_which_torch_has_no_code_is_named_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], archs: list[str], is_supported: bool
) -> None:
    card(monkeypatch, "NVIDIA GeForce", capability, get_arch_list=archs)
    reason = cards.why_not_supported("cuda")
    assert (reason is None) is is_supported
    if reason is not None:
        assert reason.startswith(f"torch {torch.__version__} has no code for the NVIDIA GeForce (compute capability ")
        assert "Take another version of torch" in reason


def machine(root: Path, *, card: bool = False, driver: bool = False, device_file: bool = False) -> Path:
    """The files by which a Linux machine tells of its GPU."""
    if card:
        bus = root / "sys/bus/pci/devices/0000:01:00.0"
        bus.mkdir(parents=True)
        (bus / "vendor").write_text("0x10de\n")
        (bus / "class").write_text("0x030000\n")
    if driver:
        (root / "proc/driver/nvidia").mkdir(parents=True)
        (root / "proc/driver/nvidia/version").write_text(DRIVER)
    if device_file:
        (root / "dev").mkdir(parents=True)
        (root / "dev/nvidia0").touch()
    return root


@pytest.mark.parametrize(
    ("found", "cuda", "words"),
    [
        ({"card": True, "driver": True, "device_file": True}, None, "is built without CUDA"),
        ({"card": True}, "13.0", "its driver is not loaded; install NVIDIA's driver"),
        ({"driver": True}, "13.0", "start the container with `--gpus all`"),
        ({"driver": True, "device_file": True}, "13.0", "its driver 450.80.02 does not work with CUDA 13.0"),
    ],
)
def test_a_gpu_that_torch_cannot_use_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, found: dict[str, bool], cuda: str | None, words: str
) -> None:
    answering(monkeypatch, is_available=False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    reason = cards.why_no_gpu(machine(tmp_path, **found))
    assert reason is not None
    assert words in reason
    assert reason.endswith('set FLIPBOOK_WORKER_ANIMATEDIFF=\'{"device": "cpu"}\'.')


def test_a_machine_without_a_gpu_and_one_whose_gpu_works_have_nothing_in_the_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answering(monkeypatch, is_available=False)
    assert cards.why_no_gpu(tmp_path) is None
    answering(monkeypatch, is_available=True)
    assert cards.why_no_gpu(machine(tmp_path, card=True, driver=True)) is None


def test_the_worker_starts_on_the_cpu_beside_a_gpu_only_where_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, tiny_root: Path
) -> None:
    monkeypatch.setattr(cards, "why_no_gpu", lambda: "There is an NVIDIA GPU here, but torch cannot use it.")
    with pytest.raises(EngineUnavailable, match="torch cannot use it"):
        AnimateDiffEngine(ModelSet.from_folder(tiny_root)).load()
    asked = AnimateDiffEngine(ModelSet.from_folder(tiny_root), options=EngineOptions(device="cpu"))
    asked.load()
    assert asked.device_name == "CPU"


@pytest.mark.parametrize(
    ("flash", "efficient", "expected"),
    [(True, True, "flash"), (False, True, "memory-efficient"), (False, False, "plain")],
)
def test_the_start_says_which_attention_runs_and_warns_where_it_is_the_plain_one(
    monkeypatch: pytest.MonkeyPatch, engine_log: list[Any], flash: bool, efficient: bool, expected: str
) -> None:
    gpu = card(monkeypatch, "NVIDIA GeForce GTX 1080", (6, 1))
    plain_empty = torch.empty
    monkeypatch.setattr(torch, "empty", lambda *size, dtype, **_: plain_empty(*size, dtype=dtype))
    monkeypatch.setattr(torch.backends.cuda, "can_use_flash_attention", lambda _: flash)
    monkeypatch.setattr(torch.backends.cuda, "can_use_efficient_attention", lambda _: efficient)
    gpu.describe(torch.float16)
    assert engine_log[0]["attention"] == expected
    warned = [event["event"] for event in engine_log if event["log_level"] == "warning"]
    assert any("no fused attention" in words for words in warned) is (expected == "plain")
    assert any("older than tensor cores" in words for words in warned)
