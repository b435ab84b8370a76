"""What this machine lacks is named at once, with the remedy, and nothing is tried again."""

from __future__ import annotations

import uuid

import pytest
import requests

import qwave_jupyter as qwave
from qwave_jupyter.client.client import Client
from qwave_jupyter.client.transport import find_setup_fault
from qwave_jupyter.errors import ConnectionFailed, DownloadFailed
from tests.fake_clock import FakeClock

URL = "https://api.made-up.example"


@pytest.fixture
def environment(monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


@pytest.fixture
def remote(clean_environment, environment):
    clock = FakeClock()
    made = Client(URL, "sk-very-secret-0123456789", clock=clock)
    yield made, clock
    made.close()


CA_BUNDLES = [
    ("REQUESTS_CA_BUNDLE", "/nope/ca.pem"),
    ("CURL_CA_BUNDLE", "/nope/other.pem"),
    ("REQUESTS_CA_BUNDLE", "no such file.pem"),
]
PROXIES = ["ALL_PROXY", "all_proxy", "HTTPS_PROXY"]


@pytest.mark.parametrize(("variable", "path"), CA_BUNDLES)
def test_missing_ca_bundle_is_named_at_once(remote, environment, variable, path):
    client, clock = remote
    environment.setenv(variable, path)
    began = clock.monotonic()
    with pytest.raises(ConnectionFailed) as failed:
        client.submit({"model": "z-image-turbo", "prompt": "a fox"}, idempotency_key=str(uuid.uuid4()))
    assert f"{variable} names {path}" in str(failed.value)
    assert (failed.value.fields["final"], failed.value.fields["outcome_unknown"]) == (True, False)
    assert clock.monotonic() == began


@pytest.mark.parametrize("variable", PROXIES)
def test_missing_socks_support_is_named_at_once(remote, environment, variable):
    client, clock = remote
    environment.setenv(variable, "socks5://127.0.0.1:9")
    began = clock.monotonic()
    with pytest.raises(ConnectionFailed, match=f"{variable} names a SOCKS proxy.*pip install 'requests\\[socks\\]'"):
        client.models()
    assert clock.monotonic() == began


def test_setup_fault_of_a_job_says_that_nothing_was_charged(clean_environment, environment, tmp_path):
    environment.setenv("REQUESTS_CA_BUNDLE", "/nope/ca.pem")
    session = qwave.Session(key="sk-very-secret-0123456789", base_url=URL, home=tmp_path, save_dir=tmp_path)
    job = session.start(session.build("a fox", model="z-image-turbo"))
    with pytest.raises(ConnectionFailed, match=r"/nope/ca\.pem"):
        job.result(20)
    assert job.snapshot.error.fields["charge"].is_charged is False


def test_download_names_a_missing_ca_bundle(remote, environment, tmp_path):
    client, _ = remote
    environment.setenv("REQUESTS_CA_BUNDLE", "/nope/ca.pem")
    with pytest.raises(DownloadFailed, match=r"/nope/ca\.pem") as failed:
        client.download("https://images.made-up.example/a.png", tmp_path / "a.part")
    assert failed.value.fields["repeat"] is False


@pytest.mark.parametrize(
    "problem",
    [OSError("disk full"), requests.exceptions.InvalidSchema("no adapter"), requests.ConnectionError("certificate")],
)
def test_other_problems_are_no_setup_fault(environment, problem):
    environment.setenv("REQUESTS_CA_BUNDLE", "/nope/ca.pem")
    assert find_setup_fault(problem) is None
