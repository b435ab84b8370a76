"""The key is in one header to one host, and nowhere else."""

from __future__ import annotations

import copy
import logging
import pickle
import signal
import sys
import threading

import pytest
import requests

from qwave_jupyter import errors
from qwave_jupyter.client.auth import KeyAuth, Secret, normalize_base_url, origin_of
from qwave_jupyter.client.client import Client
from tests.checks import collect_failures
from tests.unit.client.loopback import Loopback, Reply, image_reply, json_reply
from tests.waiting import PATIENCE, wait_until

DONE = {"task_id": "t1", "status": "completed"}


def everything_shown(problem):
    """What the most talkative traceback shows: the chain of errors with the locals of every frame below the test."""
    shown = ""
    seen = [problem]
    for error in seen:
        seen += [other for other in (error.__cause__, error.__context__) if other is not None and other not in seen]
        shown += repr(error) + str(error) + repr(getattr(error, "fields", ""))
        frame = error.__traceback__
        while frame is not None:
            if "tests" not in frame.tb_frame.f_code.co_filename:
                shown += repr(frame.tb_frame.f_locals)
            frame = frame.tb_next
    return shown


def test_key_is_sent_in_one_header(server, client, key):
    server.answers(json_reply(DONE))
    client.task("t1")
    assert server.seen[0].headers["Authorization"] == f"Bearer {key}"
    assert key not in server.seen[0].path


@pytest.mark.parametrize("short", ["task", "null", "t", "status", "-"])
def test_word_in_the_place_of_a_key_leaves_answers_alone(server, short):
    server.answers(json_reply({**DONE, "progress": None}))
    task = Client(server.url, short).task("t1")
    assert (task.task_id, task.status) == ("t1", "completed")


def test_key_wins_over_netrc(server, client, key, tmp_path, monkeypatch):
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1\nlogin someone\npassword other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.answers(json_reply(DONE))
    client.task("t1")
    assert server.seen[0].headers["Authorization"] == f"Bearer {key}"


def test_proxy_is_not_used_for_loopback(server, client, monkeypatch):
    with Loopback([json_reply(DONE)]) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        server.answers(json_reply(DONE))
        client.task("t1")
        assert proxy.seen == []


def test_repr_hides_the_key(client, key):
    assert repr(client) == f"Client({client.base_url!r}, key set)"
    assert key not in repr(vars(client))
    assert key not in repr(vars(client._transport))
    auth = KeyAuth(Secret(key), "https://a")
    assert key not in f"{auth!r} {auth!s} {vars(auth)} {Secret(key)} {Secret(key)!r:}"


ECHO = "your key sk-very-secret-0123456789 is bad"


ECHOES = {
    "broken": Reply(broken=True),
    "message, param, request id": json_reply(
        {"error": {"message": ECHO, "code": "invalid_request", "param": ECHO}}, 400, X_Request_Id=ECHO
    ),
    "text": Reply(401, ECHO.encode()),
    "title": Reply(502, f"<html><title>{ECHO}</title></html>".encode()),
    "message in 200": json_reply({"error": {"message": ECHO, "code": "bad"}}),
    "name of a field": json_reply({ECHO: 1}),
    "content type": Reply(200, ECHO.encode(), {"Content-Type": ECHO}),
    "redirect to a path": Reply(302, headers={"Location": f"https://elsewhere/{ECHO[9:34]}"}),
    "redirect to a host": Reply(302, headers={"Location": f"https://{ECHO[9:34]}.example/"}),
}
CALLS = {
    "submit": lambda client: client.submit({}, idempotency_key="k"),
    "task": lambda client: client.task("t1"),
    "cancel": lambda client: client.cancel("t1", within=2.0),
    "models": lambda client: client.models(),
    "balance": lambda client: client.balance(),
    "tool": lambda client: client.tool("list_models", {}),
}


@pytest.mark.slow_except("submit", "task")
@pytest.mark.parametrize("call", CALLS)
def test_errors_never_show_the_key(server, client, key, call):
    assert key in ECHO
    with collect_failures() as check:
        for name, reply in ECHOES.items():
            server.answers(reply)
            with check(call, name):
                with pytest.raises(errors.QwaveError) as caught:
                    CALLS[call](client)
                assert key not in everything_shown(caught.value)


def test_library_errors_hide_the_key(clock, key):
    class Broken(requests.Session):
        def send(self, request, **_):
            headers = dict(request.headers)
            msg = f"bad headers {headers}"
            raise ValueError(msg)

    client = Client("https://api.example", key, session=Broken, clock=clock)
    with pytest.raises(errors.ConnectionFailed) as caught:
        client.task("t1")
    assert key not in everything_shown(caught.value)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of another kind")
