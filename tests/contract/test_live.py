"""Live answers over HTTP: the list, the schema and the estimate of a server lie over the edition for the session."""

from __future__ import annotations

import json

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import catalog
from qwave_jupyter.demo.server import DemoServer
from qwave_jupyter.errors import AuthenticationFailed, RequestRefused, RequestRejected, ServerFault, UnknownModel
from qwave_jupyter.magics.cell_magic import CellMagic
from qwave_jupyter.session import default
from tests.checks import collect_failures
from tests.fake_session import replace_default
from tests.recording_console import RecordingConsole

pytestmark = pytest.mark.usefixtures("small_images", "short_waits")


@pytest.fixture(scope="module")
def server():
    made = DemoServer(latency=0).start()
    yield made
    made.stop()


@pytest.fixture
def newer():
    """A server whose documentation is a later one, as a vendor's is one day."""
    made = DemoServer(edition="2026-09", latency=0).start()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def session(clean_environment, monkeypatch):
    replace_default(monkeypatch)
    yield clean_environment
    default().stop_demo()


@pytest.fixture
def at(monkeypatch):
    """Use a server, as somebody with a key there."""

    def use(server, key=None):
        monkeypatch.setenv("QWAVE_BASE_URL", server.url)
        monkeypatch.setenv("QWAVE_API_KEY", key or server.key)
        return server

    return use


def asked(server):
    return server.app.counters.to_json()["paths"]


def test_refresh_asks_the_server_once(at, server):
    at(server)
    before = asked(server).get("GET /v1/models", 0)
    plain, fresh = qwave.models(), qwave.models(refresh=True)
    assert [model.id for model in fresh] == [model.id for model in plain]
    assert asked(server)["GET /v1/models"] - before == 1
    assert repr(fresh) != repr(plain)
    qwave.models()
    assert asked(server)["GET /v1/models"] - before == 1


def test_refresh_marks_unusable_and_new_models(at, newer):
    at(newer)
    table = qwave.models(refresh=True)
    documented, there = (set(catalog.load(name).ids()) for name in ("2026-04", "2026-09"))
    assert set(default().catalog.unusable) == documented - there
    assert set(default().catalog.unknown) == there - documented
    for name in (*(documented - there), "flux-2-pro"):
        assert name in repr(table)
    request = qwave.build("a cat", model="flux-2-pro", sparkle=7)
    assert request.unvalidated
    with pytest.raises(RequestRejected, match="sparkle"):
        qwave.submit("a cat", model="flux-2-pro", sparkle=7).result()


def test_model_known_only_to_the_server(at, newer):
    at(newer)
    with pytest.raises(UnknownModel):
        qwave.build("a cat", model="flux-2-pro")
    qwave.models(refresh=True)
    (image,) = qwave.generate("a cat", model="flux-2-pro")
    assert image.path.is_file()


def test_price_of_another_shape_is_warned_of(at, newer):
    at(newer)
    assert not qwave.build("a cat", model="gpt-image-2", resolution="1k").warnings
    qwave.models(refresh=True)
    request = qwave.build("a cat", model="gpt-image-2", resolution="1k")
    assert request.estimate_usd is None
    assert any("token" in str(warning) for warning in request.warnings)


def test_live_schema_overrides_the_edition(at, newer):
    at(newer)
    documented = qwave.model("gpt-image-2")
    live = qwave.model("gpt-image-2", live=True)
    assert (documented.live, live.live) == ("", "schema")
    assert set(live.actions) == {"generate", "edit"}
    assert default().catalog.model("gpt-image-2").actions == live.actions
    with pytest.raises(RequestRefused, match="inpaint"):
        qwave.build("a cat", model="gpt-image-2", action="inpaint")
    assert asked(newer)["POST /v1/mcp"] == 1


def test_live_schema_of_the_same_edition(at, server):
    at(server)
    with collect_failures() as check:
        for name in catalog.load("2026-04").ids():
            with check(name):
                before = qwave.model(name)
                after = qwave.model(name, live=True)
                assert after.actions == before.actions
                assert set(after.parameters) == set(before.parameters)
                assert after.references.maximum == before.references.maximum
                for parameter in before.parameters.values():
                    assert set(map(str, after.parameters[parameter.name].choices)) == set(map(str, parameter.choices))


def test_live_answers_count_for_one_server(at, server, newer):
    at(newer)
    qwave.model("gpt-image-2", live=True)
    at(server)
    assert qwave.model("gpt-image-2").live == ""


@pytest.mark.parametrize(
    ("line", "says"), [("models --refresh", "gpt-image-2"), ("model gpt-image-2 --live", "gpt-image-2")]
)
def test_line_magic_asks_live(at, server, line, says):
    from qwave_jupyter.magics.line_magic import LineMagic

    at(server)
    assert says in repr(LineMagic(RecordingConsole())(line))


def dry_run(line):
    console = RecordingConsole()
    value = CellMagic(console).run_blocking(line, "a cat")
    assert value is None
    return "\n".join(one["text/plain"] for one in console.shown)


def test_live_dry_run_shows_the_estimate(at, server):
    at(server)
    before = len(server.app.tasks)
    said = dry_run("-m gpt-image-2 --resolution 1k --dry-run --live")
    body = json.loads(said[said.index("{") : said.rindex("}") + 1])
    assert body == {
        "model": "gpt-image-2",
        "prompt": "a cat",
        "resolution": "1k",
    }
    assert said.count("$0.0064") == 2
    assert "The server estimates" in said
    assert "The server estimates" not in dry_run("-m gpt-image-2 --resolution 1k --dry-run")
    assert len(server.app.tasks) == before


def test_live_dry_run_refuses_by_live_schema(at, newer):
    at(newer)
    with pytest.raises(RequestRefused, match="inpaint"):
        dry_run("-m gpt-image-2 --action inpaint --dry-run --live")


def test_live_errors_leave_the_edition(at, server):
    at(server, key="wrong-key")
    with pytest.raises(AuthenticationFailed):
        qwave.models(refresh=True)
    at(server)
    server.app.inject_fault(at="lookup", how="500", times=None)
    try:
        with pytest.raises(ServerFault):
            default().context().client.tool("get_model_schema", {"model": "gpt-image-2"})
    finally:
        server.reset()
    assert len(qwave.models()) == 21
    assert default().catalog.edition == "2026-04"
