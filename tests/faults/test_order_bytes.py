"""Whether an order may have reached a server is decided by the bytes that were written, not by an exception's name."""

from __future__ import annotations

import socket
import threading

import pytest
import requests

from qwave_jupyter.client.client import Client
from qwave_jupyter.client.retry import Stopped
from qwave_jupyter.errors import ConnectionFailed
from tests.fake_clock import FakeClock
from tests.faults.order_server import OrderServer, TunnelProxy, certificate, reset
from tests.ports import on_own_port
from tests.waiting import PATIENCE

BODY = {"model": "m", "prompt": "a cat"}


def submit(client, **options):
    return client.submit(BODY, idempotency_key="key-1", **options)


def client_of(url, session=requests.Session, **options):
    return Client(
        url, "sk-secret", session=session, clock=FakeClock(), connect_timeout=PATIENCE, read_timeout=PATIENCE, **options
    )


@pytest.fixture
def tls():
    with OrderServer(tls=True) as server, TunnelProxy(server) as proxy:
        yield server, proxy


@pytest.mark.parametrize("how", ["cut", "plain"])
def test_tunnel_broken_after_post(tls, how):
    server, proxy = tls
    server.on_submit = lambda: proxy.late(how)
    with pytest.raises(ConnectionFailed) as caught:
        submit(client_of(server.url, proxy.session))
    assert server.billed == 1
    assert caught.value.outcome_unknown
    assert caught.value.code != "certificate"


def test_plain_proxy_cut_after_post():
    with OrderServer() as server, TunnelProxy(server) as proxy:
        server.on_submit = lambda: proxy.late("cut")
        client = client_of("http://api.example.com", proxy.session, plain_http=True)
        with pytest.raises(ConnectionFailed) as caught:
            submit(client)
        assert server.billed == 1
        assert caught.value.outcome_unknown


@pytest.mark.parametrize("how", ["closed", "refused", "cut", "plain"])
def test_tunnel_broken_before_post(tls, how):
    server, proxy = tls
    proxy.early = [how] * 9
    with pytest.raises(ConnectionFailed) as caught:
        submit(client_of(server.url, proxy.session))
    assert server.posts == []
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("how", ["closed", "refused", "cut"])
def test_tunnel_broken_before_post_is_retried(tls, how):
    server, proxy = tls
    proxy.early = [how] * 2
    assert submit(client_of(server.url, proxy.session)).task_id == "task-1"
    assert len(server.posts) == 1


def test_untrusted_certificate_sends_nothing(tls):
    server, proxy = tls

    def session():
        made = proxy.session()
        made.verify = True
        return made

    with pytest.raises(ConnectionFailed) as caught:
        submit(client_of(server.url, session))
    assert (caught.value.code, caught.value.outcome_unknown) == ("certificate", False)
    assert (server.posts, proxy.connections) == ([], 1)


def test_plain_port_spoken_to_in_tls_sends_nothing():
    with OrderServer() as server:
        with pytest.raises(ConnectionFailed) as caught:
            submit(client_of(f"https://localhost:{server.port}"))
        assert (caught.value.code, caught.value.outcome_unknown) == ("certificate", False)
        assert server.posts == []


class CuttingPeer:
    """Listens, reads so many bytes of each connection, and resets it."""

    def __init__(self, after: int) -> None:
        self._after = after
        self._listener = on_own_port(socket.create_server)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            left = self._after
            while left > 0 and (part := connection.recv(left)):
                left -= len(part)
            reset(connection)


@pytest.mark.parametrize("after", [1, 20, 150, 300])
def test_connection_cut_inside_the_request(after):
    with CuttingPeer(after) as peer, pytest.raises(ConnectionFailed) as caught:
        submit(client_of(peer.url))
    assert caught.value.outcome_unknown


def test_stale_connection_leaves_the_outcome_unknown():
    with OrderServer() as server:
        client = client_of(server.url)
        submit(client)
        server.on_submit = lambda: "cut"
        with pytest.raises(ConnectionFailed) as caught:
            client.submit(BODY, idempotency_key="key-2")
    assert caught.value.outcome_unknown


def test_unknown_adapter_leaves_the_outcome_unknown():
    class Elsewhere(requests.adapters.BaseAdapter):
        def send(self, request, **_):
            raise requests.exceptions.ProxyError(OSError("cut"), request=request)

        def close(self):
            pass

    def session():
        made = requests.Session()
        made.mount("https://", Elsewhere())
        return made

    with pytest.raises(ConnectionFailed) as caught:
        submit(client_of("https://api.example.com", session))
    assert caught.value.outcome_unknown


def test_stop_while_connecting_sends_nothing(monkeypatch):
    reached, gate, stop = threading.Event(), threading.Event(), threading.Event()
    real = socket.create_connection

    def slow(*args, **options):
        reached.set()
        gate.wait(PATIENCE)
        return real(*args, **options)

    with OrderServer() as server:
        client = Client(server.url, "sk-secret")
        monkeypatch.setattr("urllib3.util.connection.create_connection", slow)
        told = []

        def order():
            try:
                submit(client, stop=stop)
            except Stopped as stopped:
                told.append(stopped)

        thread = threading.Thread(target=order)
        thread.start()
        assert reached.wait(PATIENCE)
        stop.set()
        thread.join(PATIENCE)
        exchanges = [one for one in threading.enumerate() if one.name == "qwave-exchange"]
        gate.set()
        for one in exchanges:
            one.join(PATIENCE)
        assert [one.outcome_unknown for one in told] == [False]
        assert server.posts == []


def test_session_of_ones_own_keeps_its_certificates(tls):
    server, proxy = tls
    assert str(certificate()[0]) == proxy.session().verify
    assert submit(client_of(server.url, proxy.session)).task_id == "task-1"
