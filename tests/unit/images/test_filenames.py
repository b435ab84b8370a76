from __future__ import annotations

import pytest

from qwave_jupyter.images import metadata


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("A futuristic city, at night!", "a-futuristic-city-at-night"),
        ("../../etc/passwd\x00", "etc-passwd"),
        ("未来城市 夜", "未来城市-夜"),
        ("\u202eevil\u202c", "evil"),
        ("", "image"),
        ("!!!", "image"),
        ("CON_under_score", "con-under-score"),
        ("x" * 500, "x" * 48),
    ],
)
def test_slug_is_short_and_safe(text, slug):
    assert metadata.make_slug(text) == slug


def test_slug_ends_at_a_word():
    assert len(metadata.make_slug("长" * 300).encode()) <= 48
    assert metadata.make_slug("word " * 40) == "-".join(["word"] * 9)


def test_stem_holds_date_words_id_and_index():
    stem = metadata.make_file_stem("a-cat", "8499f3a2-1111-4000-8000-000000000000", 2, 1775606400.0)
    assert stem.endswith("-a-cat-8499f3a2-2")
    assert stem.startswith("2026-04-0")
