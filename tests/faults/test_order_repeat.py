"""An order is sent again only where an idempotency key makes that safe, or where somebody asks for it."""

from __future__ import annotations

import json

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import catalog
from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.budget import Budget
from qwave_jupyter.errors import ConfigurationError, GenerationError, QwaveError, TooExpensive, UnreadableAnswer
from qwave_jupyter.jobs import idempotency
from qwave_jupyter.jobs.costs import Limits
from qwave_jupyter.jobs.job import resume
from tests.faults.order_server import OrderServer, TunnelProxy
from tests.faults.order_site import MODEL, WITH_KEY, WITHOUT_KEY, order_site
from tests.waiting import PATIENCE

LOST = ["cut", (500, b"{}"), (502, b"<html>"), (503, b""), (504, b""), (200, b"<html>"), (200, b'{"task_id": "ta')]


def failure(job):
    with pytest.raises(QwaveError) as caught:
        job.result(PATIENCE)
    return caught.value


@pytest.fixture
def server():
    with OrderServer(knows_key=False) as made:
        yield made


def named(one):
    return str(one[0] if isinstance(one, tuple) else one)


@pytest.mark.parametrize("lost", LOST, ids=named)
def test_lost_answer_without_key_is_one_post(server, tmp_path, lost):
    server.on_submit = lambda: lost
    with order_site(server, tmp_path) as site:
        error = failure(site.job().start())
        assert len(server.posts) == server.billed == 1
        assert error.fields["outcome_unknown"]
        for part in ("unknown", "$0.0106", "not ordered again", "console", "%qwave resume --repeat"):
            assert part in str(error)
        assert "\n" not in str(error)
        assert site.states == ["submitting"]


@pytest.mark.parametrize("lost", LOST, ids=named)
def test_lost_answer_with_key_is_asked_for_again(tmp_path, lost):
    answers = [lost, lost]
    with OrderServer() as server, order_site(server, tmp_path, WITH_KEY) as site:
        server.on_submit = lambda: answers.pop() if answers else None
        assert len(site.job().start().result(PATIENCE)) == 1
        assert (len(server.posts), server.billed) == (3, 1)
        assert len({one["Idempotency-Key"] for one in server.posts}) == 1


def test_resume_without_key_reports_each_time(server, tmp_path):
    server.on_submit = lambda: "cut"
    with order_site(server, tmp_path) as site:
        first = site.job().start()
        failure(first)
        server.on_submit = lambda: None
        for _ in range(3):
            (job,) = resume(site.bench)
            error = failure(job)
            assert isinstance(error, GenerationError)
            assert "unknown" in str(error)
            assert "--repeat" in str(error)
            assert "$0.0106" in str(error)
            assert job.id == first.id
        assert len(server.posts) == 1
        assert site.states == ["submitting"]


def test_resume_repeat_orders_again_once(server, tmp_path):
    server.on_submit = lambda: "cut"
    with order_site(server, tmp_path) as site:
        failure(site.job().start())
        (job,) = resume(site.bench, repeat=True)
        assert failure(job).fields["outcome_unknown"]
        assert len(server.posts) == 2
        assert site.states == ["submitting"]
        server.on_submit = lambda: None
        (job,) = resume(site.bench, repeat=True)
        assert len(job.result(PATIENCE)) == 1
        assert len(server.posts) == 3
        assert site.states == ["done"]
        assert resume(site.bench, repeat=True) == ()


@pytest.mark.parametrize("limits", [Limits(Budget(0.01)), Limits(Budget(), max_cost=0.01)], ids=["budget", "max_cost"])
def test_resume_repeat_obeys_limits(server, tmp_path, limits):
    server.on_submit = lambda: "cut"
    with order_site(server, tmp_path) as site:
        failure(site.job().start())
        (job,) = resume(site.bench, limits, repeat=True)
        error = failure(job)
        assert isinstance(error, TooExpensive)
        assert error.fields["outcome_unknown"]
        assert "whether the server took it is unknown" in str(error)
        assert "Nothing was sent" not in str(error)
        assert len(server.posts) == 1
        assert site.states == ["submitting"]
        assert limits.budget.spent_usd == 0


def test_429_without_key_is_repeated(server, tmp_path):
    server.answers = [(False, 429, b'{"error": {"message": "slow"}}')] * 2
    with order_site(server, tmp_path) as site:
        assert len(site.job().start().result(PATIENCE)) == 1
        assert (len(server.posts), server.billed) == (3, 1)


