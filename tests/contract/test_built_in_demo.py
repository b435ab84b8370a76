"""The demo of one's own process: switched on and off, turned while it serves, following the edition."""

from __future__ import annotations

import threading
import uuid

import pytest
import requests

import qwave_jupyter as qwave
from qwave_jupyter.errors import ConfigurationError, TaskFailed
from qwave_jupyter.session import default
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("small_images", "short_waits")

BODY = {"model": "gpt-image-2", "prompt": "a cat", "aspect_ratio": "1:1", "resolution": "1k"}


@pytest.fixture(autouse=True)
def own_process(clean_environment):
    yield clean_environment
    default().use_demo(on=False)
    default().configure(demo=None, edition=None)


def ordered():
    return default().context().client.submit(BODY, idempotency_key=str(uuid.uuid4()))


def answers(url):
    try:
        requests.get(url, timeout=2)
    except requests.ConnectionError:
        return False
    return True


def test_demo_takes_all_switches():
    default().use_demo(on=True, latency=0.2, dialect="percent", fail="upstream_unavailable:1", seed=5)
    switches = default().demo_server().app.options
    assert (switches.latency, switches.dialect, switches.seed) == (0.2, "percent", 5)
    assert len(default().demo_server().app.faults.pending()) == 1


def test_demo_is_changed_while_it_serves():
    url = default().use_demo(latency=60)
    task = ordered()
    assert default().use_demo(rate_limit=50, fail="task_failed:1") == url
    switches = default().demo_server().app.options
    assert (switches.latency, switches.rate_limit) == (60, 50)
    assert default().context().client.task(task.task_id).state == "queued"
    assert default().use_demo() == url


def test_demo_failure_costs_nothing():
    qwave.use_demo(latency=0, fail="upstream_unavailable:1")
    with pytest.raises(TaskFailed, match="told to fail"):
        qwave.generate("a cat", resolution="1k")
    assert default().context().client.balance().available_usd == 100
    assert len(qwave.generate("a cat", resolution="1k")) == 1


@pytest.mark.parametrize("wrong", [{"latency": -1}, {"speed": 3}, {"fail": "nonsense"}, {"dialect": "klingon"}])
@pytest.mark.parametrize("serving", [True, False])
def test_demo_refuses_a_wrong_switch(wrong, serving):
    url = default().use_demo(latency=9) if serving else None
    with pytest.raises(ConfigurationError):
        default().use_demo(slow=True, **wrong)
    assert default().overrides.get("demo") == (True if serving else None)
    after = default().use_demo()
    switches = default().demo_server().app.options
    assert (switches.latency, switches.slow) == (9 if serving else 3, False)
    assert not serving or after == url


def test_demo_with_another_key_restarts():
    first = default().use_demo(latency=9)
    assert default().use_demo(key="a-key-of-ones-own") != first
    assert default().demo_server().key == "a-key-of-ones-own"
    assert default().demo_server().app.options.latency == 9


def test_demo_follows_the_edition():
    url = default().use_demo(latency=60)
    task = ordered()
    client = default().context().client
    default().configure(edition="2026-09")
    assert default().demo_server().url == url
    assert default().demo_server().app.catalog.edition == "2026-09"
    assert default().demo_server().app.options.latency == 60
    assert client.task(task.task_id).state == "queued"


def test_demo_forgets_its_switches_when_off():
    default().use_demo(latency=60, fail="task_failed")
    default().use_demo(on=False)
    default().use_demo()
    assert default().demo_server().describe() == []


@pytest.mark.parametrize("dialect", ["code-data", "job", "images"])
def test_demo_dialects_without_status(dialect):
    default().use_demo(latency=0, dialect=dialect)
    (image,) = qwave.generate("a cat", resolution="1k")
    assert image.path.read_bytes().startswith(b"\x89PNG")


def test_demo_serves_running_jobs_when_off(clean_environment):
    default().use_demo(latency=1)
    job = qwave.submit("a cat", model="z-image-turbo")
    default().use_demo(on=False)
    assert len(job.result(60)) == 1
    wait_until(lambda: not answers(job.snapshot.gallery[0].url))


def test_demo_switched_on_again_is_not_stopped(clean_environment):
    url = default().use_demo(latency=1)
    job = qwave.submit("a cat", model="z-image-turbo")
    default().use_demo(on=False)
    default().use_demo()
    job.result(60)
    wait_until(lambda: not any(thread.name == "qwave-stop-demo" for thread in threading.enumerate()))
    assert default().demo_server().url == url
    assert answers(url)
