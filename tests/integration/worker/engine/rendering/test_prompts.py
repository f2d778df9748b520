# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""Prompts: weights as AUTOMATIC1111 writes them, any length, remembered; and what guidance makes of the negative."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given
from hypothesis import strategies as st

from doubles.worker.rendering import clip, frames_of
from generation.protocol.request import DEFAULT_NEGATIVE_PROMPT
from worker.engine import EngineRefusal
from worker.engines.animatediff import AnimateDiffEngine
from worker.engines.animatediff.prompts.embeddings import TextEmbedder, repeated_to
from worker.engines.animatediff.prompts.weights import LARGEST_WEIGHT, PromptTerm, parse_weights

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def embedder(engine: AnimateDiffEngine) -> TextEmbedder:
    assert engine._parts is not None
    return TextEmbedder(engine._parts.runner.embedder._tokenizer, engine._parts.runner.embedder._encoder, cache_size=2)


def test_the_default_negative_prompt_is_read_as_its_author_meant_it() -> None:
    assert parse_weights(DEFAULT_NEGATIVE_PROMPT) == [
        PromptTerm("bad quality, worst quality", 1.2),
        PromptTerm(", ugly faces, bad anime", 1.0),
    ]


@pytest.mark.parametrize(
    ("prompt", "terms"),
    [
        ("a (cat) sat", [("a ", 1), ("cat", 1.1), (" sat", 1)]),
        ("a [cat] sat", [("a ", 1), ("cat", 1 / 1.1), (" sat", 1)]),
        ("((big)) sky", [("big", 1.1 * 1.1), (" sky", 1)]),
        ("(a (b:1.5) c:2)", [("a ", 2), ("b", 3), (" c", 2)]),
        (r"\(plain\) \[text\] \\", [("(plain) [text] \\", 1)]),
        ("smile :) and (frown", [("smile :) and ", 1), ("frown", 1.1)]),
        ("time 12:30)", [("time 12:30)", 1)]),
        ("[half:0.5]", [("half:0.5", 1 / 1.1)]),
        ("(less:.5) (minus:-1)", [("less", 0.5), (" ", 1), ("minus", -1)]),
        ("(far:1000)", [("far", LARGEST_WEIGHT)]),
        ("", []),
    ],
)
def test_weights_are_read_nested_escaped_and_unbalanced(prompt: str, terms: list[tuple[str, float]]) -> None:
    read = [(term.text, pytest.approx(term.weight)) for term in parse_weights(prompt)]
    assert read == terms


@given(st.text(alphabet="ab ()[]\\:.1-,", max_size=60))
def test_no_prompt_is_unreadable_and_no_letter_outside_brackets_is_lost(prompt: str) -> None:
    terms = parse_weights(prompt)
    letters = "".join(c for c in prompt if c in "ab")
    assert "".join(c for term in terms for c in term.text if c in "ab") == letters
    assert all(abs(term.weight) <= LARGEST_WEIGHT for term in terms)


def test_a_plain_prompt_is_embedded_as_the_stock_pipeline_embeds_it(embedder: TextEmbedder, stock: Any) -> None:
    positive, negative = stock.encode_prompt("a cat", "cpu", 1, True, negative_prompt="bad")
    assert torch.equal(embedder.embed("a cat"), positive)
    assert torch.equal(embedder.embed("bad"), negative)
    assert torch.equal(embedder.embed(""), stock.encode_prompt("", "cpu", 1, False)[0])


def test_a_weight_scales_its_own_tokens_and_keeps_the_mean(embedder: TextEmbedder) -> None:
    plain, weighted = embedder.embed("a cat"), embedder.embed("a (cat:1.4)")
    ratio = (weighted / plain)[0].mean(dim=-1)
    assert torch.allclose(weighted.mean(), plain.mean(), atol=1e-5)
    tokens = slice(1, 2), slice(2, 5)
    first, second = (ratio[part].mean() for part in tokens)
    assert float(second / first) == pytest.approx(1.4, abs=0.01)


def test_a_long_prompt_is_read_to_its_end(embedder: TextEmbedder) -> None:
    long_one = "a red boat on a green sea " * 10
    assert embedder.embed(long_one).shape == (1, 3 * 77, 32)
    assert not torch.equal(embedder.embed(long_one), embedder.embed(long_one + "at night"))


def test_repeating_a_text_changes_no_frame_beyond_rounding(engine: AnimateDiffEngine, embedder: TextEmbedder) -> None:
    from doubles.worker.rendering import unet_of

    text, unet = embedder.embed("a cat"), unet_of(engine)
    sample, time = torch.randn(1, 4, 4, 8, 8), torch.tensor([500.0])
    with torch.no_grad():
        once, thrice = (
            unet(sample, time, encoder_hidden_states=repeated_to(text, n * 77).repeat_interleave(4, 0)).sample
            for n in (1, 3)
        )
    assert torch.allclose(once, thrice, atol=1e-5)


def test_embeddings_are_cached_by_text_and_the_least_recently_used_leaves(embedder: TextEmbedder) -> None:
    first = embedder.embed("one")
    assert embedder.embed("one") is first
    embedder.embed("two")
    embedder.embed("one")
    embedder.embed("three")
    assert embedder.embed("one") is first
    assert set(embedder._cache) == {"one", "three"}


def test_a_prompt_beyond_what_can_be_read_is_refused_with_its_length(engine: AnimateDiffEngine) -> None:
    with pytest.raises(EngineRefusal, match=r"^prompt is 601 tokens long; this engine reads at most 600"):
        engine.check(clip(prompt="x" * 601))
    with pytest.raises(EngineRefusal, match=r"^negative_prompt is 700 tokens long"):
        engine.check(clip(negative_prompt="y" * 700))
    engine.check(clip(prompt="x" * 600))


def test_the_longest_prompts_of_both_kinds_are_rendered(engine: AnimateDiffEngine) -> None:
    request = clip(prompt="x" * 600, negative_prompt="y" * 500, num_inference_steps=1, num_frames=2)
    assert frames_of(engine, request).shape == (2, 64, 64, 3)


@pytest.mark.parametrize("guidance", [0.0, 0.5, 1.0])
def test_at_a_guidance_of_one_or_less_the_negative_prompt_has_no_effect(
    engine: AnimateDiffEngine, guidance: float
) -> None:
    one = frames_of(engine, clip(guidance_scale=guidance, negative_prompt="bad"))
    other = frames_of(engine, clip(guidance_scale=guidance, negative_prompt="something else"))
    assert np.array_equal(one, other)


def test_above_one_the_negative_prompt_has_an_effect(engine: AnimateDiffEngine) -> None:
    one = frames_of(engine, clip(guidance_scale=5, negative_prompt="bad"))
    assert not np.array_equal(one, frames_of(engine, clip(guidance_scale=5, negative_prompt="something else")))


@pytest.mark.parametrize(
    "prompt", ["(((((" * 50, "(nothing:0)", "(turned:-1) around", "🎈 ein Boot · 船", "(a:0) (b:0)"]
)
def test_strange_weights_still_give_finite_pictures(engine: AnimateDiffEngine, prompt: str) -> None:
    engine.check(clip(prompt=prompt))
    assert frames_of(engine, clip(prompt=prompt, num_inference_steps=2, num_frames=2)).shape == (2, 64, 64, 3)