def test_unsent_order_without_key_is_retried(tmp_path):
    with OrderServer(knows_key=False, tls=True) as server, TunnelProxy(server) as proxy:
        proxy.early = ["closed", "refused", "cut"]
        with order_site(server, tmp_path, proxy=proxy) as site:
            assert len(site.job().start().result(PATIENCE)) == 1
        assert (len(server.posts), server.billed) == (1, 1)


def test_idle_connection_is_not_used_without_key(server, tmp_path):
    with order_site(server, tmp_path) as site:
        site.job().start().result(PATIENCE)
        site.job("a dog").start().result(PATIENCE)
        ports = [one["port"] for one in server.posts]
        assert len(set(ports)) == 2


def test_shown_june_field_is_remembered(tmp_path):
    with OrderServer(june=True) as server:
        with order_site(server, tmp_path) as site:
            assert not idempotency.is_supported(site.bench)
            site.job().start().result(PATIENCE)
            assert idempotency.is_supported(site.bench)
        # Another process, with the same home.
        with order_site(server, tmp_path) as site:
            assert idempotency.is_supported(site.bench)
            answers = ["cut", "cut"]
            server.on_submit = lambda: answers.pop() if answers else None
            assert len(site.job("a dog").start().result(PATIENCE)) == 1
        assert server.billed == 2
        with OrderServer() as other, order_site(other, tmp_path) as site:
            assert not idempotency.is_supported(site.bench)


def test_replayed_id_is_remembered(tmp_path):
    with OrderServer() as server, order_site(server, tmp_path) as site:
        for _ in range(2):
            assert not idempotency.is_supported(site.bench)
            site.bench.client.submit({"model": MODEL}, idempotency_key="key-1")
        assert idempotency.is_supported(site.bench)


def test_different_ids_for_a_key_prove_nothing(server, tmp_path):
    with order_site(server, tmp_path) as site:
        site.bench.client.submit({"model": MODEL}, idempotency_key="key-1")
        with pytest.raises(UnreadableAnswer):
            site.bench.client.submit({"model": MODEL}, idempotency_key="key-1")
        assert not idempotency.is_supported(site.bench)


def test_home_that_cannot_be_written_remembers_in_the_process(tmp_path):
    (tmp_path / "home").write_text("in the way")
    with OrderServer(june=True) as server, order_site(server, tmp_path) as site:
        idempotency.remember(site.bench)
        assert idempotency.is_supported(site.bench)


def test_batch_does_not_order_an_unknown_row_again(server, tmp_path):
    server.on_submit = lambda: "cut"
    with order_site(server, tmp_path) as site:
        failure(site.job("a cat").start())
        server.on_submit = lambda: None
        rows = [site.request("a cat"), site.request("a dog")]
        first, second = Batch(rows, site.bench).start().results()
        assert "--repeat" in str(first.error)
        assert second.gallery
        assert len(server.posts) == 2


def test_editions_say_whether_they_have_the_key(tmp_path):
    assert not catalog.load(WITHOUT_KEY).supports_idempotency
    assert catalog.load(WITH_KEY).supports_idempotency
    index = {"edition": "own", "host": "https://x.example", "families": {}}
    for given, expected in (({}, False), ({"idempotency_key": True}, True)):
        (tmp_path / "index.json").write_text(json.dumps({**index, **given}))
        assert catalog.load(str(tmp_path)).supports_idempotency is expected
    (tmp_path / "index.json").write_text(json.dumps({**index, "idempotency_key": "2026-06"}))
    with pytest.raises(ConfigurationError, match="idempotency_key"):
        catalog.load(str(tmp_path))


@pytest.fixture
def shell(clean_environment, monkeypatch, server):
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    monkeypatch.setenv("QWAVE_BASE_URL", server.url)
    monkeypatch.setenv("QWAVE_API_KEY", "sk-secret-0123456789")
    made = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    made.run_line_magic("load_ext", "qwave_jupyter")
    yield made
    made.reset()


def test_resume_command_reports_and_repeats(shell, server, capsys):
    server.on_submit = lambda: "cut"
    with pytest.raises(QwaveError):
        qwave.generate("a cat", model=MODEL)
    server.on_submit = lambda: None
    shell.run_line_magic("qwave", "resume")
    assert "--repeat" in capsys.readouterr().out
    assert len(server.posts) == 1
    assert len(shell.run_line_magic("qwave", "resume --repeat")) == 1
    assert len(server.posts) == 2
