"""What this machine lacks is named at once, with the remedy, and nothing is tried again."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import uuid

import pytest
import requests

import qwave_jupyter as qwave
from qwave_jupyter.client.client import Client
from qwave_jupyter.client.transport import find_setup_fault
from qwave_jupyter.errors import ConnectionFailed, DownloadFailed
from tests.fake_clock import FakeClock
from tests.waiting import PATIENCE

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


@pytest.fixture
def listening():
    """The address of a TLS server, as far as a client that doesn't get to shake hands can tell."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield f"https://localhost:{server.getsockname()[1]}"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\0\xff" * 200,
        b"-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n",
        b"<html></html>",
    ],
)
def test_ca_bundle_without_certificates_is_named_at_once(
    clean_environment, environment, listening, tmp_path, variable, content
):
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    environment.setenv(variable, str(path))
    clock = FakeClock()
    client = Client(listening, "sk-very-secret-0123456789", clock=clock)
    began = clock.monotonic()
    with pytest.raises(ConnectionFailed, match=f"{variable} names .*ca.pem, which holds no certificates") as failed:
        client.submit({"model": "z-image-turbo", "prompt": "a fox"}, idempotency_key=str(uuid.uuid4()))
    assert (failed.value.fields["final"], failed.value.fields["outcome_unknown"]) == (True, False)
    assert clock.monotonic() == began
    client.close()


@pytest.fixture(params=[b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0-x\r\n", b"220 mail\r\n"])
def plain_speaker(request):
    """The address with https of a server that knows no TLS."""

    def answer():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.sendall(request.param)
                    connection.recv(4096)

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"https://localhost:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE)


def test_server_without_tls_is_named_at_once(clean_environment, environment, plain_speaker):
    client = Client(plain_speaker, "sk-very-secret-0123456789", clock=FakeClock())
    with pytest.raises(ConnectionFailed, match="no encryption is spoken at this port") as failed:
        client.submit({"model": "z-image-turbo", "prompt": "a fox"}, idempotency_key=str(uuid.uuid4()))
    assert failed.value.fields["outcome_unknown"] is False
    client.close()


@pytest.mark.parametrize("variable", PROXIES)
@pytest.mark.parametrize(
    "value",
    [
        *("ftp://127.0.0.1:3128", "http://127.0.0.1:999999", "127.0.0.1:999999", "http://", "://", "http:/127.0.0.1:9"),
        *("http://[", "http://a b:80", "http://a..b:80", "http://u:pw@:80", "http://x:abc", "localhost:3128"),
    ],
)
def test_proxy_that_is_none_is_named_at_once(remote, environment, variable, value):
    client, clock = remote
    environment.setenv(variable, value)
    began = clock.monotonic()
    with pytest.raises(ConnectionFailed, match=f"^{variable} names no proxy that can be used.*http://proxy") as failed:
        client.submit({"model": "z-image-turbo", "prompt": "a fox"}, idempotency_key=str(uuid.uuid4()))
    assert (failed.value.fields["final"], failed.value.fields["outcome_unknown"]) == (True, False)
    assert "pw" not in str(failed.value)
    assert clock.monotonic() == began


def test_only_the_unusable_proxy_is_named(remote, environment):
    client, _ = remote
    environment.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    environment.setenv("HTTPS_PROXY", "ftp://127.0.0.1:9")
    with pytest.raises(ConnectionFailed, match=r"^HTTPS_PROXY names no proxy"):
        client.models()


@pytest.fixture
def names(monkeypatch):
    """What a resolver says of every name."""
    said = {"number": socket.EAI_NONAME}

    def refuse(*_, **__):
        raise socket.gaierror(said["number"], "refused")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return said


@pytest.mark.parametrize("value", ["garbage", "http://proxi.example:3128", "https://proxi.example"])
def test_proxy_with_an_unknown_name_is_named_at_once(remote, environment, names, value):
    client, clock = remote
    environment.setenv("HTTPS_PROXY", value)
    began = clock.monotonic()
    with pytest.raises(
        ConnectionFailed, match=r"the proxy that HTTPS_PROXY names can't be reached \(gaierror\)"
    ) as failed:
        client.submit({"model": "z-image-turbo", "prompt": "a fox"}, idempotency_key=str(uuid.uuid4()))
    assert (failed.value.fields["final"], failed.value.fields["outcome_unknown"]) == (True, False)
    assert clock.monotonic() == began


def test_proxy_that_may_be_back_soon_is_tried_again(remote, environment, names):
    client, clock = remote
    environment.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    names["number"] = socket.EAI_AGAIN
    for _ in range(2):
        began = clock.monotonic()
        with pytest.raises(ConnectionFailed, match="the proxy that HTTPS_PROXY names can't be reached") as failed:
            client.models()
        assert failed.value.fields["final"] is False
        assert clock.monotonic() > began
        # A network that is away for a while knows no names either; what was paid for is still waited for.
        names["number"] = socket.EAI_NONAME
        client._transport.answered.set()


def test_download_behind_a_proxy_that_is_away_is_repeated(remote, environment, names, tmp_path):
    client, _ = remote
    for value, repeat in (("http://proxy.example:3128", True), ("ftp://proxy.example", False)):
        environment.setenv("HTTPS_PROXY", value)
        with pytest.raises(DownloadFailed, match="HTTPS_PROXY names") as failed:
            client.download("https://images.made-up.example/a.png", tmp_path / "a.part")
        assert failed.value.fields["repeat"] is repeat


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
    [
        OSError("disk full"),
        requests.exceptions.InvalidSchema("no adapter"),
        requests.ConnectionError("certificate"),
        requests.exceptions.SSLError(ssl.SSLCertVerificationError(1, "self-signed")),
        requests.exceptions.ProxyError("cut"),
    ],
)
def test_other_problems_are_no_setup_fault(environment, problem):
    environment.setenv("REQUESTS_CA_BUNDLE", "/nope/ca.pem")
    environment.setenv("HTTP_PROXY", "ftp://127.0.0.1:9")
    assert find_setup_fault(problem) is None
