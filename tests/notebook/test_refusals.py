"""What is refused before anything is sent, and what is only looked at; in one kernel."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.kernel

REFUSED = {
    "%%qwave --resolution 4k --aspect-ratio 1:1\nx": ["16:9", "9:16", "2:1", "1:2", "21:9", "9:21"],
    "%%qwave -m gpt-4o-image -n 3\nx": ["1, 2 or 4"],
    "%%qwave -m qwen-image-2.0\n" + "x" * 801: ["800", "801"],
    "%%qwave -m seedream-4.5 -n 6 " + " ".join(f"-i https://x.example/{n}.png" for n in range(10)) + "\nx": [
        "images (10)",
        "n (6)",
        "15",
    ],
    "%%qwave -m gpt-image-1-official --resolution 1k\nx": ["no option resolution", "aspect_ratio"],
    "%%qwave -m gpt-image-3\nx": ["gpt-image-2"],
    "%%qwave --qualty high\nx": ["quality"],
    "%%qwave\na {{wether}} day": ["wether", "weather"],
    "%%qwave\n \n": ["prompt is empty"],
    "%%qwave --timeout 0\nx": ["--timeout", "above 0"],
}


def test_refused_cells_send_nothing(kernel):
    kernel.run("weather = 'sunny'")
    for cell, says in REFUSED.items():
        reply = kernel.run(cell)
        assert reply["status"] == "error", cell
        for part in says:
            assert part in reply["evalue"]
        assert "\n" not in reply["evalue"]
        assert len(reply["traceback"]) == 1
    assert not kernel.new_rows()


def test_load_imports_nothing_heavy(kernel):
    code = (
        "import subprocess, sys\n"
        "code = 'import sys, IPython; ip = IPython.InteractiveShell.instance(); before = set(sys.modules);"
        'ip.run_line_magic("load_ext", "qwave_jupyter");'
        'print(sorted({"requests", "PIL", "ipywidgets"} & (set(sys.modules) - before)))\'\n'
        "print(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True))"
    )
    assert "stdout='[]\\n'" in kernel.said_by(code)[1]


def test_dry_run_shows_the_body(kernel):
    cell = "%%qwave -m seedream-5.0 --size 16:9 --web-search --no-watermark --dry-run\na cat"
    text = kernel.said_by(cell)[1]
    for part in ('"size": "16:9"', '"extra": {', '"type": "web_search"', '"watermark": false', "nothing was"):
        assert part in text
    assert '"action"' not in text
    assert not kernel.new_rows()
