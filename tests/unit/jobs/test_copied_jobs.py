"""A job and a batch are refused in words where they are copied or pickled; the images they made can be."""

from __future__ import annotations

import copy
import pickle
from multiprocessing.reduction import ForkingPickler

import pytest

from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.errors import UserMistake
from qwave_jupyter.jobs.job import Job
from tests.waiting import PATIENCE


def reload(given):
    return pickle.loads(pickle.dumps(given))


COPIES = pytest.mark.parametrize(
    "make_copy",
    [reload, copy.copy, copy.deepcopy, ForkingPickler.dumps, lambda given: reload([given])],
    ids=["pickle", "copy", "deepcopy", "multiprocessing", "nested"],
)


@COPIES
def test_job_copy_is_refused(bench, asked, make_copy):
    for job in (Job(asked("a cat"), bench), Job(asked("a cat"), bench).start()):
        with pytest.raises(UserMistake, match=r"^a job can't be copied or pickled.*job\.result\(\)") as problem:
            make_copy(job)
        assert "\n" not in str(problem.value)
    assert len(job.result(PATIENCE)) == 1


@COPIES
def test_batch_copy_is_refused(bench, asked, make_copy):
    batch = Batch([lambda: asked("a cat"), lambda: asked("a dog")], bench, total=2)
    with pytest.raises(UserMistake, match=r"^a batch can't be copied or pickled.*galleries of its outcomes"):
        make_copy(batch)


@pytest.mark.parametrize("make_copy", [reload, copy.copy, copy.deepcopy])
def test_gallery_copy_goes_on(bench, asked, make_copy, tmp_path):
    gallery = Job(asked("a cat"), bench).start().result(PATIENCE)
    twin = make_copy(gallery)
    assert twin[0].path == gallery[0].path
    assert twin[0].cell() == gallery[0].cell()
    assert twin[0].pil.tobytes() == gallery[0].pil.tobytes()
    assert [one.path.parent for one in twin.save(tmp_path / "copies")] == [tmp_path / "copies"]
