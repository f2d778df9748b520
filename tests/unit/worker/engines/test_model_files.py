"""Model files are judged by their headers: what is whole is taken, whatever bytes it begins with."""

import json
from pathlib import Path
from typing import Any

import pytest

from worker.engines.animatediff.models.files import DamagedFile, check_safetensors
from worker.engines.animatediff.models.model_set import ModelSet
from worker.engines.animatediff.models.selection import ModelSelection

ENTRY = {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}


def written(path: Path, header: dict[str, Any], *, length: int = 0) -> Path:
    """A safetensors file; its header is filled up with spaces, as the format allows."""
    text = json.dumps(header).encode().ljust(length)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"\0" * 4)
    return path


@pytest.mark.parametrize("length", [0x0280, 0x0380, 0x0480, 0x1_0280])
def test_a_header_whose_length_begins_as_a_pickle_does_is_read(tmp_path: Path, length: int) -> None:
    path = written(tmp_path / "a.safetensors", {"a": ENTRY}, length=length)
    assert path.read_bytes()[:2] in {b"\x80\x02", b"\x80\x03", b"\x80\x04"}
    assert check_safetensors(path)["a"].shape == (4,)


@pytest.mark.parametrize("begin", [b"\x80\x02}q\x00(X\x01\x00", b"\x80\x04K\x01.     ", b"PK\x03\x04\x00\x00\x08\x08"])
def test_a_pickle_under_another_name_is_refused(tmp_path: Path, begin: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(begin + b"\0" * 100)
    with pytest.raises(DamagedFile, match="is a pickle under another name"):
        check_safetensors(path)


@pytest.mark.parametrize(("up", "down"), [([4], [2, 4]), ([4, 2], [2]), ([], [])])
def test_a_lora_with_shapes_of_another_kind_is_damaged(tmp_path: Path, up: list[int], down: list[int]) -> None:
    halves = {"a_lora.up.weight": ENTRY | {"shape": up}, "a_lora.down.weight": ENTRY | {"shape": down}}
    with pytest.raises(DamagedFile, match="ranks disagree"):
        check_safetensors(written(tmp_path / "a.safetensors", halves))


@pytest.mark.parametrize(
    ("base", "checker"),
    [
        ("a/repository", "base"),
        ("mine.safetensors", "single-file"),
        ("my-folder", "single-file"),
        ("whole-folder", "bases/whole-folder"),
    ],
)
def test_the_safety_checker_is_looked_for_where_it_is_downloaded_to(tmp_path: Path, base: str, checker: str) -> None:
    (tmp_path / "bases" / "whole-folder" / "safety_checker").mkdir(parents=True)
    ModelSelection(base=base).save(tmp_path)
    models = ModelSet.from_folder(tmp_path, safety_checker=True)
    assert models.safety_checker == tmp_path / checker / "safety_checker"
