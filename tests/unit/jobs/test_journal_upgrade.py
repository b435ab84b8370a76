"""A journal that release 0.1.0 wrote, opened by this one: history, open jobs, costs and stars."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from qwave_jupyter.errors import GenerationError
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.job import resume
from qwave_jupyter.jobs.journal import schema
from tests.image_factory import plain
from tests.waiting import PATIENCE

FIXTURE = Path(__file__).with_name("journal-0.1.0.sql")
#: Shortly after the kernel was killed.
LATER = 1_795_983_000.0
CAT, LIGHTHOUSE = "2ebf1c57-2390-42d7-bb17-8d0831634c47", "45efd20f-a010-4810-afd9-7d5b101eba94"
OWL, HARBOUR, BRIDGE = (
    "2fe44c4c-4dea-47c4-8b1e-6038ac88eded",
    "ecc282a4-25bb-42f4-85ec-fe44c1c8497c",
    "29bfe63e-72d9-4905-bfb2-e8c0cd723008",
)


def write_journal(home, images):
    """The journal file of 0.1.0, and the images that it lists."""
    home.mkdir(parents=True, exist_ok=True)
    images.mkdir(parents=True, exist_ok=True)
    text = FIXTURE.read_text(encoding="utf-8").replace("{folder}", images.as_posix())
    with contextlib.closing(sqlite3.connect(home / "journal.sqlite3")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(text)
        for (files,) in connection.execute("SELECT files FROM jobs WHERE state = 'done'").fetchall():
            for file in json.loads(files):
                Path(file["path"]).write_bytes(plain(file["width"], file["height"]))


@pytest.fixture
def upgraded(bench, clock):
    """A context above the journal of 0.1.0, as its user has it after the upgrade."""
    clock.advance(LATER - clock.now())
    write_journal(bench.home, bench.save_dir)
    return bench


def test_upgrade_brings_the_tables(upgraded):
    assert len(upgraded.journal.history()) == 2
    with contextlib.closing(sqlite3.connect(upgraded.journal.path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (8,)
        assert connection.execute("SELECT count(*) FROM stars").fetchone() == (0,)
    assert not list(upgraded.home.glob("journal-damaged-*"))


def test_upgrade_keeps_the_history(upgraded):
    images = list(records.history(upgraded))
    assert [(one.job_id, one.index, one.prompt, one.model) for one in images] == [
        (LIGHTHOUSE, 1, "a lighthouse in the fog", "z-image-turbo"),
        (CAT, 1, "a cat", "gpt-image-2"),
        (CAT, 2, "a cat", "gpt-image-2"),
    ]
    assert [one.path.is_file() for one in images] == [True, True, True]
    assert [one.cost_usd for one in images] == pytest.approx([0.010624, 0.006375, 0.006375])
    assert [one.path for one in records.history(upgraded, words="lighthouse")] == [images[0].path]


def test_upgrade_keeps_the_costs(upgraded):
    # Two done (6375 + 5312) and one whose images are still to be fetched (5312); one is held.
    groups = {one.group: one for one in upgraded.journal.costs("model")}
    counted = {name: (one.jobs, one.settled_quota, one.held_quota, one.refunded_quota) for name, one in groups.items()}
    assert counted == {"gpt-image-2": (4, 6375, 3188, 3188), "z-image-turbo": (3, 10624, 0, 0)}
    assert groups["gpt-image-2"].estimated_usd == pytest.approx(0.01275 + 3 * 0.006375)
    assert groups["z-image-turbo"].estimated_usd == pytest.approx(3 * 0.010625)


def test_upgrade_takes_stars(upgraded):
    assert upgraded.journal.list_stars() == frozenset()
    for job, image in ((CAT, 2), (LIGHTHOUSE, 1)):
        assert upgraded.journal.star(job, image, on=True)
    assert upgraded.journal.list_stars([CAT]) == {(CAT, 2)}
    assert [one.job_id for one in upgraded.journal.history(starred=True)] == [LIGHTHOUSE, CAT]


def test_upgrade_finds_the_open_jobs(upgraded):
    found = upgraded.journal.abandoned_jobs(base_url=upgraded.server)
    assert [(one.job_id, str(one.state), one.task_id) for one in found] == [
        (OWL, "completed", "task-5"),
        (HARBOUR, "running", "task-6"),
        (BRIDGE, "submitting", None),
    ]
    assert schema.count_open(upgraded.home, base_url=upgraded.server) == 3


def test_upgrade_resumes_the_open_jobs(upgraded, server):
    server.tasks["task-5"] = {"states": ["completed"], "made": True, "body": {}}
    server.tasks["task-6"] = {"states": ["processing", "completed"], "made": False, "body": {}}
    jobs = {job.id: job for job in resume(upgraded)}
    assert set(jobs) == {OWL, HARBOUR, BRIDGE}
    galleries = {name: job.result(PATIENCE) for name, job in jobs.items()}
    assert {name: gallery[0].prompt for name, gallery in galleries.items()} == {
        OWL: "an owl on a branch",
        HARBOUR: "a harbour at dawn",
        BRIDGE: "a bridge in snow",
    }
    # Only what was never answered is sent again, with its key and to the byte.
    assert list(server.by_key) == [BRIDGE]
    assert server.bodies == [{"model": "z-image-turbo", "prompt": "a bridge in snow", "seed": 3}]
    assert all(gallery[0].path.is_file() for gallery in galleries.values())
    assert resume(upgraded) == ()
    assert len(records.history(upgraded)) == 6


@pytest.mark.parametrize(
    ("prompt", "model", "options", "job"),
    [
        ("a cat", "gpt-image-2", {"aspect_ratio": "1:1", "resolution": "1k", "n": 2}, CAT),
        ("a lighthouse in the fog", "z-image-turbo", {"aspect_ratio": "16:9"}, LIGHTHOUSE),
    ],
)
def test_upgrade_reuses_earlier_results(upgraded, submit, server, prompt, model, options, job):
    gallery = submit(prompt, model=model, reuse=True, **options).result(PATIENCE)
    assert {one.job_id for one in gallery} == {job}
    assert server.seen == []


def test_upgrade_repeats_no_unproved_order(upgraded, server):
    # 0.1.0 noted nowhere whether its server supports idempotency keys; nothing is sent that might be paid twice.
    shutil.rmtree(upgraded.home / "servers-with-keys")
    upgraded.client.supports_idempotency = False
    for job in (OWL, HARBOUR):
        upgraded.journal.update(job, state="failed")
    (job,) = resume(upgraded)
    with pytest.raises(GenerationError, match="resume --repeat"):
        job.result(PATIENCE)
    assert server.seen == []
    assert [one.job_id for one in upgraded.journal.open_jobs()] == [BRIDGE]


def test_earlier_release_writes_after_the_upgrade(upgraded):
    # Two releases may share a journal: a row as 0.1.0 writes it still fits.
    before = FIXTURE.read_text(encoding="utf-8")
    assert upgraded.journal.history()
    upgraded.journal.close()
    with contextlib.closing(sqlite3.connect(upgraded.journal.path)) as connection:
        row = next(line for line in before.splitlines() if CAT in line).replace(CAT, "written-later")
        connection.executescript(row)
        connection.commit()
    assert [one.job_id for one in upgraded.journal.find("written-later")] == ["written-later"]
