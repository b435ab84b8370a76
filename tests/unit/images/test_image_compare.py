from __future__ import annotations

import re

import pytest

from qwave_jupyter.images.preview import MAX_SHEET_BYTES
from tests.image_factory import encoded, noise


@pytest.fixture
def pair(submit, server):
    server.images = [encoded(noise(900, 600), "PNG")]
    return submit("a <i>cat</i>").result()[0], submit("the same at night").result()[0]


def test_compare_html(pair):
    page = pair[0].compare(pair[1])._repr_html_()
    assert len(page) < 2 * MAX_SHEET_BYTES
    assert "<script" not in page
    assert page.count("<img ") == 2
    assert "resize:horizontal" in page
    assert 'alt="a &lt;i&gt;cat&lt;/i&gt;"' in page
    # What a sanitizer leaves of it: no style attribute, no style element.
    page = re.sub(r' style="[^"]*"', "", page)
    assert re.findall(r"<(\w+)", page) == ["div", "img", "div", "img", "div"]
    assert page.count("data:image/jpeg;base64,") == 2


def test_compare_text(pair):
    text = repr(pair[0].compare(pair[1]))
    assert str(pair[0].path) in text
    assert str(pair[1].path) in text
