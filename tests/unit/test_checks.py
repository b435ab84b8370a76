from __future__ import annotations

import pytest

from tests.checks import collect_failures


def run_checks(done):
    with collect_failures() as check:
        for value in range(4):
            with check("model-1", value):
                done.append(value)
                assert value % 2, "even"
        with check("raises"), pytest.raises(ValueError, match="x"):
            pass


def test_collect_failures_reports_each():
    done = []
    with pytest.raises(pytest.fail.Exception) as failed:
        run_checks(done)
    assert done == [0, 1, 2, 3]
    for part in ("3 checks failed", "model-1 0: AssertionError: even", "model-1 2", "raises: Failed: DID NOT RAISE"):
        assert part in str(failed.value)
    assert "model-1 1" not in str(failed.value)


def test_collect_failures_is_silent_without_any():
    with collect_failures() as check, check("one"):
        assert check
