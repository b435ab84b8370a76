"""Image links and redirects lead to no host that only this machine can reach, unless the API itself is there."""

from __future__ import annotations

import socket

import pytest

from qwave_jupyter.client.client import Client
from qwave_jupyter.client.image_links import AddressPolicy, classify_address, literal_address, read_link
from qwave_jupyter.errors import ConfigurationError, DownloadFailed, UnexpectedRedirect
from qwave_jupyter.jobs.job import resume
from tests.fake_clock import FakeClock
from tests.faults.raw_server import RawServer, as_image, completed, http, job_error, make_bench, start_job
from tests.image_factory import plain
from tests.waiting import PATIENCE

PUBLIC = "https://api.example.com"
KEY = "sk-secret"


@pytest.fixture
def server():
    with RawServer() as running:
        running.answers = {"GET /": lambda _: as_image(plain())}
        yield running


@pytest.fixture
def names(monkeypatch):
    """Names and their addresses; each lookup takes the next of a list."""
    known = {"api.example.com": ["93.184.215.14"]}
    real = socket.getaddrinfo

    def look_up(host, port, *args, **options):
        text = host.decode() if isinstance(host, bytes) else host
        if text in known:
            given = known[text]
            found = given.pop(0) if len(given) > 1 else given[0]
            return [
                answer
                for one in (found if isinstance(found, tuple) else (found,))
                for answer in real(one, port, *args, **options)
            ]
        return real(host, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def fetch(url, tmp_path, api=PUBLIC):
    client = Client(api, KEY, clock=FakeClock(), connect_timeout=PATIENCE, read_timeout=PATIENCE, plain_http=True)
    try:
        return client.download(url, tmp_path / "x.part", deadline=0.0)
    finally:
        client.close()


def refusal(url, tmp_path, api=PUBLIC):
    with pytest.raises(DownloadFailed) as caught:
        fetch(url, tmp_path, api)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "x.part").exists()
    return caught.value


LOOPBACKS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "x.localhost",
    "0.0.0.0",
    "0",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::]",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "１２７.0.0.1",
]


PRIVATE = ["10.0.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "100.64.0.1", "224.0.0.1"]


@pytest.mark.parametrize("host", LOOPBACKS)
def test_loopback_link_refused(server, tmp_path, host):
    error = refusal(f"http://{host}:{server.port}/1.png", tmp_path)
    assert error.code in {"address_refused", "link_ambiguous"}
    assert server.connections == 0


@pytest.fixture
def proxy(monkeypatch):
    with RawServer() as running:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, running.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield running


@pytest.mark.parametrize("host", [*LOOPBACKS[:17], *PRIVATE])
def test_redirect_refused_behind_proxy(server, proxy, tmp_path, host):
    target = f"http://{host}:{server.port}/1.png"
    proxy.answers = {"": lambda _: http(status=302, location=target)}
    error = refusal("http://cdn.example.com/1.png", tmp_path)
    assert error.code == "address_refused"
    assert (server.connections, len(proxy.seen)) == (0, 1)


def test_proxy_may_be_local(proxy, tmp_path):
    proxy.answers = {"GET http://cdn.example.com/1.png": lambda _: as_image(plain())}
    assert fetch("http://cdn.example.com/1.png", tmp_path) == len(plain())


@pytest.mark.parametrize("host", [*PRIVATE, "0.0.0.0"])
def test_redirect_from_loopback_api_refused(server, tmp_path, host):
    server.answers = {"": lambda _: http(status=302, location=f"http://{host}/1.png")}
    assert refusal(f"{server.url}/1.png", tmp_path, api=server.url).code == "address_refused"


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["::1"], [("93.184.215.14", "127.0.0.1")], ["::ffff:127.0.0.1"]])
def test_name_of_loopback_refused(server, names, tmp_path, addresses):
    names["evil.example"] = addresses
    assert refusal(f"http://evil.example:{server.port}/1.png", tmp_path).code == "address_refused"
    assert server.connections == 0


def test_rebinding_name_dials_checked_address(server, names, tmp_path, monkeypatch):
    names["rebind.example"] = ["93.184.215.14", "127.0.0.1"]
    dialled = []

    def connect(address, *_, **__):
        dialled.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    assert refusal(f"http://rebind.example:{server.port}/1.png", tmp_path).code == "download_broke"
    assert dialled == [("93.184.215.14", server.port)]
    assert server.connections == 0