@pytest.mark.parametrize("call", ["models", "balance", "task", "submit"])
def test_interrupt_never_shows_the_key(server, key, call):
    server.answers(Reply(hang=PATIENCE))
    client = Client(server.url, key)
    here = threading.get_ident()
    # A shell that starts the tests in the background leaves SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt():
        wait_until(lambda: server.seen, "the request")
        signal.pthread_kill(here, signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            CALLS[call](client)
    finally:
        interrupting.join()
        signal.signal(signal.SIGINT, before)
    assert key not in everything_shown(caught.value)
    assert "received" in everything_shown(caught.value)


def test_task_text_hides_the_key(server, client, key):
    server.answers(json_reply({"task_id": "t1", "status": "failed", "error": {"message": f"bad {key}"}}))
    task = client.task("t1")
    assert key not in repr(task) + repr(task.raw)
    assert task.failure.message == "bad …"


def test_logs_hide_the_key(server, client, key, caplog):
    caplog.set_level(logging.DEBUG)
    server.answers(Reply(503), json_reply(DONE))
    client.task("t1")
    assert caplog.records
    assert key not in caplog.text


def test_key_is_not_sent_to_the_image_host(server, client, key, tmp_path):
    server.answers(image_reply())
    client.download(f"{server.url}/files/1.png", tmp_path / "x.part")
    assert key not in str(server.seen)


def test_key_is_not_sent_to_another_port(server, key):
    auth = KeyAuth(Secret(key), server.url)
    for url in (
        f"{server.url}0/v1",
        "http://127.0.0.1/v1",
        "https://127.0.0.1/v1",
        "http://[bad",
        "http://127.0.0.1.evil/",
    ):
        request = requests.Request("GET", "http://x").prepare()
        request.url = url
        assert "Authorization" not in auth(request).headers


def test_pickle_has_no_key(server, client, key, monkeypatch):
    frozen = pickle.dumps(client)
    assert key.encode() not in frozen
    assert key.encode() not in pickle.dumps(KeyAuth(Secret(key), "https://a"))
    revived = pickle.loads(frozen)
    monkeypatch.setenv("QWAVE_API_KEY", "sk-of-the-other-process")
    server.answers(json_reply(DONE))
    revived.task("t1")
    copy.deepcopy(client).task("t1")
    assert [one.headers["Authorization"] for one in server.seen] == ["Bearer sk-of-the-other-process"] * 2
    revived.close()


@pytest.mark.parametrize("bad", ["sk with space", "sk\nnewline", "sk-\u00e9", "sk-\x7f"])
def test_unusable_key_is_refused_unseen(bad):
    with pytest.raises(errors.ConfigurationError) as caught:
        Client("https://www.qingbo.dev", bad)
    assert repr(bad)[1:-1] not in everything_shown(caught.value)


@pytest.mark.parametrize(
    ("given", "address", "origin"),
    [
        ("https://www.qingbo.dev", "https://www.qingbo.dev/v1", "https://www.qingbo.dev"),
        (" https://www.qingbo.dev/v1/ ", "https://www.qingbo.dev/v1", "https://www.qingbo.dev"),
        ("https://A.example:443/api/v1", "https://a.example:443/api/v1", "https://a.example"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4/v1", "https://xn--bcher-kva.example"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1", "http://127.0.0.1:8000"),
        ("http://localhost:8000/", "http://localhost:8000/v1", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000/v1", "http://[::1]:8000"),
        ("http://127.1:8000", "http://127.1:8000/v1", "http://127.1:8000"),
        ("http://0x7f.1:8000", "http://0x7f.1:8000/v1", "http://0x7f.1:8000"),
    ],
)
def test_base_url_is_normalized(given, address, origin):
    assert normalize_base_url(given) == (address, origin)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "www.qingbo.dev",
        "ftp://a",
        "https://",
        "https://u:pw@a",
        "https://a?key=pw",
        "https://a:99999",
        "https://[a",
        "https://a:0",
        "https:// a",
        "https://a b",
        "https://.a",
        "https://a..b",
        f"https://{'a' * 64}.b",
        "https://a/\ud800",
        "https://\ud800/",
    ],
)
def test_base_url_is_refused(bad, key):
    with pytest.raises(errors.ConfigurationError, match="is no http") as caught:
        Client(bad, key)
    assert "pw" not in str(caught.value)
    assert key not in everything_shown(caught.value)


def test_key_needs_https_off_loopback(key):
    with pytest.raises(errors.ConfigurationError, match="in clear"):
        Client("http://api.example", key)
    assert Client("http://api.example", key, plain_http=True).origin == "http://api.example"


def test_origin_is_normalized():
    assert origin_of("HTTPS://A.example:443/x") == "https://a.example"
    assert origin_of("nonsense") == ""


def test_wire_needs_no_http_library():
    code = (
        "import sys; from qwave_jupyter.client import error_responses, polling, retry, tasks; "
        "print('requests' in sys.modules)"
    )
    import subprocess

    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )
