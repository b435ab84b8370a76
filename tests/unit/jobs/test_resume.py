from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.errors import DownloadFailed, GenerationError
from qwave_jupyter.jobs import records, request
from qwave_jupyter.jobs.job import Job, resumable, resume
from tests.image_factory import plain
from tests.waiting import PATIENCE


def left_open(bench, asked, *, state="submitting", task_id=None, **options):
    """What a killed kernel leaves behind."""
    entry = records.new_entry(asked(**options), f"killed-{len(bench.journal.open_jobs())}", bench)
    bench.journal.begin(replace(entry, state=state, task_id=task_id))
    return entry


def test_resume_repeats_an_unanswered_submit(bench, asked, server):
    made = asked(images=plain(300, 300), seed=3)
    entry = left_open(bench, asked, images=plain(300, 300), seed=3)
    assert len(entry.body) < 1000
    bench.clock.advance(23.5 * 3600)
    (job,) = resume(bench)
    assert job.result(PATIENCE)[0].path.is_file()
    assert server.bodies == [made.body]
    assert server.by_key == {entry.job_id: "task-1"}
    assert resume(bench) == ()


def test_resume_never_repeats_an_old_submit(bench, asked, server):
    left_open(bench, asked)
    bench.clock.advance(24 * 3600)
    for _ in range(2):
        (job,) = resume(bench)
        with pytest.raises(GenerationError, match="resume --repeat"):
            job.result(PATIENCE)
        assert bench.journal.find(job.id)[0].state == "submitting"
    assert server.seen == []


def test_batch_never_repeats_an_old_submit(bench, asked, server):
    entry = left_open(bench, asked)
    bench.clock.advance(24 * 3600)
    (outcome,) = Batch([asked()], bench).start().results()
    # Nor is it ordered anew: it may have been paid for.
    assert outcome.error.code == "order_unknown_old"
    assert outcome.error.fields["job_id"] == entry.job_id
    assert server.seen == []


def test_resume_without_the_reference_images(bench, asked, server):
    left_open(bench, asked, images=plain(300, 300))
    for file in bench.journal.blobs.folder.iterdir():
        file.unlink()
    (job,) = resume(bench)
    with pytest.raises(GenerationError, match="can't be repeated"):
        job.result(PATIENCE)
    assert server.seen == []


def test_resume_follows_a_known_task(bench, asked, server):
    entry = left_open(bench, asked, state="running", task_id="task-9")
    bench.journal.update(entry.job_id, body="{torn", parameters=None, model="renamed-away")
    server.tasks["task-9"] = {"states": ["processing", "completed"], "made": False, "body": {}}
    bench.clock.advance(3 * 24 * 3600)
    (job,) = resume(bench)
    (image,) = job.result(PATIENCE)
    assert (image.prompt, image.model, image.task_id) == ("a cat", "renamed-away", "task-9")
    assert "submit" not in server.seen


def test_resume_skips_other_servers(bench, asked, server):
    entry = left_open(bench, asked)
    bench.journal.update(entry.job_id, base_url="https://elsewhere.example.com/v1")
    assert resume(bench) == ()


def test_resume_skips_jobs_of_other_processes(bench, asked):
    entry = left_open(bench, asked, state="running", task_id="task-9")
    code = (
        "import sys; from pathlib import Path; from qwave_jupyter.jobs.journal.locks import JobLock\n"
        "print(JobLock(Path(sys.argv[1])).acquire(), flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(bench.journal.lock(entry.job_id).path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    holder.stdout.readline()
    assert resumable(bench) == ()
    with pytest.raises(GenerationError, match="another kernel"):
        Job.resume(entry, bench).start().result(PATIENCE)
    holder.kill()
    holder.communicate()
    assert len(resumable(bench)) == 1


def test_resume_gives_a_lost_task_up_in_a_week(bench, asked):
    entry = left_open(bench, asked, state="running", task_id="task-of-another-key")
    for days, state in ((1, "running"), (7, "unknown")):
        bench.clock.advance(days * 86_400)
        (job,) = resume(bench)
        with pytest.raises(Exception, match="no such task"):
            job.result(PATIENCE)
        assert bench.journal.find(entry.job_id)[0].state == state


def test_resume_with_dead_links(bench, asked, server):
    server.images = [410]
    left_open(bench, asked, state="completed", task_id="task-9")
    server.tasks["task-9"] = {"states": ["completed"], "made": True, "body": {}}
    (job,) = resume(bench)
    with pytest.raises(Exception, match="no longer works"):
        job.result(PATIENCE)
    assert resume(bench) == ()


@pytest.mark.parametrize(
    ("missing", "days", "state"),
    [
        (410, 0, "done"),
        (404, 0, "completed"),
        (404, 8, "completed"),
        (500, 0, "completed"),
        (500, 8, "completed"),
        (b"<html>", 8, "completed"),
    ],
)
def test_resume_closes_what_cannot_be_fetched(bench, asked, server, missing, days, state):
    # The server says that its link works for another day, also after a week.
    server.images = [plain(), missing]
    entry = left_open(bench, asked, state="completed", task_id="task-9", n=2)
    server.tasks["task-9"] = {"states": ["completed"], "made": True, "body": {}}
    bench.clock.advance(days * 86_400)
    (job,) = resume(bench)
    assert len(job.result(PATIENCE)) == 1
    assert str(job.snapshot.notices[-1]).startswith("1 of the images")
    (kept,) = bench.journal.find(entry.job_id)
    assert (kept.state, bool(kept.error), len(kept.files)) == (state, True, 1)
    assert len(resumable(bench)) == (state == "completed")


@pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://cdn.example.com/0.png"])
def test_resume_closes_an_unusable_link(bench, asked, server, link):
    server.extra = {"result": {"images": [{"url": link}]}}
    left_open(bench, asked, state="completed", task_id="task-9")
    server.tasks["task-9"] = {"states": ["completed"], "made": True, "body": {}}
    (job,) = resume(bench)
    with pytest.raises(DownloadFailed, match="was not followed"):
        job.result(PATIENCE)
    assert resumable(bench) == ()


def test_resume_keeps_a_job_on_a_full_disk(bench, asked, server, monkeypatch):
    left_open(bench, asked, state="completed", task_id="task-9")
    server.tasks["task-9"] = {"states": ["completed"], "made": True, "body": {}}
    bench.clock.advance(8 * 86_400)
    bench.save_dir.parent.mkdir(exist_ok=True)
    bench.save_dir.write_text("in the way")
    (job,) = resume(bench)
    with pytest.raises(DownloadFailed, match="can't be written"):
        job.result(PATIENCE)
    assert len(resumable(bench)) == 1


@pytest.mark.parametrize(("left", "says"), [(1800, "30 min"), (3 * 3600, "3 h"), (20 * 3600, ""), (-60, "")])
def test_resume_warns_of_expiring_links(bench, asked, server, left, says):
    left_open(bench, asked, state="completed", task_id="task-9")
    server.tasks["task-9"] = {"states": ["completed"], "made": True, "body": {}}
    link = {"url": "https://cdn.example.com/task-9/0.png", "expires_at": bench.clock.now() + left}
    server.extra = {"result": {"images": [link]}}
    (job,) = resume(bench)
    assert len(job.result(PATIENCE)) == 1
    said = [str(one) for one in job.snapshot.notices]
    assert [f"die in {says}," in one for one in said] == ([True] if says else [])


def test_resume_takes_expiry_from_the_page(bench, asked, server):
    hours = asked().model.link_hours
    left_open(bench, asked, state="completed", task_id="task-9")
    server.tasks["task-9"] = {"states": ["completed"], "made": True, "body": {}}
    server.extra = {"result": {"images": [{"url": "https://cdn.example.com/task-9/0.png"}]}}
    bench.clock.advance((hours - 2) * 3600)
    (job,) = resume(bench)
    assert len(job.result(PATIENCE)) == 1
    assert "die in 2 h," in str(job.snapshot.notices[-1])


@pytest.mark.parametrize("folder", ["../../etc", "images", "/tmp/x/../../etc", "/tmp/\x00x", "/tmp/\u202ex", ""])
def test_resume_ignores_a_hostile_folder(bench, asked, folder):
    entry = left_open(bench, asked)
    bench.journal.update(entry.job_id, save_dir=folder)
    (job,) = resume(bench)
    assert job.result(PATIENCE)[0].path.parent == bench.save_dir


def test_resume_saves_where_it_was_meant(bench, asked, server, tmp_path):
    left_open(bench, asked)
    (job,) = resume(replace(bench, save_dir=tmp_path / "other"))
    assert job.result(PATIENCE)[0].path.parent == bench.save_dir


def test_history_lists_existing_files(bench, submit):
    first = submit("a red cat").result(PATIENCE)
    bench.clock.advance(60)
    second = submit("a blue dog").result(PATIENCE)
    assert records.history(bench).paths == second.paths + first.paths
    (found,) = records.history(bench, words="CAT")
    assert found.path == first[0].path
    assert (found.prompt, found.model, found.width, found.cost_usd) == (
        "a red cat",
        "gpt-image-2",
        64,
        first[0].cost_usd,
    )
    assert found.provenance()["task_id"] == "task-1"
    first[0].path.unlink()
    assert records.history(bench).paths == second.paths


def test_history_reads_hostile_rows(bench, asked):
    entry = left_open(bench, asked, state="done")
    rows = json.dumps([{"path": "../../etc/passwd\x00", "index": "x"}, 7, {"path": 3}])
    connection = bench.journal._open()
    connection.execute(
        "UPDATE jobs SET files = ?, parameters = '[1]', links = 'x' WHERE job_id = ?", (rows, entry.job_id)
    )
    assert len(records.history(bench)) == 0


def test_abandoned_imports_nothing_heavy(tmp_path):
    code = (
        "import sys; from pathlib import Path; from qwave_jupyter.jobs.journal.store import Journal\n"
        "Journal(Path(sys.argv[1])).abandoned_jobs()\n"
        "print([name for name in ('requests', 'PIL', 'ipywidgets', 'numpy') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_recalled_request_is_identical(bench, asked):
    made = asked(images=["https://x.y/a.png"], n=2)
    again = records.restore_request(records.new_entry(made, "a", bench), bench)
    assert (again.body, again.prompt, again.model, again.action) == (made.body, made.prompt, made.model, made.action)
    assert again.fingerprint == made.fingerprint == request.fingerprint_of(made.body, {})