def test_unresolvable_name_is_a_hiccup(names, tmp_path, monkeypatch):
    def look_up(*_, **__):
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    error = refusal("http://cdn.example.com/1.png", tmp_path)
    assert (error.code, error.fields["repeat"]) == ("download_broke", True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_api_may_link_to_loopback(server, tmp_path, host):
    assert fetch(f"http://{host}:{server.port}/1.png", tmp_path, api=server.url) == len(plain())
    assert fetch(f"{server.url}/1.png", tmp_path, api=f"http://{host}:1") == len(plain())


def test_api_name_of_loopback_may_link_to_loopback(server, names, tmp_path):
    names["gateway.example"] = ["127.0.0.1"]
    assert fetch(f"{server.url}/1.png", tmp_path, api="http://gateway.example:1") == len(plain())


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example.com\\@127.0.0.1:PORT/1.png",
        "http://127.0.0.1:PORT\\@cdn.example.com/1.png",
        "http://cdn.example.com@127.0.0.1:PORT/1.png",
        "http://user:word@cdn.example.com/1.png",
        "http://127.0.0.1:PORT\t.example.com/1.png",
        "http://127.0.0.1:PORT\n@cdn.example.com/",
        "http://127.0.0.%31:PORT/1.png",
        "http://[::1%25lo]:PORT/1.png",
        "http://127.0.0.1 .example.com/",
        "http:\\\\127.0.0.1:PORT/",
        "http://cdn.example.com:80:80/",
        "http://cdn.example.com:port/",
        "http:///127.0.0.1:PORT/1.png",
        "http:127.0.0.1:PORT/1.png",
        "http://",
        "http://[",
    ],
)
def test_ambiguous_link_refused(server, tmp_path, url):
    url = url.replace("PORT", str(server.port))
    assert read_link(url) is None
    assert refusal(url, tmp_path, api=server.url).code in {"link_ambiguous", "not_http"}
    assert server.connections == 0


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://cdn.example.com/a b.png?x=1&y=\u4e00#z", "cdn.example.com"),
        ("https://CDN.Example.com:8443/1.png", "cdn.example.com"),
        ("https://cdn.example.com/x@y/1.png?mail=a@b", "cdn.example.com"),
        ("https://b\u00fccher.example/1.png", "xn--bcher-kva.example"),
        ("http://[2606:2800:21f::1]/1.png", "2606:2800:21f::1"),
        ("https://cdn.example.com?x=%2F%40", "cdn.example.com"),
    ],
)
def test_plain_link_read(url, host):
    link = read_link(url)
    assert link is not None
    assert link.host == host


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("8.8.8.8", "public"),
        ("2606:2800:21f::1", "public"),
        ("64:ff9b::808:808", "public"),
        ("127.9.9.9", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("64:ff9b::7f00:1", "loopback"),
        ("2002:7f00:1::", "loopback"),
        ("10.1.2.3", "private"),
        ("172.31.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.127.0.1", "private"),
        ("fd12::1", "private"),
        ("fec0::1", "private"),
        ("2002:a00:1::", "private"),
        ("169.254.169.254", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("0.0.0.0", "reserved"),
        ("0.1.2.3", "reserved"),
        ("::", "reserved"),
        ("224.0.0.1", "reserved"),
        ("ff02::1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("240.0.0.1", "reserved"),
        ("192.0.2.1", "reserved"),
        ("2001:db8::1", "reserved"),
        ("::10.0.0.1", "reserved"),
        ("nonsense", "reserved"),
    ],
)
def test_kind_of_address(address, kind):
    assert classify_address(address) == kind


def test_literal_address_of_names():
    assert literal_address("example.com") is None
    assert literal_address("1.2.3.4.5") is None
    assert literal_address("0xbad.example") is None


def test_permit_without_resolvable_api(names):
    policy = AddressPolicy("no-such-host.invalid")
    assert policy("8.8.8.8")
    assert not policy("10.0.0.1")


@pytest.mark.parametrize("location", [r"http://127.0.0.1:OTHER\@HOST/x", r"http://HOST\@127.0.0.1:OTHER/x", "http://["])
def test_api_redirect_that_is_ambiguous_refused(server, location):
    with RawServer() as other:
        there = location.replace("OTHER", str(other.port)).replace("HOST", server.url.removeprefix("http://"))
        server.answers = {"": lambda _: http(status=302, location=there)}
        client = Client(server.url, KEY, clock=FakeClock(), connect_timeout=PATIENCE, read_timeout=PATIENCE)
        with pytest.raises(UnexpectedRedirect):
            client.task("t", deadline=0.0)
        assert other.connections == 0
        client.close()


def test_api_address_with_backslash_refused():
    with pytest.raises(ConfigurationError):
        Client("https://api.example.com\\.evil.example", KEY)


def test_job_with_refused_link_stays_open(server, tmp_path):
    server.answers = {
        "POST /v1/tasks": lambda _: completed("http://10.0.0.1/1.png"),
        "GET /v1/tasks": lambda _: completed("http://10.0.0.1/1.png"),
        "GET /1.png": lambda _: as_image(plain()),
    }
    bench = make_bench(server, tmp_path, clock=FakeClock(), connect_timeout=PATIENCE, read_timeout=PATIENCE)
    for ask in (lambda: start_job(bench), lambda: resume(bench)[0]):
        error = job_error(ask())
        assert isinstance(error, DownloadFailed)
        assert error.code == "address_refused"
        assert error.fields["links"] == ("http://10.0.0.1/1.png",)
    server.answers["GET /v1/tasks"] = lambda _: completed(f"{server.url}/1.png")
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 1
    bench.journal.close()
