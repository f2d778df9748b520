"""Options of the AnimateDiff engine, given as JSON: taken as they are, or refused in one sentence that names them."""

from pathlib import Path

import pytest

from bot.commands.worker.settings import load_worker_settings
from bot.settings import SettingsError
from worker.engines.animatediff.options import Compile, EngineOptions, Residency

VARIABLE = "FLIPBOOK_WORKER_ANIMATEDIFF"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No ``.env`` of the checkout has a say."""
    monkeypatch.chdir(tmp_path)


def test_without_any_the_options_are_the_defaults() -> None:
    assert load_worker_settings({"data_dir": Path()}).animatediff == EngineOptions()


def test_options_are_read_from_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, '{"dtype": "float16", "residency": "swap", "compile": "off", "reuse_every": 3}')
    options = load_worker_settings({"data_dir": Path()}).animatediff
    assert options == EngineOptions(dtype="float16", residency=Residency.SWAP, compile=Compile.OFF, reuse_every=3)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ('{"reuse_evry": 2}', f"{VARIABLE}.reuse_evry: Unexpected keyword argument"),
        ('{"reuse_every": 0}', f"{VARIABLE}: reuse_every is at least 1"),
        ('{"max_active": 0}', f"{VARIABLE}: max_active is at least 1"),
        ('{"frames_decoded_at_once": 0}', f"{VARIABLE}: frames_decoded_at_once is at least 1"),
        ('{"guided_share": 1.5}', f"{VARIABLE}: guided_share is between 0 and 1"),
        ('{"dtype": "int8"}', f"{VARIABLE}: dtype is one of float32, bfloat16, float16"),
        ("{not json", f"{VARIABLE}: cannot be read as JSON"),
        ("[1]", f"{VARIABLE}: Input should be a dictionary or an instance of EngineOptions"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch, given: str, sentence: str) -> None:
    monkeypatch.setenv(VARIABLE, given)
    with pytest.raises(SettingsError) as refused:
        load_worker_settings({"data_dir": Path()})
    assert str(refused.value) == sentence
