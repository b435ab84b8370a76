"""Where the bytes of reference images can't be kept, the journal still holds hashes and no data URIs."""

from __future__ import annotations

import errno
import json

import pytest

from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.journal import blobs
from tests.image_factory import encoded, noise
from tests.waiting import PATIENCE

PIXELS = [encoded(noise(60 + place, 60), "PNG") for place in range(3)]


@pytest.mark.parametrize("problem", [errno.EACCES, errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_row_holds_hashes(bench, submit, asked, monkeypatch, problem, count):
    def refuse(*_, **__):
        raise OSError(problem, "not here")

    monkeypatch.setattr(blobs, "replace_file", refuse)
    images = PIXELS[:count]
    job = submit(images=images)
    (image,) = job.result(PATIENCE)
    (entry,) = bench.journal.find(job.id)
    assert dict(entry.parameters) == asked(images=images).parameters
    assert "data:" not in json.dumps(dict(entry.parameters))
    assert json.loads(entry.body) == {}
    assert "data:" not in json.dumps(image.parameters)
    (again,) = records.history(bench)
    assert "data:" not in json.dumps(again.parameters)
    assert any(one.code == "references_not_kept" for one in job.snapshot.notices)
