"""Images arrive whole or not at all, and nothing of ours travels to their host."""

from __future__ import annotations

import threading

import pytest

from qwave_jupyter import errors
from qwave_jupyter.client.client import Client
from qwave_jupyter.client.retry import RateLimiter, Stopped
from qwave_jupyter.client.tasks import ResultImage
from tests.unit.client.loopback import IMAGE_BYTES, Loopback, Reply, image_reply, json_reply, stopping

HTML = Reply(body=b"<html>expired</html>", headers={"Content-Type": "text/html"})
TRANSIENT = {
    "reset": Reply(broken=True),
    "500": Reply(500),
    "502 html": Reply(502, b"<html></html>", {"Content-Type": "text/html"}),
    "503": Reply(503),
    "408": Reply(408),
    "425": Reply(425),
    "429": Reply(429, headers={"Retry-After": "2"}),
    "html": HTML,
    "json": json_reply({"error": "not yet"}),
    "json as png": Reply(body=b'{"error": "x"}', headers={"Content-Type": "image/png"}),
    "html as png": Reply(body=b"\n <!DOCTYPE html>", headers={"Content-Type": "image/png"}),
    "empty": image_reply(b""),
    "truncated": image_reply(IMAGE_BYTES[:500], length=len(IMAGE_BYTES)),
}


@pytest.fixture
def host():
    with Loopback([image_reply()]) as loopback:
        yield loopback


@pytest.fixture
def part(tmp_path):
    return tmp_path / "image.part"


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT)
def test_download_retries_transient_faults(client, host, part, fault):
    for times in (1, 3):
        host.answers(*[fault] * times, image_reply())
        retries = []
        assert client.download(f"{host.url}/1.png", part, on_retry=retries.append) == len(IMAGE_BYTES)
        assert part.read_bytes() == IMAGE_BYTES
        assert len(retries) == times


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT)
def test_download_of_a_lasting_fault(client, host, part, fault):
    host.answers(fault)
    url = f"{host.url}/1.png"
    with pytest.raises(errors.DownloadFailed) as caught:
        client.download(ResultImage(urls=(url,)), part)
    assert caught.value.fields["links"] == (url,)
    assert "\n" not in str(caught.value)
    assert not part.exists()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_download_of_a_dead_link(client, host, part, status):
    host.answers(Reply(status))
    with pytest.raises(errors.DownloadFailed, match="no longer works"):
        client.download(f"{host.url}/1.png", part)
    assert len(host.seen) == 1


@pytest.mark.parametrize("status", [400, 431, 451, 501])
def test_download_of_a_final_status_is_not_repeated(client, host, part, status):
    host.answers(Reply(status))
    with pytest.raises(errors.DownloadFailed):
        client.download(f"{host.url}/1.png", part)
    assert len(host.seen) == 1


def test_download_tries_mirrors_in_turn(client, host, part):
    with Loopback([Reply(410)]) as dead:
        link = ResultImage(urls=(f"{dead.url}/1.png", "ftp://old/1.png", f"{host.url}/1.png"))
        assert client.download(link, part) == len(IMAGE_BYTES)
    host.answers(Reply(404))
    with pytest.raises(errors.DownloadFailed) as caught:
        client.download(link, part)
    assert caught.value.fields["links"] == link.urls


@pytest.mark.parametrize(
    "url", ["ftp://a/1", "file:///etc/passwd", "javascript:alert(1)", "http://", "http://[", "", "data:,x"]
)
def test_download_follows_http_only(client, part, url):
    with pytest.raises(errors.DownloadFailed, match="was not followed"):
        client.download(url, part)


@pytest.mark.parametrize("link", ["/files/1.png", "/v1/files/1.png?token=a", "//{host}/1.png"])
def test_download_from_a_path_is_from_the_api(client, host, server, part, link):
    server.answers(image_reply())
    # The scheme is the API's too.
    link = link.format(host=host.url.partition("//")[2])
    assert client.download(ResultImage(urls=(link,)), part) == len(IMAGE_BYTES)
    (seen,) = [*server.seen, *host.seen]
    assert link.endswith(seen.path)
    assert "Authorization" not in seen.headers


def test_download_without_a_link(client, part):
    with pytest.raises(errors.DownloadFailed, match="without a link"):
        client.download(ResultImage(), part)


@pytest.mark.parametrize("announced", [True, False])
def test_download_above_the_limit(client, host, part, announced):
    headers = (
        {"Content-Type": "image/png"} if announced else {"Content-Type": "image/png", "Transfer-Encoding": "chunked"}
    )
    if announced:
        host.answers(Reply(body=IMAGE_BYTES, headers=headers, length=3_000_000_000))
    else:
        host.answers(image_reply(IMAGE_BYTES * 3))
    with pytest.raises(errors.DownloadFailed, match="larger than 1 MB"):
        client.download(f"{host.url}/1.png", part, max_bytes=20_000)
    assert not part.exists()
    assert len(host.seen) == 1


def test_download_of_base64_data(client, part):
    assert client.download(ResultImage(data=IMAGE_BYTES), part) == len(IMAGE_BYTES)
    assert part.read_bytes() == IMAGE_BYTES
    with pytest.raises(errors.DownloadFailed, match="larger"):
        client.download(ResultImage(data=IMAGE_BYTES), part, max_bytes=10)


def test_download_with_a_wrong_content_type(client, host, part):
    host.answers(Reply(body=IMAGE_BYTES, headers={"Content-Type": "text/plain"}))
    assert client.download(f"{host.url}/1.png", part) == len(IMAGE_BYTES)


def test_download_redirects_without_the_key(client, host, part, server, key, tmp_path, monkeypatch):
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine 127.0.0.1\nlogin someone\npassword {key}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.answers(Reply(302, headers={"Location": f"{host.url}/real.png"}))
    assert client.download(f"{server.url}/1.png", part) == len(IMAGE_BYTES)
    for one in (*server.seen, *host.seen):
        assert "Authorization" not in one.headers
        assert key not in str(one)
    server.answers(Reply(302, headers={"Location": "/again"}))
    with pytest.raises(errors.DownloadFailed):
        client.download(f"{server.url}/1.png", part)
    assert len(server.seen) == 7
    server.answers(Reply(302, headers={"Location": "file:///etc/passwd"}))
    with pytest.raises(errors.DownloadFailed, match="was not followed"):
        client.download(f"{server.url}/1.png", part)


def test_download_is_ended_by_stop(host, part, key):
    client, stop = Client(host.url, key, rate_limiter=RateLimiter()), threading.Event()
    host.answers(stopping(stop))
    with pytest.raises(Stopped):
        client.download(f"{host.url}/1.png", part, stop=stop)


def test_download_to_a_missing_folder(client, host, tmp_path):
    with pytest.raises(OSError, match="No such file"):
        client.download(f"{host.url}/1.png", tmp_path / "missing" / "x.part")


def test_download_has_its_own_rate_limiter(client, host, part):
    host.answers(Reply(429, headers={"Retry-After": "20"}), image_reply())
    client.download(f"{host.url}/1.png", part)
    assert client.rate_limiter.pause_remaining() == 0.0
