"""A bounded cache keeps what was used last."""

from generation.protocol.cache import BoundedCache


def test_the_least_recently_used_leaves_first() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    assert cache.put("a", 1) == cache.put("b", 2) == []
    assert cache.get("a") == 1
    assert cache.put("c", 3) == ["b"]
    assert (list(cache), cache.get("b"), len(cache)) == (["a", "c"], None, 2)


def test_weights_bound_it_and_leave_with_their_entries() -> None:
    cache: BoundedCache[str, str] = BoundedCache(6, weigh=len)
    cache.put("a", "xxx")
    cache.put("b", "xxx")
    assert cache.put("a", "xxxx") == ["b"]
    assert cache.put("c", "xx") == []
    assert cache.pop("a") == "xxxx"
    assert cache.put("d", "xxxx") == []
    assert cache.put("huge", "x" * 7) == ["c", "d", "huge"]
    assert len(cache) == 0


def test_it_can_be_emptied() -> None:
    cache: BoundedCache[str, int] = BoundedCache(1)
    cache.put("a", 1)
    cache.clear()
    assert "a" not in cache
    assert cache.pop("a") is None
    assert cache.put("b", 2) == []
