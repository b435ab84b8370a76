"""A kernel that is killed while its image is being made loses nothing and pays once."""

from __future__ import annotations

import pytest

from tests.notebook.conftest import Demo
from tests.notebook.kernels import NEWEST, Kernel, journal_rows

pytestmark = pytest.mark.kernel


def test_resume_after_a_killed_kernel(tmp_path):
    demo = Demo()
    demo.hold()
    environment = demo.server.environment(tmp_path)
    before = demo.server.get("/v1/dashboard/billing/balance")["total_used_usd"]
    try:
        first = Kernel(NEWEST, environment, tmp_path)
        try:
            (cell,) = first.queue("%%qwave\na lighthouse")
            first.until(lambda: first.shows_task(cell))
        finally:
            first.close()
        (row,) = journal_rows(tmp_path)
        assert row["state"] != "done"
        demo.finish()

        second = Kernel(NEWEST, environment, tmp_path)
        try:
            take_up = "gallery = get_ipython().run_line_magic('qwave', 'resume'); print(gallery[0].path.exists())"
            cell, again = second.queue(take_up, "%qwave resume")
            second.wait(again)
            assert "True" in second.text(cell)
            assert "Nothing is open" in second.text(again)
        finally:
            second.close()
        after = demo.server.get("/v1/dashboard/billing/balance")["total_used_usd"]
    finally:
        demo.stop()
    (row,) = journal_rows(tmp_path)
    assert row["state"] == "done"
    assert not list((tmp_path / "images").glob("*.part"))
    assert after - before == pytest.approx(0.006376, abs=1e-5)
