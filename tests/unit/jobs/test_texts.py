from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

import qwave_jupyter

ROOT = Path(qwave_jupyter.__file__).parent
WORDS = json.loads((resources.files("qwave_jupyter.i18n") / "en" / "generation.json").read_text("utf-8"))
#: Names that are put together from parts.
COMPOSED = re.compile(
    r"stopped_|cancelled_|failed_upstream|no_such_name|mask_not|mask_nothing|reference_|journal_|image_missing|cannot_save|not_decodable|too_expensive"
)

#: Texts that stand in a table or a heading.
LABELS = {
    "no_images_here",
    "no_reason",
    "report_free",
    "report_jobs",
    "report_images",
    "report_title",
    "stopped_cancelled",
    "stopped_failed",
    "stopped_kept",
    "stopped_not_ordered",
    "stopped_unknown",
    "weight_heavy",
}


def test_generation_texts_exist_and_are_used():
    files = [path for ending in ("*.py", "*.html") for path in ROOT.rglob(ending)]
    sources = "\n".join(path.read_text("utf-8") for path in files)
    said = set(re.findall(r"[\"']generation\.(\w+)[\"']", sources))
    rooms = [path for room in ("batches", "images", "jobs", "views") for path in (ROOT / room).rglob("*.py")]
    here = "\n".join(path.read_text("utf-8") for path in rooms)
    said |= set(re.findall(r'(?:Violation|_mistake|_?add_notice|_notice|_failed|_warn)\(\s*"(\w+)"', here))
    assert {name for name in said - set(WORDS) if not name.endswith("_")} == set()
    assert {name for name in set(WORDS) - said if f'"{name}"' not in sources and not COMPOSED.match(name)} == set()


def test_generation_texts_are_sentences():
    for name, entry in WORDS.items():
        for text in entry.values() if isinstance(entry, dict) else [entry]:
            if " " not in text:
                continue  # a label, not a sentence
            if name not in {"image_text", "refused"}:
                assert "\n" not in text, name
            assert text.rstrip()[-1] in ".:})–" or name in LABELS, name
