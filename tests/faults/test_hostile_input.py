"""External input is escaped in HTML, harmless in a terminal, cut in views, and never becomes a path of ours."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.faults.conftest import HANG_GUARD, selected_params
from tests.faults.hostile_texts import EVIL, EVIL_ID, EVIL_WORD

PARTS = ("server", "journal", "edition")
#: How many pages, errors and files each part makes at least, so that no test passes by finding nothing.
LEAST = {"server": (15, 10, 10), "journal": (10, 25, 8), "edition": (300, 6, 4)}
#: An output of ours, its images aside, is never heavier; most are a hundredth of it.
HEAVIEST = 400_000
IMAGES = ("image/", "application/pdf")


class Reader(HTMLParser):
    """Finds what hostile texts would have become, had they not been escaped."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag.startswith("qx") or tag in {"script", "iframe", "object", "embed", "base", "meta", "link", "form"}:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith(("on", "qx")):
                self.found.append(f"<{tag} {name}>")
            address = (value or "").strip().lower()
            if name in {"href", "src", "action", "srcdoc", "xlink:href"} and not address.startswith(
                ("data:image/", "http://", "https://", "#")
            ):
                self.found.append(f"<{tag} {name}={address[:40]}>")


def harm_in(page: str) -> list[str]:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader.found


def signs_in(text: str) -> set[str]:
    """The signs that a terminal or an editor would obey."""
    return {sign for sign in text if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - set("\n\t\u200d")


def edition(**changes) -> str:
    """As hostile as an edition file can be and still be read, but for the changes."""
    model = {
        "id": EVIL_WORD,
        "documented": "2026-11-01",
        "summary": EVIL,
        "notes": [EVIL],
        "rule_words": [EVIL],
        "sources": [EVIL],
        "actions": ["generate", EVIL],
        "parameters": {
            "prompt": {"type": "string", "required_for": ["*"], "note": EVIL},
            "mood": {"type": "string", "choices": [EVIL, EVIL_ID], "note": EVIL, "default": EVIL},
            "free": {"type": "string", "note": EVIL, "default": EVIL},
        },
        "price": {"usd": 0.5, "note": EVIL},
        **changes,
    }
    return json.dumps({"family": EVIL, "vendor": EVIL, "models": [model]})


@dataclass(frozen=True)
class Run:
    """What a hostile run left behind."""

    part: str
    folder: Path
    lines: list
    printed: str


@pytest.fixture(scope="module")
def processes(request, tmp_path_factory):
    """The selected runs, all at the same time, each in a folder of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("QWAVE", "WAVE"))}
    path = os.pathsep.join((str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")))
    started = {}
    for part in selected_params(request, "run"):
        folder = tmp_path_factory.mktemp(part)
        (folder / "sly.json").write_text(edition(), encoding="utf-8")
        (folder / "evil.json").write_text(edition(id=EVIL), encoding="utf-8")
        with (folder.parent / f"{part}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.hostile_run", str(folder), part],
                env={**environment, "PYTHONPATH": path, "IPYTHONDIR": str(folder / "ipython"), "HOME": str(folder)},
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        started[part] = (process, folder)
    yield started
    for process, _ in started.values():
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def run(request, processes):
    part = request.param
    process, folder = processes[part]
    code = process.wait(HANG_GUARD)
    printed = (folder.parent / f"{part}.log").read_text(encoding="utf-8", errors="replace")
    assert code == 0, printed[-3000:]
    assert (folder / "done").exists()
    lines = (folder / "shown.jsonl").read_text(encoding="utf-8").splitlines()
    return Run(part, folder, [json.loads(line) for line in lines], printed)


each_run = pytest.mark.parametrize("run", PARTS, indirect=True)


def shown(lines):
    """Each text that is displayed or saved in a page: the cell, its kind, the text."""
    for line in lines:
        for kind, value in (line["data"] or {}).items():
            if not kind.startswith(IMAGES):
                yield line["cell"], kind, value if isinstance(value, str) else json.dumps(value)


def test_search_finds_hostile_text():
    assert harm_in(f"<p>{EVIL}</p>")
    assert harm_in(f'<p title="{EVIL}">')
    assert harm_in(f"<p title='{EVIL}'>")
    assert harm_in("<a href=' javascript:qx()'>")
    assert signs_in(EVIL) >= {"\x1b", "\x00", "\u202e", "\ud83d", "\r"}
    assert harm_in("<p title='&quot; qx-attr=1'>&lt;qx-evil&gt;</p>") == []


@pytest.mark.slow
@each_run
def test_html_is_escaped(run):
    folder, lines = run.folder, run.lines
    pages = [(cell, text) for cell, kind, text in shown(lines) if kind == "text/html"]
    pages += [(path.name, path.read_text(encoding="utf-8")) for path in folder.glob("*.html")]
    assert len(pages) >= LEAST[run.part][0]
    found = {cell: harm_in(page) for cell, page in pages}
    # The head of a whole page names its encoding.
    assert {cell: set(harm) - {"<meta>"} for cell, harm in found.items() if set(harm) - {"<meta>"}} == {}


@pytest.mark.slow
@each_run
def test_terminal_output_has_no_controls(run):
    lines, printed = run.lines, run.printed
    found = {(cell, kind): signs for cell, kind, text in shown(lines) if (signs := signs_in(text))}
    assert found == {}
    assert signs_in(printed) == set()


@pytest.mark.slow
@each_run
def test_errors_are_ours_and_short(run):
    lines, printed = run.lines, run.printed
    errors = [line["data"]["error"] for line in lines if "error" in line["data"]]
    assert len(errors) >= LEAST[run.part][1]
    assert "sly.json" not in "".join(errors)
    assert max(map(len, errors)) < 10_000
    texts = [text for _, _, text in shown(lines)]
    assert [text[:500] for text in texts if "FAULT OF OURS" in text or "Traceback (most" in text] == []
    assert "went wrong in this package" not in "".join(texts)
    assert "Traceback" not in printed


@pytest.mark.slow
@each_run
def test_long_texts_are_cut(run):
    folder, lines = run.folder, run.lines
    heavy = {(cell, kind): len(text) for cell, kind, text in shown(lines) if len(text) > HEAVIEST}
    assert heavy == {}
    assert len(json.dumps([line["metadata"] for line in lines])) < 1_000_000
    assert all(path.stat().st_size < 1_000_000 for path in folder.glob("*.html"))


@pytest.mark.slow
@each_run
def test_files_have_safe_names_and_folders(run):
    folder = run.folder
    assert not (folder.parent / "etc").exists()
    assert not (folder / "etc").exists()
    images = [path for path in (folder / "images").rglob("*") if path.suffix in {".png", ".json"}]
    assert len(images) >= LEAST[run.part][2]
    for path in (*images, *(folder / "home").rglob("*")):
        assert re.fullmatch(r"[\w.-]+", path.name), path.name
        assert signs_in(path.name) == set()
    assert {path.parent for path in images} == {folder / "images"}
    known = {
        "home",
        "images",
        "ipython",
        "evil.json",
        "sly.json",
        "shown.jsonl",
        "done",
        "page.html",
        "report.html",
        "sly.html",
    }
    assert {path.name for path in folder.iterdir()} <= known | {".cache", ".config", ".ipython", ".local"}
