"""The API key is in no artefact of a full run."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import nbformat
import pytest

from tests.conftest import serve
from tests.faults.faulty_proxy import FaultyProxy, answered

KEY = "sk-0Very-Secret_Key~9876543210"
PATIENCE = 240
FULL_RUN = Path(__file__).with_name("full_run.py")


@pytest.fixture(scope="module")
def keyed_server():
    yield from serve("--latency", "0.5", "--key", KEY)


def traces(folder):
    """Where the key stands, in any encoding."""
    encodings = {KEY.encode(form) for form in ("utf-8", "utf-16-le", "utf-16-be")}
    encodings |= {
        quote(KEY, safe="").encode(),
        json.dumps(KEY).encode().strip(b'"'),
        KEY[::-1].encode(),
        KEY.lower().encode(),
    }
    # In base64 a text has three forms, by its offset.
    for shift in range(3):
        coded = base64.b64encode(b"\x00" * shift + KEY.encode())
        encodings.add(coded[4 if shift else 0 : -6])
    # Half of it is too much as well.
    encodings |= {KEY[:14].encode(), KEY[-14:].encode()}
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [
        (str(path.relative_to(folder)), encoding)
        for path in files
        for encoding in encodings
        if encoding in path.read_bytes() or encoding.decode("latin-1") in path.name
    ]


def test_search_finds_encoded_keys(tmp_path):
    for name, content in {
        "plain": KEY.encode(),
        "utf-16": KEY.encode("utf-16"),
        "base64": base64.b64encode(b"Bearer " + KEY.encode()),
        "netrc": base64.b64encode(b"x:" + KEY.encode()),
        "half": KEY[:15].encode(),
    }.items():
        (tmp_path / name).write_bytes(content)
    assert {name for name, _ in traces(tmp_path)} == {"plain", "utf-16", "base64", "netrc", "half"}


@pytest.mark.slow
def test_key_in_no_artefact_of_a_run(keyed_server, tmp_path):
    told, home = tmp_path / "told", tmp_path / "home"
    told.mkdir()
    home.mkdir()
    echo = f"the key {KEY} (Bearer {KEY}) is bad"
    with FaultyProxy(keyed_server.url) as good, FaultyProxy(keyed_server.url) as bad:
        body = json.dumps(
            {"error": {"message": echo, "code": "invalid_request", "param": KEY}, "request_id": KEY}
        ).encode()
        bad.lasting = {
            kind: answered("echo", 400, body, X_Request_Id=KEY, Content_Type=f"application/json; x={KEY}")
            for kind in ("submit", "status", "cancel", "other")
        }
        environment = {
            **keyed_server.environment(home),
            "IPYTHONDIR": str(tmp_path / "ipython"),
            "PYTHONFAULTHANDLER": "1",
        }
        ended = subprocess.run(
            [sys.executable, "-X", "dev", str(FULL_RUN), str(told), good.url, bad.url],
            env=environment,
            cwd=home,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr.decode()
        (told / "stdout").write_bytes(ended.stdout)
        (told / "stderr").write_bytes(ended.stderr)
        assert any(headers.get("Authorization") == f"Bearer {KEY}" for _, headers in good.seen)
        assert all("Authorization" not in headers for kind, headers in good.seen if kind == "download")
    kept = {path.name for path in tmp_path.rglob("*")}
    assert {"log.txt", "tracebacks.txt", "frames.txt", "verbose.txt", "outputs.txt", "pickles.bin", "done.txt"} <= kept
    assert "urllib3" in (told / "log.txt").read_text()
    assert "journal.sqlite3" in kept
    assert [name for name in kept if name.endswith(".png.json")]
    assert "deep down" in (told / "tracebacks.txt").read_text() + (told / "errors.txt").read_text()
    assert traces(tmp_path) == []
    assert "sk-typed-in" not in (told / "outputs.txt").read_text() + (told / "errors.txt").read_text()


@pytest.mark.slow
@pytest.mark.kernel
def test_key_in_no_notebook_or_page(keyed_server, tmp_path):
    cells = [
        "%load_ext qwave_jupyter",
        "%%qwave -o city\na city",
        "city[0].provenance()",
        "%qwave doctor",
        "%qwave config",
        "%xmode Verbose",
        "%%qwave --seed cat\na city",
        "from qwave_jupyter.session import default\ndefault().context()",
        "1 / 0 if default().context().client else 0",
        "%%qwave --no-wait\na second city",
        "%qwave history",
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    nbformat.write(made, tmp_path / "empty.ipynb")
    environment = keyed_server.environment(tmp_path / "home", IPYTHONDIR=str(tmp_path / "ipython"))
    for command in (
        ("--to", "notebook", "--execute", "--allow-errors", "--output", "run", "empty.ipynb"),
        ("--to", "html", "run.ipynb"),
    ):
        subprocess.run(
            [sys.executable, "-m", "nbconvert", *command],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
    made = nbformat.read(tmp_path / "run.ipynb", nbformat.NO_CONVERT)
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert "a second city" in page
    kinds = {kind for cell in made.cells for output in cell.outputs for kind in output.get("data", {})}
    assert {"image/png", "image/jpeg"} & kinds
    assert traces(tmp_path) == []
