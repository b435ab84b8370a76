from __future__ import annotations

import os
from dataclasses import replace

import pytest

from qwave_jupyter.errors import TaskFailed
from qwave_jupyter.images.gallery import write_report
from qwave_jupyter.jobs import costs, records
from qwave_jupyter.jobs.journal.store import Entry

DAY = 86_400.0
REAL, LOCAL = "https://api.example.com/v1", "http://127.0.0.1:40001"


@pytest.fixture
def noted(bench):
    def note(job_id, **known):
        known.setdefault("created", bench.clock.now())
        bench.journal.begin(
            Entry(**{"job_id": job_id, "base_url": REAL, "model": "gpt-image-2", "state": "done", **known})
        )

    return note


def test_costs_keep_amounts_apart(bench, noted):
    noted("a", estimate_usd=0.5, held_quota=300_000, cost_quota=250_000)
    noted("b", estimate_usd=0.25, held_quota=100_000, state="running")
    noted("c", estimate_usd=0.25, held_quota=100_000, refunded_quota=100_000, cost_quota=0, state="cancelled")
    today = costs.cost_table(bench).to_records()[0]
    assert (today["jobs"], today["expected_usd"]) == (3, 1.0)
    assert (today["held_usd"], today["charged_usd"], today["refunded_usd"]) == (0.2, 0.5, 0.2)


def test_costs_group_by_day_notebook_and_model(bench, noted):
    bench = replace(bench, notebook="/home/ann/lesson.ipynb")
    noted("a", cost_quota=500_000, notebook="/home/ann/lesson.ipynb")
    noted("b", cost_quota=1_000_000, created=bench.clock.now() - 3 * DAY, notebook="/home/ann/lesson.ipynb")
    noted("c", cost_quota=250_000, model="z-image-turbo", notebook="/home/ann/other.ipynb")
    found = {(row["section"], row["group"]): row["charged_usd"] for row in costs.cost_table(bench).to_records()}
    assert found == {
        ("Today", ""): 1.5,
        ("This notebook", ""): 3.0,
        ("By model", "gpt-image-2"): 3.0,
        ("By model", "z-image-turbo"): 0.5,
    }


def test_costs_leave_the_demo_out(bench, noted):
    noted("a", cost_quota=400_000, base_url=LOCAL)
    noted("built in", cost_quota=100_000, base_url="demo")
    noted("b", cost_quota=250_000)
    table = costs.cost_table(bench)
    assert table.sections[0].rows[0].settled_quota == 250_000
    assert table.demo.rows[0].settled_quota == 500_000
    assert "nothing was paid" in repr(table)


def test_costs_table_has_text_and_html(bench, noted):
    noted("a", cost_quota=500_000, model="<script>")
    page, text = costs.cost_table(bench)._repr_html_(), repr(costs.cost_table(bench))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "$1.00" in page
    assert "$1.00" in text
    assert len({len(line.split("  ")) for line in text.splitlines()[:1]}) == 1


def test_costs_of_an_empty_journal(bench):
    assert "–" in repr(costs.cost_table(bench))


def test_costs_contain_a_finished_job(bench, submit, server):
    submit("a cat").result()
    server.states = ["queued", "failed"]
    with pytest.raises(TaskFailed):
        submit("a dog").result()
    today = costs.cost_table(bench).to_records()[0]
    assert today["jobs"] == 2
    assert today["charged_usd"] == pytest.approx(server.cost / 500_000)
    assert today["held_usd"] == 0


def test_report_is_one_html_page(bench, submit, tmp_path):
    submit("a <b>cat</b>").result()
    submit("a dog").result()
    made = records.notebook_gallery(bench)
    assert [image.prompt for image in made] == ["a <b>cat</b>", "a dog"]
    page = write_report(tmp_path / "mine", made, by="Ann <script>").read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == 2
    assert "a &lt;b&gt;cat&lt;/b&gt;" in page
    assert "By Ann &lt;script&gt;." in page
    assert "2 images from 2 jobs" in page
    assert not any(outside in page for outside in ("http://", "https://", "<script", "<link"))


def test_report_covers_notebook_or_process(bench, submit):
    def prompts(bench):
        return [image.prompt for image in records.notebook_gallery(bench)]

    other = submit("a dog")
    other.result()
    submit("a cat").result()
    assert prompts(bench) == ["a dog", "a cat"]
    bench.journal.update(other.id, notebook="/home/ann/other.ipynb")
    assert prompts(bench) == ["a cat"]
    bench.journal.update(other.id, notebook=None, pid=os.getpid() + 1)
    assert prompts(bench) == ["a cat"]
    named = replace(bench, notebook="/home/ann/lesson.ipynb")
    assert prompts(named) == []
    bench.journal.update(other.id, notebook="/home/ann/lesson.ipynb")
    assert prompts(named) == ["a dog"]
