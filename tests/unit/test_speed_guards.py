"""What the benchmarks promise, guarded loosely: by counts, ratios and fake clocks, never by a watch."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter
from nbformat import v4
from PIL import Image

from qwave_jupyter import catalog
from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.images import image_io
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.images.preview import PreviewOptions
from qwave_jupyter.jobs import request
from qwave_jupyter.jobs.job import Job
from qwave_jupyter.jobs.journal.record import to_row
from qwave_jupyter.jobs.journal.schema import COLUMNS
from qwave_jupyter.jobs.journal.store import Entry, Journal
from tests.fake_clock import FakeClock
from tests.job_contexts import open_context
from tests.scripted_server import CDN, ScriptedServer
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def server():
    return ScriptedServer(FakeClock())


@pytest.fixture
def bench(tmp_path, server):
    with open_context(tmp_path, server.client(), server.clock) as made:
        yield made


def asked(bench, prompt="a cat"):
    return request.build(bench.catalog, prompt, {}, model="gpt-image-2")


def grainy(width, height):
    return Image.effect_noise((width, height), 60).convert("RGB")


def test_loading_imports_few_modules(clean_environment):
    script = (
        "import sys, IPython\n"
        "shell = IPython.InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'qwave_jupyter')\n"
        "print(*(name for name in sys.modules if name.startswith('qwave_jupyter')))\n"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert len(found) <= 9
    assert not {f"qwave_jupyter.{name}" for name in ("settings", "verbs", "errors", "words", "catalog")} & set(found)


def test_model_lookup_reads_one_family():
    edition = catalog.load("2026-04")
    fresh = type(edition)(edition.edition, edition.host, edition._folder, dict(edition._index))
    fresh.model("gpt-image-2")
    assert len(fresh._families) == 1 < len(fresh._index)


def test_held_job_takes_one_post(server, bench):
    server.states = ["completed"]
    # The server keeps its answer back for as long as the task takes.
    server.before["submit"] = lambda: server.clock.advance(7.0)
    server.extra = {"result": {"images": [{"url": [f"{CDN}/task-1/0.png"]}]}}
    rows = [asked(bench, f"cat {place}") for place in range(12)]
    outcomes = Batch(rows, bench, concurrency=1, prefer_wait=30.0).start().results()
    assert all(outcome.gallery for outcome in outcomes)
    assert (server.seen.count("submit"), server.seen.count("image"), server.seen.count("status")) == (12, 12, 0)
    assert bench.client.supports_prefer_wait


def test_held_task_duration_is_remembered(server, bench):
    server.states = ["completed"]
    server.before["submit"] = lambda: server.clock.advance(7.0)
    Job(asked(bench), bench, prefer_wait=30.0).start().result(PATIENCE)
    (remembered,) = bench.journal.durations("gpt-image-2")
    assert remembered == pytest.approx(7.0, abs=0.1)


def test_task_duration_ends_before_notice(server, bench):
    server.states = ["processing"] * 3 + ["completed"]
    Job(asked(bench), bench).start().result(PATIENCE)
    (remembered,) = bench.journal.durations("gpt-image-2")
    noticed = sum(server.clock.waits)
    assert noticed - server.clock.waits[-1] < remembered < noticed


def test_saved_notebook_is_light(tmp_path):
    image = grainy(1536, 1536)
    file = tmp_path / "one.png"
    image.save(file, compress_level=1)

    def stored(thing):
        data, metadata = DisplayFormatter().format(thing)
        data = {mime: value if isinstance(value, str) else value.hex() for mime, value in data.items()}
        cell = v4.new_code_cell(outputs=[v4.new_output("display_data", data=data, metadata=metadata)])
        return len(nbformat.writes(v4.new_notebook(cells=[cell])))

    # Noise is the worst case for a preview; photographs make a hundred.
    assert stored(image) >= 20 * stored(Gallery([GeneratedImage(file)]))


def test_new_image_is_decoded_once(server, bench, monkeypatch):
    content = io.BytesIO()
    grainy(1200, 900).save(content, "PNG")
    server.images = [content.getvalue()]
    decoded = []
    true = image_io.load
    monkeypatch.setattr(image_io, "load", lambda path, *rest: decoded.append(path.suffix) or true(path, *rest))
    gallery = Job(asked(bench), bench).start().result(PATIENCE)
    data, _ = gallery.mimebundle()
    assert "image/jpeg" in data
    assert decoded == [".part"]


def test_contact_sheet_decodes_previews_only(tmp_path, monkeypatch):
    showing = PreviewOptions(cache=tmp_path / "previews")
    images = []
    for place in range(4):
        file = tmp_path / f"{place}.png"
        grainy(900, 800).save(file)
        images.append(GeneratedImage(file, showing=showing))
        images[-1].mimebundle()
    largest = []
    true = image_io.load

    def load(path):
        image = true(path)
        largest.append(max(image.size))
        return image

    monkeypatch.setattr(image_io, "load", load)
    data, _ = Gallery(images).mimebundle()
    assert "image/jpeg" in data
    assert len(largest) == 4
    assert max(largest) <= showing.preview_px


def test_gallery_holds_no_pixels(tmp_path):
    file = tmp_path / "one.png"
    grainy(1000, 1000).save(file)
    tracemalloc.start()
    gallery = Gallery([GeneratedImage(file, showing=PreviewOptions(cache=tmp_path)) for _ in range(100)])
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(gallery) == 100
    assert held < 200_000


def steps_of(journal, operation):
    """How many instructions of SQLite's machine an operation takes."""
    steps = []
    connection = journal._open()
    connection.set_progress_handler(lambda: steps.append(1), 1)
    try:
        operation(journal)
    finally:
        connection.set_progress_handler(None, 0)
    assert steps
    return len(steps)


