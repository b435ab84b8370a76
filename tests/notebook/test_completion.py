"""Tab in real kernels: what the frontend asks for with a ``complete_request``."""

from __future__ import annotations

import pytest

from tests.notebook.conftest import OLDEST_AND_NEWEST
from tests.notebook.kernels import HANG

pytestmark = [pytest.mark.kernel, OLDEST_AND_NEWEST]


@pytest.fixture
def notebook(kernel):
    """A kernel with some variables."""
    kernel.run("from PIL import Image\nsketch = Image.new('RGB', (9, 9))\nweather = 'rain'")
    return kernel


def offered(kernel, code):
    place = code.index("|")
    answer = kernel.client.complete(code.replace("|", ""), place, reply=True, timeout=HANG)["content"]
    return {text.strip() for text in answer["matches"]}


OFFERS = {
    "%%qwave --asp|": {"--aspect-ratio"},
    "%%qwave -m seedream-5|": {"seedream-5.0"},
    "%%qwave -i sk|": {"sketch"},
    "%%qwave\na city in the {{wea|": {"weather}}"},
    "%qwave comp|": {"compare"},
    "%qwave demo on --fail |": {"task_failed", "upstream_unavailable"},
}


def test_tab_offers_what_fits(notebook):
    for code, some in OFFERS.items():
        assert some <= offered(notebook, code), code
    # What the other options leave, and nothing else.
    ratios = {"16:9", "9:16", "2:1", "1:2", "21:9", "9:21"}
    assert offered(notebook, "%%qwave -m gpt-image-2 --resolution 4k -r |\na cat") == ratios


def test_tab_in_python_code(notebook):
    assert "weather" in offered(notebook, "print(weat|")
