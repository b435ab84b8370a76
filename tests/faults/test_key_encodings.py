"""A server that quotes the key in any encoding doesn't get it into an error, a task or the journal."""

from __future__ import annotations

import json
import re
import urllib.parse

import pytest

from qwave_jupyter.client.auth import Secret
from qwave_jupyter.client.client import Client
from qwave_jupyter.errors import QwaveError
from tests.fake_clock import FakeClock
from tests.faults.raw_server import RawServer, as_image, http, job_error, make_bench, start_job
from tests.image_factory import plain
from tests.unit.client.test_key import everything_shown
from tests.waiting import PATIENCE

#: With every sign that some encoding changes.
KEY = "qw/0a+1B~2c=3D&4e%5F<6g>"


def escaped(text):
    return "".join(f"\\u{ord(sign):04x}" for sign in text)


#: How the key may stand in JSON or in a header.
INSIDE_JSON = {
    "plain": KEY,
    "escaped slash": KEY.replace("/", "\\/"),
    "one escape": KEY.replace("/", "\\u002f"),
    "upper-case escape": KEY.replace("/", "\\u002F"),
    "all escapes": escaped(KEY),
    "mixed": escaped(KEY[:5]) + KEY[5:].replace("&", "\\u0026"),
    "twice": json.dumps(json.dumps({"key": KEY}).replace("/", "\\/"))[1:-1],
    "twice escaped": json.dumps(escaped(KEY))[1:-1],
    "percent": urllib.parse.quote(KEY, safe=""),
    "percent lower": urllib.parse.quote(KEY, safe="").replace("%2F", "%2f"),
    "percent all": "".join(f"%{ord(sign):02x}" for sign in KEY),
    "html": KEY.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    "html numbers": "".join(f"&#{ord(sign)};" for sign in KEY),
    "html hexadecimal": "".join(f"&#x{ord(sign):X};" for sign in KEY),
    "hexadecimal escape": KEY.replace("/", "\\\\x2f"),
}
CHARSETS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
BODIES = {
    "message": '{"error": {"code": "invalid_request", "message": "your key QUOTED is bad"}}',
    "code": '{"code": "QUOTED", "message": "QUOTED", "data": null}',
    "key": '{"QUOTED": {"QUOTED": "QUOTED"}}',
    "task": '{"id": "t", "status": "failed", "error": {"message": "QUOTED", "code": "QUOTED"}, "QUOTED": ["QUOTED"]}',
    "status word": '{"task_id": "t", "status": "QUOTED", "model": "QUOTED"}',
    "list": '["QUOTED"]',
    "text": '"QUOTED"',
    "event": 'data: {"jsonrpc": "2.0", "error": {"code": 1, "message": "QUOTED"}}\n\n',
}


@pytest.fixture
def server():
    with RawServer() as running:
        yield running


@pytest.fixture
def client(server):
    made = Client(server.url, KEY, clock=FakeClock(), connect_timeout=PATIENCE, read_timeout=PATIENCE)
    yield made
    made.close()


def readings(text):
    """A text and what decoding it gives, as whoever reads it might."""
    import html

    seen = [text]
    for one in seen:
        decoded = [one.replace("\\/", "/"), html.unescape(one), urllib.parse.unquote(one), one.replace("\x00", "")]
        decoded.append(ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), one))
        decoded.append(one.replace("\\\\", "\\"))
        seen += [other for other in decoded if other not in seen and len(seen) < 200]
    return seen


def assert_clean(text):
    assert not any(KEY in reading for reading in readings(text)), text[:500]


def shown_by(ask):
    try:
        answer = ask()
    except QwaveError as error:
        return everything_shown(error) + str(error.fields)
    return repr(answer) + repr(getattr(answer, "raw", "")) + repr(getattr(answer, "failure", ""))


def test_readings_find_the_key():
    for quoted in INSIDE_JSON.values():
        with pytest.raises(AssertionError):
            assert_clean(quoted)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("quoted", INSIDE_JSON.values(), ids=INSIDE_JSON)
def test_key_scrubbed_from_json(server, client, body, quoted):
    kind = "text/event-stream" if body.startswith("data") else "application/json"
    for status in (200, 400):
        server.answers = {
            "": lambda _, code=status: http(body.replace("QUOTED", quoted).encode(), code, content_type=kind)
        }
        assert_clean(shown_by(lambda: client.task("t", deadline=0.0)))
        assert_clean(shown_by(lambda: client.submit({}, idempotency_key="k", deadline=0.0)))


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_key_scrubbed_in_charset(server, client, charset, body):
    for status in (200, 400, 500):
        for quoted in (KEY, INSIDE_JSON["escaped slash"], INSIDE_JSON["one escape"]):
            content = body.replace("QUOTED", quoted).encode(charset)
            server.answers = {
                "": lambda _, sent=content, code=status: http(
                    sent, code, content_type=f"application/json; charset={charset}"
                )
            }
            assert_clean(shown_by(lambda: client.task("t", deadline=0.0)))


