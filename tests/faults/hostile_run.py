"""A session in which all external input is hostile; run as a program.

``python -m tests.faults.hostile_run FOLDER PART``: what is shown goes to ``shown.jsonl`` there, one line per output.
PART is ``server`` (hostile answers), ``journal`` (hostile arguments, then a hostile journal) or ``edition`` (a hostile
edition file, and the panel).
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import ipywidgets
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from ipywidgets.widgets.widget import _instances

from qwave_jupyter.client import download
from qwave_jupyter.clock import SYSTEM_CLOCK
from qwave_jupyter.jobs import runner
from tests.faults.accelerated_clock import AcceleratedClock
from tests.faults.hostile_texts import EVIL, EVIL_ID, EVIL_LONG, EVIL_WORD
from tests.image_factory import plain
from tests.unit.client.loopback import Loopback, Reply, image_reply, json_reply

FOLDER, PART = Path(sys.argv[1]), sys.argv[2]
SHOWN = (FOLDER / "shown.jsonl").open("w", encoding="utf-8")


class Publisher(DisplayPublisher):
    """Keeps what is displayed and updated, by the cell that does it."""

    cell = ""

    def publish(self, data, metadata=None, source=None, **_):
        keep(self.cell, data, metadata)


def keep(cell: str, data: object, metadata: object = None) -> None:
    SHOWN.write(json.dumps({"cell": cell[:80], "data": data, "metadata": metadata}, default=str) + "\n")


ERROR = {"message": EVIL_LONG, "code": EVIL, "param": EVIL, "type": EVIL}
BROKEN = {
    "refuses": json_reply({"error": ERROR, "request_id": EVIL}, 400, X_Request_Id=EVIL_ID, Content_Type="<qx-evil>"),
    "breaks": Reply(
        500, b"<title>" + EVIL.encode("utf-8", "replace") + b"</title><html>", {"Content-Type": "text/<qx>"}
    ),
    "babbles": Reply(200, EVIL_LONG.encode("utf-8", "replace"), {"Content-Type": "<qx-evil>"}),
}


class Evil:
    """A server that means harm, in the way that ``mode`` says."""

    mode = "paints"

    def __init__(self) -> None:
        self.asked = self.orders = 0

    def __call__(self, request):
        if "/files/" in request.path:
            return image_reply(plain()) if self.mode != "no image" else Reply(200, b"x", {"Content-Type": "<qx-evil>"})
        if self.mode in BROKEN:
            return BROKEN[self.mode]
        return json_reply(self.answer(request))

    def answer(self, request):
        if request.path.endswith("/models"):
            prices = {"base": EVIL, "image_prices": {EVIL: EVIL}}
            entry = {"tags": [EVIL], "description": EVIL_LONG, "price_config": prices}
            return {"data": [{"id": EVIL, **entry}, {"id": EVIL_ID, **entry}]}
        if request.path.endswith("/balance"):
            return {"total_available_usd": EVIL, "total_granted_usd": 1}
        if request.method == "POST" and request.path.endswith("/tasks"):
            self.asked = 0
            self.orders += 1
            return {"task_id": f"{EVIL_ID}{self.orders}", "status": EVIL_ID, "model": EVIL, "pre_consumed_cost": 10**15}
        self.asked += 1
        name = unquote(request.path.removesuffix("/cancel").rpartition("/")[2])
        answer = {"task_id": name, "status": EVIL_ID, "progress": EVIL, "billing_status": EVIL}
        if self.asked > 1:
            link = f"{server.url}/files/<qx-evil>/' qx-attr=1 ../..%2f\"\u202e.png"
            answer |= {"status": "completed", "cost": 10**15, "result": {"images": [{"url": [link]}] * 2}}
            if self.mode == "fails":
                answer |= {"status": "failed", "error": ERROR, "result": {}}
            elif self.mode == "links astray":
                answer["result"] = {"images": [{"url": f"javascript:qx('{EVIL}')"}, {"url": f"file:///etc/{EVIL}"}]}
        return answer


def writable(text: str) -> str:
    """Without what no file can hold."""
    return text.encode("utf-8", "replace").decode()


def hostile_rows() -> None:
    """Every text in the journal is replaced, in a finished job and in an open one."""
    connection = sqlite3.connect(FOLDER / "home" / "journal.sqlite3")
    rows = connection.execute("SELECT job_id FROM jobs ORDER BY created").fetchall()
    texts = ["edition", "model", "action", "prompt", "resolution", "quality", "fingerprint", "notebook"]
    for place, (name,) in enumerate(rows):
        files = [{"path": f"{FOLDER}/images/{EVIL}", "url": EVIL, "format": EVIL, "width": EVIL, "index": EVIL}]
        changes = {
            **dict.fromkeys(texts, writable(EVIL if place else EVIL_LONG)),
            "job_id": f"{place}{EVIL_ID}",
            "task_id": EVIL_ID,
            "parameters": json.dumps({EVIL: EVIL, "images": EVIL}),
            "files": json.dumps(files),
            "error": json.dumps({"code": EVIL, "text": EVIL_LONG}),
            "state": ("done", "running", "failed", "submitting")[place % 4],
            "created": 1e18 if place == 5 else 1.0,
            "n": writable(EVIL) if place == 6 else 1,
        }
        if place % 4 == 1:
            changes["save_dir"] = ("\x00", "../../../etc/qx", writable(EVIL))[place % 3]
        assignments = ", ".join(f"{column} = ?" for column in changes)
        connection.execute(f"UPDATE jobs SET {assignments} WHERE job_id = ?", (*changes.values(), name))  # noqa: S608
    connection.commit()
    connection.close()


def cell(source: str) -> None:
    Publisher.cell = source
    begun = time.monotonic()
    with capture_output(display=False) as captured:
        result = shell.run_cell(source, store_history=True)
    keep(source, {"stream": captured.stdout + captured.stderr})
    problem = result.error_in_exec or result.error_before_exec
    if problem is not None:
        keep(source, {"error": str(problem), "told": str(type(problem).__name__)})
        rendered = getattr(problem, "_render_traceback_", None)
        keep(source, {"text/plain": "\n".join(rendered()) if rendered else "FAULT OF OURS " + repr(problem)[:2000]})
    elif result.result is not None:
        data, metadata = shell.display_formatter.format(result.result)
        keep(source, data, metadata)
    sys.stderr.write(f"{time.monotonic() - begun:.1f} {source[:40]!r}\n")


def widgets(source: str) -> None:
    """A cell, and whatever pages the widgets hold after it."""
    cell(source)
    for widget in tuple(_instances.values()):
        for value in (getattr(widget, "value", None), getattr(widget, "description", None)):
            if isinstance(widget, ipywidgets.HTML) and isinstance(value, str):
                keep(f"widgets of {source}", {"text/html": value})


evil = Evil()
server = Loopback([evil]).__enter__()
os.environ |= {"QWAVE_BASE_URL": server.url, "QWAVE_HOME": str(FOLDER / "home"), "QWAVE_API_KEY": "sk-x"}
os.environ["QWAVE_SAVE_DIR"] = str(FOLDER / "images")
shell = InteractiveShell.instance()
shell.display_pub = Publisher()
shell.colors = "NoColor"
# No wait for the server takes real time, and whatever doesn't answer is given up soon.
SYSTEM_CLOCK.__class__ = AcceleratedClock
SYSTEM_CLOCK.__init__(speed=50)
runner._GRACE, download.RETRY_POLICY = 0.2, replace(download.RETRY_POLICY, attempts=2)
shell.user_ns |= {"EVIL": EVIL, "EVIL_LONG": EVIL_LONG, "EVIL_ID": EVIL_ID, "EVIL_WORD": EVIL_WORD}
shell.run_cell("%load_ext qwave_jupyter\nimport qwave_jupyter as qwave")
shell.run_cell("qwave.configure(display='html', timeout=20)")

LOOKS = (
    "%qwave history",
    "%qwave status",
    "%qwave cost",
    "%qwave show",
    "qwave.history()",
    "%qwave models --refresh",
    "%qwave balance",
    "%qwave doctor",
    "%qwave report report.html",
    "%qwave resume",
)


def hostile_server() -> None:
    for mode in ("paints", "fails", "refuses", "breaks", "babbles", "links astray", "no image"):
        evil.mode = mode
        shell.run_cell(f"qwave.configure(timeout={20 if mode == 'paints' else 1})")
        cell(f"%%qwave -o city\n{writable(EVIL)}")
        cell("%%qwave --no-wait -o job\n{{EVIL}}")
        cell("job.wait(60)")
        cell("job")
        cell("job.snapshot")
        if mode == "paints":
            cell("city")
            cell("city[0]")
            cell("city[:1] + city[:1]")
            cell("page = qwave.generate(EVIL_LONG); page.to_html('page.html'); page")
            cell("job.gallery[0].provenance()['model']")
            cell("city[0].compare(city[0])")
            cell("qwave.batch([EVIL, {'prompt': EVIL_LONG}])")
            cell(f"%%qwave --sweep style=a,b\n{writable(EVIL)} {{{{style}}}}")
        for look in LOOKS if mode in {"paints", "refuses", "babbles"} else ():
            cell(look)


def hostile_arguments() -> None:
    for source in (
        f"%%qwave --dry-run\n{writable(EVIL)}",
        "qwave.generate('x', model=EVIL)",
        "qwave.generate('x', model=EVIL_LONG)",
        "qwave.generate('x', aspect_ratio=EVIL, resolution=EVIL_LONG, n=EVIL, seed=EVIL, quality=EVIL, nonsense=EVIL)",
        "qwave.generate('x', **{EVIL_ID: EVIL})",
        "qwave.generate('x', images=EVIL)",
        "qwave.generate('x', images=EVIL_LONG)",
        "qwave.generate('x', images='https://x.example/' + EVIL_ID)",
        "qwave.generate('x', images='data:' + EVIL)",
        "qwave.generate('x', mask=EVIL_ID)",
        "qwave.generate(EVIL_LONG, model='z-image-turbo')",
        "%qwave model <qx-evil>",
        "%qwave show <qx-evil>",
        "%qwave cancel <qx-evil>",
        "%qwave <qx-evil>",
        "%qwave models <qx-evil>",
        "%qwave compare <qx-evil> gpt-image-2",
        "%%qwave --<qx-evil> -m <qx-evil>\nx",
        "%%qwave -p <qx-evil>=<qx-evil>\nx",
        "%%qwave\n{{<qx-evil>}} {{qx.evil}}",
        "qwave.configure(base_url=EVIL)",
        "qwave.models()",
        "qwave.configure(base_url=None, edition=EVIL)",
        "qwave.configure(edition=None, home=EVIL_ID)",
        "qwave.configure(home=None)",
        "qwave.configure(model=EVIL)",
        "%%qwave\nx",
        "qwave.configure(model=None)",
        "qwave.read_provenance(EVIL_ID)",
    ):
        cell(source)


def hostile_journal() -> None:
    # Jobs for the journal: some finished, some failed.
    for mode in ("paints", "fails"):
        evil.mode = mode
        for _ in range(6):
            cell(f"%%qwave -o city\n{writable(EVIL)}")
    evil.mode = "paints"
    hostile_rows()
    for look in (*LOOKS, "[job.wait(60) for job in qwave.resume()]", "%qwave show 0", "%qwave status 1", *LOOKS):
        cell(look)


def hostile_edition() -> None:
    shell.run_cell(f"qwave.configure(edition={str(FOLDER / 'evil.json')!r})")
    for source in ("%qwave models", "qwave.models()", "%%qwave\nx"):
        cell(source)
    shell.run_cell(f"qwave.configure(edition={str(FOLDER / 'sly.json')!r}, timeout=10)")
    for source in (
        "%qwave models",
        "qwave.models()",
        "qwave.model(EVIL_WORD)",
        "qwave.compare(['gpt-image-2', EVIL_WORD]) if hasattr(qwave, 'compare') else None",
        f"%qwave model {EVIL_WORD}",
        f"%qwave compare gpt-image-2 {EVIL_WORD}",
        f"%%qwave -m {json.dumps(EVIL_WORD)} --help\n",
        "qwave.generate('x', model=EVIL_WORD, mood=EVIL_LONG)",
        "qwave.generate('x', model=EVIL_WORD, mood=EVIL, free=EVIL_LONG)",
        "qwave.generate(EVIL, model=EVIL_WORD, mood=EVIL_ID, free=EVIL)",
        "_.to_html('sly.html')",
        "%qwave doctor",
    ):
        cell(source)
    for source in (
        "panel = qwave.panel(EVIL); panel",
        "panel.set('quality', EVIL)",
        "panel.set('aspect_ratio', EVIL_LONG)",
        "panel.set_prompt(EVIL_LONG)",
        "panel.cell, panel.python",
        "panel.choose_model(EVIL_WORD)",
        "panel.set('mood', EVIL_ID)",
        "panel.set('free', EVIL)",
        "panel.set_prompt(EVIL)",
        "panel.generate()",
        "panel.results",
        "qwave.panel(EVIL, model=EVIL)",
        "qwave.panel(EVIL, plain=True, model='gpt-image-2', images=EVIL_ID)",
        "qwave.panel(last=True)",
        "qwave.configure(display='widget')",
        f"%%qwave\n{writable(EVIL)}",
        "qwave.batch([EVIL, EVIL_LONG[:5000]])",
    ):
        widgets(source)


PARTS = {"server": [hostile_server], "journal": [hostile_arguments, hostile_journal], "edition": [hostile_edition]}
for part in PARTS[PART]:
    part()
SHOWN.close()
(FOLDER / "done").touch()
