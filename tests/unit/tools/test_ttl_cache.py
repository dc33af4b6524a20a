"""The small cache of what others told us."""

from chalicelib.tools.ttl_cache import TtlCache


def test_it_forgets_what_is_too_old_and_what_is_too_much() -> None:
    now = [0.0]
    cache: TtlCache[str] = TtlCache(seconds=10, size=2, clock=lambda: now[0])
    cache.put("a", "1")
    cache.put("b", "2")
    cache.put("a", "3")
    cache.put("c", "4")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("3", None, "4")
    now[0] = 10.0
    assert cache.get("a") is None
    cache.put("a", "5")
    cache.drop("a")
    cache.drop("a")
    assert cache.get("a") is None
    cache.clear()
    assert cache.get("c") is None
