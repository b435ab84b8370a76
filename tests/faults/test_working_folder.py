"""A working folder that is deleted costs no image: not before, not while and not after a job."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

PATIENCE = 120
MODEL = "z-image-turbo"

#: Where the folder is deleted: before the import, before the order, while it runs.
SCRIPT = f"""
import json, os, sys, shutil
when, folder = sys.argv[1:]
sys.path.insert(0, os.environ["PYTHONPATH"])
def delete():
    # The job may write a file into it meanwhile.
    while os.path.exists(folder):
        shutil.rmtree(folder, ignore_errors=True)
if when == "import":
    delete()
import qwave_jupyter as qwave
if when == "order":
    delete()
job = qwave.submit("a cat", model={MODEL!r})
if when == "run":
    delete()
gallery = job.result(60)
history = qwave.history()
batch = qwave.batch(["a dog"], model={MODEL!r})
(outcome,) = batch.results()
from qwave_jupyter.views import job_card
text = job_card.format_text(job.snapshot, 0.0) + job_card.render_ended(job.snapshot)
print(json.dumps([
    gallery[0].path.is_file(), len(history), outcome.gallery is not None, gallery.paths[0].name in text,
    str(gallery[0].path.parent),
]))
"""


@pytest.mark.parametrize("saved", ["variable", "beside"])
@pytest.mark.parametrize("when", ["import", "order", "run"])
def test_images_arrive_without_a_working_folder(prompt_server, tmp_path, when, saved):
    folder = tmp_path / "work"
    folder.mkdir()
    environment = prompt_server.environment(tmp_path / "home", PYTHONPATH=str(_root()))
    environment["HOME"] = str(tmp_path / "user")
    if saved == "beside":
        del environment["QWAVE_SAVE_DIR"]
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), when, str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    *facts, kept_in = json.loads(ended.stdout.splitlines()[-1])
    assert facts == [True, 1, True, True]
    assert kept_in.startswith(str(tmp_path))


def _root():
    from tests.notebook.kernels import ROOT

    return ROOT
