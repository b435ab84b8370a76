"""Whatever comes from outside: it is escaped in HTML, harmless in a terminal, cut in views, and no path of ours."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.faults.hostile_texts import EVIL, EVIL_ID, EVIL_WORD

PATIENCE = 280
#: An output of ours, its pictures aside, is never heavier; most are a hundredth of it.
HEAVIEST = 400_000
PICTURES = ("image/", "application/pdf")


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


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "sly.json").write_text(edition(), encoding="utf-8")
    (folder / "evil.json").write_text(edition(id=EVIL), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("QWAVE", "WAVE"))}
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults.hostile_run", str(folder)],
        env={**environment, "PYTHONPATH": str(root), "IPYTHONDIR": str(folder / "ipython"), "HOME": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert (folder / "done").exists()
    lines = (folder / "shown.jsonl").read_text(encoding="utf-8").splitlines()
    return folder, [json.loads(line) for line in lines], ended.stdout + ended.stderr


def shown(lines):
    """Each text that a person or a page gets: the cell, its kind, the text."""
    for line in lines:
        for kind, value in (line["data"] or {}).items():
            if not kind.startswith(PICTURES):
                yield line["cell"], kind, value if isinstance(value, str) else json.dumps(value)


def test_the_search_finds_it():
    assert harm_in(f"<p>{EVIL}</p>")
    assert harm_in(f'<p title="{EVIL}">')
    assert harm_in(f"<p title='{EVIL}'>")
    assert harm_in("<a href=' javascript:qx()'>")
    assert signs_in(EVIL) >= {"\x1b", "\x00", "\u202e", "\ud83d", "\r"}
    assert harm_in("<p title='&quot; qx-attr=1'>&lt;qx-evil&gt;</p>") == []


def test_nothing_becomes_a_part_of_a_page(run):
    folder, lines, _ = run
    pages = [(cell, text) for cell, kind, text in shown(lines) if kind == "text/html"]
    pages += [(path.name, path.read_text(encoding="utf-8")) for path in folder.glob("*.html")]
    assert len(pages) > 100
    found = {cell: harm_in(page) for cell, page in pages}
    # The head of a whole page names its encoding.
    assert {cell: set(harm) - {"<meta>"} for cell, harm in found.items() if set(harm) - {"<meta>"}} == {}


def test_nothing_steers_a_terminal(run):
    _, lines, said = run
    found = {(cell, kind): signs for cell, kind, text in shown(lines) if (signs := signs_in(text))}
    assert found == {}
    assert signs_in(said) == set()


def test_every_error_is_one_of_ours_and_short(run):
    _, lines, said = run
    errors = [line["data"]["error"] for line in lines if "error" in line["data"]]
    assert len(errors) > 40
    assert "sly.json" not in "".join(errors)
    assert max(map(len, errors)) < 10_000
    texts = [text for _, _, text in shown(lines)]
    assert [text[:500] for text in texts if "FAULT OF OURS" in text or "Traceback (most" in text] == []
    assert "went wrong in this package" not in "".join(texts)
    assert "Traceback" not in said


def test_long_texts_are_cut(run):
    folder, lines, _ = run
    heavy = {(cell, kind): len(text) for cell, kind, text in shown(lines) if len(text) > HEAVIEST}
    assert heavy == {}
    assert len(json.dumps([line["metadata"] for line in lines])) < 1_000_000
    assert all(path.stat().st_size < 5_000_000 for path in folder.glob("*.html"))


def test_files_lie_where_they_should_under_harmless_names(run):
    folder, _, _ = run
    assert not (folder.parent / "etc").exists()
    assert not (folder / "etc").exists()
    pictures = [path for path in (folder / "pictures").rglob("*") if path.suffix in {".png", ".json"}]
    assert len(pictures) > 10
    for path in (*pictures, *(folder / "home").rglob("*")):
        assert re.fullmatch(r"[\w.-]+", path.name), path.name
        assert signs_in(path.name) == set()
    assert {path.parent for path in pictures} == {folder / "pictures"}
    known = {
        "home",
        "pictures",
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
