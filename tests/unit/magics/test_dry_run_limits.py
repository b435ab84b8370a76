"""A dry run says what the limits would refuse, and neither reserves nor sends anything."""

from __future__ import annotations

import pytest

from qwave_jupyter.errors import OptionMistake, TooExpensive
from qwave_jupyter.magics.cell_magic import CellMagic
from qwave_jupyter.session import default
from tests.fake_session import replace_default
from tests.recording_console import RecordingConsole

PRICE = 0.006375


@pytest.fixture
def cell(clean_environment, bench, monkeypatch):
    replace_default(monkeypatch, bench)

    def run(line):
        console = RecordingConsole()
        CellMagic(console).run_blocking(line, "a cat")
        return "\n".join(one["text/plain"] for one in console.shown)

    yield run
    default().configure(budget=None, max_cost=None, reuse=None)


LIMITED = [
    ("--max-cost 0.0001", {}),
    ("", {"max_cost": PRICE / 2}),
    ("", {"budget": PRICE / 2}),
    ("--sweep seed=1..3 --max-cost 0.01", {}),
    ("--sweep seed=1..3", {"budget": 2 * PRICE}),
]


@pytest.mark.parametrize(("options", "settings"), LIMITED)
def test_dry_run_says_what_a_limit_refuses(cell, server, options, settings):
    default().configure(**settings)
    shown = cell(f"-m gpt-image-2 {options} --dry-run")
    with pytest.raises(TooExpensive) as refused:
        cell(f"-m gpt-image-2 {options}")
    assert f"Without --dry-run it would be refused: {refused.value}" in shown
    assert default().spent_usd == 0.0
    assert not server.tasks


@pytest.mark.parametrize("sweep", ["", "--sweep seed=1..2"])
@pytest.mark.parametrize("folder", ["{home}", "s3://b/x", "cat.png", "a-file", "a-file/x", "~nobody-here/x"])
def test_dry_run_says_that_a_folder_is_refused(cell, server, clean_environment, monkeypatch, folder, sweep):
    monkeypatch.chdir(clean_environment)
    (clean_environment / "a-file").touch()
    shown = cell(f"-m gpt-image-2 {sweep} --save {folder} --dry-run")
    with pytest.raises(OptionMistake) as refused:
        cell(f"-m gpt-image-2 {sweep} --save {folder}")
    assert f"Without --dry-run it would be refused: {refused.value}" in shown
    assert not server.tasks


@pytest.mark.parametrize("folder", ["new", "new/a/b", "."])
def test_dry_run_makes_no_folder(cell, clean_environment, monkeypatch, folder):
    monkeypatch.chdir(clean_environment)
    assert "refused" not in cell(f"-m gpt-image-2 --save {folder} --dry-run")
    assert not (clean_environment / "new").exists()


@pytest.mark.parametrize("options", ["--max-cost 0.01", "--sweep seed=1..3 --max-cost 0.03", ""])
def test_dry_run_within_its_limits_says_nothing_of_them(cell, options):
    default().configure(budget=4 * PRICE)
    assert "refused" not in cell(f"-m gpt-image-2 {options} --dry-run")


@pytest.mark.parametrize(("options", "settings"), LIMITED)
def test_dry_run_with_reuse_says_what_a_limit_refuses(cell, server, options, settings):
    default().configure(**settings)
    shown = cell(f"-m gpt-image-2 {options} --reuse --dry-run")
    with pytest.raises(TooExpensive) as refused:
        cell(f"-m gpt-image-2 {options} --reuse")
    assert f"Without --dry-run it would be refused: {refused.value}" in shown
    default().configure(reuse=True)
    assert f"Without --dry-run it would be refused: {refused.value}" in cell(f"-m gpt-image-2 {options} --dry-run")
    assert not server.tasks


@pytest.mark.parametrize(("options", "settings"), LIMITED)
def test_dry_run_of_a_finished_request_says_nothing_of_limits(cell, server, options, settings):
    cell(f"-m gpt-image-2 {options.partition('--max-cost')[0]}")
    made = len(server.tasks)
    default().configure(**settings)
    assert "refused" not in cell(f"-m gpt-image-2 {options} --reuse --dry-run")
    cell(f"-m gpt-image-2 {options} --reuse")
    assert len(server.tasks) == made > 0


@pytest.mark.parametrize(
    ("finished", "max_cost", "is_refused"), [("1", 0.005, True), ("1..2", 0.0065, False), ("1..3", 0.001, False)]
)
def test_dry_run_of_a_sweep_counts_what_is_not_finished(cell, finished, max_cost, is_refused):
    cell(f"-m gpt-image-2 --sweep seed={finished}")
    shown = cell(f"-m gpt-image-2 --sweep seed=1..3 --max-cost {max_cost} --reuse --dry-run")
    assert ("refused" in shown) is is_refused
