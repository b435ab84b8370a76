"""Tab in real kernels: what the frontend asks for with a ``complete_request``."""

from __future__ import annotations

import pytest

from tests.notebook.kernels import VERSIONS, Kernel

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module", params=[VERSIONS[0], VERSIONS[-1]])
def kernel(request, quick_server, tmp_path_factory):
    home = tmp_path_factory.mktemp("completion")
    started = Kernel(request.param, quick_server.environment(home), home)
    started.run("%load_ext qwave_jupyter\nfrom PIL import Image\nsketch = Image.new('RGB', (9, 9))\nweather = 'rain'")
    yield started
    started.close()


def offered(kernel, code):
    place = code.index("|")
    answer = kernel.client.complete(code.replace("|", ""), place, reply=True, timeout=30)["content"]
    return {text.strip() for text in answer["matches"]}


@pytest.mark.parametrize(
    ("code", "some"),
    [
        ("%%qwave --asp|", {"--aspect-ratio"}),
        ("%%qwave -m gpt-image-2 --resolution 4k -r |\na cat", {"16:9", "9:16", "2:1", "1:2", "21:9", "9:21"}),
        ("%%qwave -m seedream-5|", {"seedream-5.0"}),
        ("%%qwave -i sk|", {"sketch"}),
        ("%%qwave\na city in the {{wea|", {"weather}}"}),
        ("%qwave comp|", {"compare"}),
        ("%qwave demo on --fail |", {"task_failed", "upstream_unavailable"}),
    ],
)
def test_what_tab_offers(kernel, code, some):
    found = offered(kernel, code)
    assert some <= found
    if "-r |" in code:
        assert found == some


def test_other_cells_complete_as_ever(kernel):
    assert "weather" in offered(kernel, "print(weat|")
