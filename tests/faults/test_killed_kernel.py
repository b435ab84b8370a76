"""A kernel that is killed while its picture is being made loses nothing and pays once."""

from __future__ import annotations

import pytest

from tests.conftest import serve
from tests.notebook.kernels import VERSIONS, Kernel, journal_rows, submitted

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def steady_server():
    """Pictures in about five seconds: long enough to pull the plug."""
    yield from serve("--latency", "5")


def test_resume_brings_the_picture_of_a_killed_kernel_back(steady_server, tmp_path):
    before = steady_server.get("/v1/dashboard/billing/balance")["total_used_usd"]
    first = Kernel(VERSIONS[-1], steady_server.environment(tmp_path), tmp_path)
    first.run("%load_ext qwave_jupyter")
    first.queue("%%qwave\na lighthouse")
    first.until(lambda: submitted(tmp_path))
    first.close()
    (row,) = journal_rows(tmp_path)
    assert row["state"] != "done"

    second = Kernel(VERSIONS[-1], steady_server.environment(tmp_path), tmp_path)
    try:
        second.run("%load_ext qwave_jupyter")
        take_up = "gallery = get_ipython().run_line_magic('qwave', 'resume'); print(gallery[0].path.exists())"
        cell, again = second.queue(take_up, "%qwave resume")
        second.wait(cell, 40)
        assert "True" in second.text(cell)
        second.wait(again, 20)
        assert "Nothing is open" in second.text(again)
    finally:
        second.close()
    (row,) = journal_rows(tmp_path)
    assert row["state"] == "done"
    assert not list((tmp_path / "pictures").glob("*.part"))
    after = steady_server.get("/v1/dashboard/billing/balance")["total_used_usd"]
    assert after - before == pytest.approx(0.006376, abs=1e-5)
