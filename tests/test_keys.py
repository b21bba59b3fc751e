"""Affinity keys: known numbers, and the same ones from a second implementation written as in Java."""

from hypothesis import given, settings
from hypothesis import strategies as st

from affinity_search.items.keys import affinity_key


def signed(number: int) -> int:
    number &= 0xFFFFFFFFFFFFFFFF
    return number - (1 << 64) if number >> 63 else number


def java_key(units: list[int]) -> int:
    h = -3750763034362895579
    for unit in units:
        h = signed((h ^ unit) * 1099511628211)
    return (h ^ ((h & 0xFFFFFFFFFFFFFFFF) >> 48)) & 0xFFFFFFFFFFFF


def test_known_numbers() -> None:
    # No unit at all leaves the offset 0xcbf29ce484222325, folded: 0x9ce484222325 ^ 0xcbf2.
    assert affinity_key("") == 0x9CE48422E8D7
    # FNV-1a of the single byte "a" is 0xaf63dc4c8601ec8c, as in the published test vectors; a UTF-16 unit below 256
    # is that byte.
    assert affinity_key("a") == (0xAF63DC4C8601EC8C ^ 0xAF63) & 0xFFFFFFFFFFFF
    assert affinity_key("foobar") == (0x85944171F73967E8 ^ 0x8594) & 0xFFFFFFFFFFFF
    assert {text: affinity_key(text) for text in ("é", "😀", "20 oz", "m69", "\ud83d")} == {
        "é": java_key([0xE9]),
        "😀": java_key([0xD83D, 0xDE00]),
        "20 oz": java_key([ord(c) for c in "20 oz"]),
        "m69": 158437451650890,
        "\ud83d": java_key([0xD83D]),
    }


@settings(deadline=None)
@given(st.text())
def test_equals_the_java_way_and_fits_in_48_bits(text: str) -> None:
    units = [unit for c in text for unit in memoryview(c.encode("utf-16-le", "surrogatepass")).cast("H")]
    key = affinity_key(text)
    assert key == java_key(units)
    assert 0 <= key < 1 << 48


def test_a_hundred_thousand_ids_do_not_collide() -> None:
    assert len({affinity_key(f"item-{number}") for number in range(100_000)}) == 100_000