@pytest.mark.parametrize("charset", CHARSETS)
def test_answer_in_charset_is_read(server, client, charset):
    content = '{"task_id": "t", "status": "failed", "error": {"message": "KEY 太大", "code": "x"}}'
    server.answers = {"": lambda _: http(content.replace("KEY", KEY).encode(charset))}
    assert client.task("t").failure.message == "… 太大"


@pytest.mark.parametrize("quoted", [KEY, INSIDE_JSON["percent"], INSIDE_JSON["percent all"], INSIDE_JSON["html"]])
def test_key_scrubbed_from_headers(server, client, tmp_path, quoted):
    headers = {"x-request-id": quoted, "location": f"https://elsewhere.example/{quoted}", "content-type": quoted}
    for status in (200, 302, 400, 503):
        server.answers = {"": lambda _, code=status: http(b"<html>", code, **headers)}
        assert_clean(shown_by(lambda: client.task("t", deadline=0.0)))
        assert_clean(shown_by(lambda: client.download(f"{server.url}/1.png", tmp_path / "x.part", deadline=0.0)))


@pytest.mark.parametrize("quoted", INSIDE_JSON.values(), ids=INSIDE_JSON)
def test_key_scrubbed_from_tool_answer(server, client, quoted):
    inner = json.dumps({"success": False, "error": {"message": "QUOTED", "code": "x"}})
    body = json.dumps({"jsonrpc": "2.0", "result": {"content": [{"type": "text", "text": inner}]}})
    server.answers = {"": lambda _: http(body.replace("QUOTED", json.dumps(quoted)[1:-1]).encode())}
    assert_clean(shown_by(lambda: client.tool("list_models", {})))


@pytest.mark.parametrize("quoted", INSIDE_JSON.values(), ids=INSIDE_JSON)
def test_key_not_in_journal(server, tmp_path, quoted):
    failed = '{"task_id": "task-QUOTED", "status": "failed", "error": {"message": "QUOTED", "code": "task_failed"}}'
    server.answers = {
        "POST /v1/tasks": lambda _: http(
            b'{"task_id": "task-QUOTED", "status": "queued"}'.replace(b"QUOTED", quoted.encode())
        ),
        "GET /v1/tasks": lambda _: http(failed.replace("QUOTED", quoted).encode()),
    }
    bench = make_bench(server, tmp_path, key=KEY, clock=FakeClock(), connect_timeout=PATIENCE, read_timeout=PATIENCE)
    error = job_error(start_job(bench))
    assert_clean(everything_shown(error))
    (entry,) = bench.journal._entries("ORDER BY created")
    assert_clean(repr(entry))
    bench.journal.close()
    for path in (tmp_path / "home").rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes()


def test_key_not_in_record_of_image(server, tmp_path):
    links = '{"task_id": "t", "status": "completed", "result": {"images": [{"url": ["SERVER/1.png?key=QUOTED"]}]}}'
    content = links.replace("SERVER", server.url).replace("QUOTED", INSIDE_JSON["all escapes"]).encode()
    server.answers = {
        "POST": lambda _: http(content),
        "GET /v1": lambda _: http(content),
        "GET /1": lambda _: as_image(plain()),
    }
    bench = make_bench(server, tmp_path, key=KEY, clock=FakeClock(), connect_timeout=PATIENCE, read_timeout=PATIENCE)
    start_job(bench).result(PATIENCE)
    bench.journal.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert_clean(path.read_bytes().decode("latin-1"))


def test_key_found_at_call_time_scrubbed(server, monkeypatch):
    monkeypatch.setenv("QWAVE_API_KEY", KEY)
    client = Client(server.url, None, clock=FakeClock(), connect_timeout=PATIENCE, read_timeout=PATIENCE)
    server.answers = {"": lambda _: http(json.dumps({"error": {"message": f"bad {KEY}", "code": "x"}}).encode(), 400)}
    assert server is not None
    assert_clean(shown_by(lambda: client.task("t", deadline=0.0)))
    assert server.seen[0].headers["authorization"] == f"Bearer {KEY}"
    client.close()


def test_scrubbing_changes_nothing_else():
    secret = Secret(KEY)
    for text in ("", "qw", KEY[:-1], KEY.upper(), "a\\/b \\u002f %2F &amp; \x00", json.dumps({"a": "q\\w/0"})):
        assert secret.redact(text) == text
    assert Secret("").redact(KEY) == KEY
    assert secret.redact(f"<{KEY}{KEY}>") == "<……>"