@pytest.fixture(scope="module")
def long_kept(tmp_path_factory):
    """Two journals: one with a hundredth of the other's rows."""
    journals = []
    for rows in (200, 20_000):
        journal = Journal(tmp_path_factory.mktemp("journal"))
        journal.begin(Entry("open", created=1.0, state="running", task_id="t"))
        like = Entry("", created=0.0, state="done", duration=8.0)
        entries = (
            replace(like, job_id=f"job-{place}", created=float(place), model=f"m{place % 5}", fingerprint=str(place))
            for place in range(rows)
        )
        connection = journal._open()
        connection.execute("BEGIN")
        places = ", ".join("?" * len(COLUMNS))
        connection.executemany(
            f"INSERT INTO jobs ({', '.join(COLUMNS)}) VALUES ({places})",  # noqa: S608 - our own names
            (to_row(entry, entry.created) for entry in entries),
        )
        connection.execute("COMMIT")
        journals.append(journal)
    yield SimpleNamespace(small=journals[0], large=journals[1])
    for journal in journals:
        journal.close()


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(lambda journal: journal.abandoned_jobs(), id="resume scan"),
        pytest.param(lambda journal: journal.history(100), id="history page"),
        pytest.param(lambda journal: journal.durations("m3"), id="past durations"),
        pytest.param(lambda journal: journal.find_finished("7"), id="an identical job"),
    ],
)
def test_journal_queries_use_an_index(long_kept, operation):
    operation(long_kept.small), operation(long_kept.large)
    # A hundred times the rows; a scan of all of them would take a hundred times as many steps.
    assert steps_of(long_kept.large, operation) < 2 * steps_of(long_kept.small, operation)


def test_rate_limiter_covers_many_jobs(server, bench):
    rate_limiter = bench.client.rate_limiter
    turns = [rate_limiter.reserve_slot() for _ in range(1000)]
    # However many jobs ask, the thousandth question waits for its turn.
    assert turns[-1] > 20


def test_job_watchers_need_no_thread_each(server, bench):
    server.states = ["queued"] * 10_000
    told = []
    job = Job(asked(bench), bench)
    others = [Job(asked(bench), bench) for _ in range(50)]
    end = job.subscribe(lambda now: told.append(now.progress))
    job._runner.update(lambda now: replace(now, progress=0.5))
    wait_until(lambda: 0.5 in told, "the watcher")
    end()
    # A thread only for what is watched.
    assert all(other._runner.observers._thread is None for other in others)


def test_results_page_is_complete():
    page = Path(__file__).parents[2] / "benchmarks" / "RESULTS.md"
    if not page.is_file():
        pytest.skip("only the repository has it")
    text = page.read_text(encoding="utf-8")
    promised = re.search(r"(\d+) of (\d+) promised figures hold", text)
    assert promised
    assert promised[1] == promised[2]
    plots = re.findall(r"\]\((plots/.+?\.svg)\)", text)
    assert plots
    assert all((page.parent / plot).is_file() for plot in plots)
