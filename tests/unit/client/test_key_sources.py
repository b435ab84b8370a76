"""Where a key may come from, which wins, and that none of these places makes it seen."""

from __future__ import annotations

import pickle
import sys
import types

import pytest

from qwave_jupyter import credentials
from qwave_jupyter.errors import ConfigurationError, OptionMistake, UnknownModel
from qwave_jupyter.session import default
from tests.unit.client.loopback import json_reply
from tests.unit.client.test_key import everything_shown

SECRET = "sk-Kept-Somewhere-0123456789"
MISTYPED = "sk-Nearly-Right 0123456789"


@pytest.fixture(autouse=True)
def nothing_typed(clean_environment):
    credentials.forget()
    yield
    credentials.forget()


class SecretNotFoundError(Exception):
    """Colab's own."""


class NotebookAccessError(Exception):
    """Colab's own."""


class Keyring(types.ModuleType):
    """The system's keyring, in a drawer of the test's."""

    def __init__(self, *, problem: Exception | None = None) -> None:
        super().__init__("keyring")
        self.problem = problem
        self.drawer: dict[tuple[str, str], str] = {}
        self.asked = 0

    def get_password(self, service, name):
        self.asked += 1
        if self.problem is not None:
            raise self.problem
        return self.drawer.get((service, name))

    def set_password(self, service, name, password):
        if self.problem is not None:
            raise self.problem
        self.drawer[service, name] = password

    def delete_password(self, service, name):
        if self.problem is not None:
            raise self.problem
        del self.drawer[service, name]


@pytest.fixture
def colab(monkeypatch):
    def enter(get):
        userdata = types.ModuleType("google.colab.userdata")
        userdata.get = get
        monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
        monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
        monkeypatch.setitem(sys.modules, "google.colab.userdata", userdata)

    return enter


def no_secret(name):
    raise SecretNotFoundError(name)


def refusing(problem):
    def get(_):
        raise problem

    return get


def test_key_sources_in_order(monkeypatch, colab):
    keyring = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert credentials.find() is None
    keyring.drawer["qwave-jupyter", "api-key"] = "sk-keyring"
    assert (credentials.find().secret, credentials.find().source) == ("sk-keyring", "keyring")
    colab(lambda name: {"WAVE_API_KEY": " sk-colab\n"}.get(name) or no_secret(name))
    assert (credentials.find().secret, credentials.find().source) == ("sk-colab", "Colab secret WAVE_API_KEY")
    for variable in reversed(credentials.KEY_VARIABLES):
        monkeypatch.setenv(variable, f"  sk-{variable}\n")
        assert (credentials.find().secret, credentials.find().source) == (f"sk-{variable}", variable)
    credentials.type_in("sk-typed")
    assert (credentials.find().secret, credentials.find().source) == ("sk-typed", "%qwave key")
    credentials.forget()
    for variable in credentials.KEY_VARIABLES:
        monkeypatch.setenv(variable, "  ")
    assert credentials.find().source == "Colab secret WAVE_API_KEY"


@pytest.mark.parametrize(
    ("get", "questions"),
    [
        (no_secret, 3),
        (lambda _: None, 3),
        (lambda _: "", 3),
        # Each question would open the same dialog again.
        (refusing(NotebookAccessError(SECRET)), 1),
        (refusing(TimeoutError(SECRET)), 1),
    ],
)
def test_colab_without_the_secret(colab, get, questions):
    asked = []
    colab(lambda name: asked.append(name) or get(name))
    assert credentials.find() is None
    assert len(asked) == questions


def test_module_that_only_looks_like_colab(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    monkeypatch.delitem(sys.modules, "google.colab.userdata", raising=False)
    assert credentials.find() is None


def test_keyring_is_not_imported_unasked(monkeypatch):
    keyring = Keyring()
    monkeypatch.delitem(sys.modules, "keyring", raising=False)

    class Finder:
        @staticmethod
        def find_spec(name, *_):
            assert name.partition(".")[0] != "keyring"

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    assert credentials.find() is None
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    credentials.find()
    assert keyring.asked == 1


@pytest.mark.parametrize("held", [None, "", "  \n"])
def test_keyring_without_an_entry(monkeypatch, held):
    keyring = Keyring()
    keyring.drawer["qwave-jupyter", "api-key"] = held
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert credentials.find() is None


def test_keyring_key_is_found_next_session(monkeypatch, clean_environment, tmp_path):
    keyring = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    credentials.remember(f" {SECRET}\n")
    assert credentials.find().source == "%qwave key"
    credentials.forget()
    # The next session: the module lies on the path and nobody has imported it.
    (tmp_path / "keyring.py").write_text(f"def get_password(*_):\n    return {SECRET!r}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "keyring")
    assert (credentials.find().secret, credentials.find().source) == (SECRET, "keyring")
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    credentials.forget_remembered()
    assert keyring.drawer == {}
    monkeypatch.delitem(sys.modules, "keyring")
    assert credentials.find() is None
    assert "keyring" not in sys.modules
    home = clean_environment / "home"
    assert SECRET.encode() not in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize("problem", [KeyError("no such password"), None])
def test_keyring_forgets_a_missing_entry(monkeypatch, problem):
    monkeypatch.setitem(sys.modules, "keyring", Keyring(problem=problem))
    credentials.type_in(SECRET)
    credentials.forget_remembered()
    assert credentials.find() is None


def test_keyring_failure_keeps_the_typed_key(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", Keyring(problem=RuntimeError(f"no backend for {SECRET}")))
    with pytest.raises(ConfigurationError, match="RuntimeError") as caught:
        credentials.remember(SECRET)
    assert SECRET not in everything_shown(caught.value)
    assert "\n" not in str(caught.value)
    assert default()._key() == SECRET
    credentials.forget()
    assert credentials.find() is None


def test_keyring_missing_names_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigurationError, match="pip install keyring") as caught:
        credentials.remember(SECRET)
    assert SECRET not in everything_shown(caught.value)


@pytest.mark.parametrize("keep", [credentials.type_in, credentials.remember])
@pytest.mark.parametrize("text", [MISTYPED, f"{SECRET}\x7f", f"{SECRET}\u200b", f"{SECRET}\n{SECRET}", "", " \t"])
def test_unusable_key_shows_in_no_frame(monkeypatch, keep, text):
    monkeypatch.setitem(sys.modules, "keyring", Keyring())
    credentials.type_in("sk-before")
    with pytest.raises(ConfigurationError) as caught:
        keep(text)
    shown = everything_shown(caught.value)
    assert "Nearly" not in shown
    assert SECRET not in shown
    # A slip doesn't cost the key that served.
    assert default()._key() == "sk-before"


@pytest.mark.parametrize("place", ["typed", "environment", "colab", "keyring"])
def test_key_of_any_source_is_hidden(monkeypatch, colab, server, place):
    if place == "typed":
        credentials.type_in(SECRET)
    elif place == "environment":
        monkeypatch.setenv("WAVEAPI_API_KEY", SECRET)
    elif place == "colab":
        colab(lambda _: SECRET)
    else:
        keyring = Keyring()
        keyring.drawer["qwave-jupyter", "api-key"] = SECRET
        monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setenv("QWAVE_BASE_URL", server.url)
    server.answers(json_reply({"task_id": "t1", "status": "queued"}))
    bench = default().context()
    bench.client.task("t1")
    assert server.seen[0].headers["Authorization"] == f"Bearer {SECRET}"
    assert str(server.seen[0].headers).count(SECRET) == 1
    assert SECRET.encode() not in pickle.dumps([credentials.find(), bench.client, bench.journal])
    for shown in (bench, bench.client, credentials.find(), default().settings, vars(default())):
        assert SECRET not in repr(shown)
    bench.client.close()


def test_key_given_as_another_type_is_hidden():
    for error in (
        UnknownModel("catalog.unknown_model", given=SECRET, edition="2026-04", near=""),
        OptionMistake("options.unknown", option=f"--seed={SECRET}", near=""),
        OptionMistake("options.unknown_command", given=f"key={SECRET}", allowed=("key",), near=""),
    ):
        assert SECRET not in f"{error} {error!r} {error._render_traceback_()}"
        assert "sk-…" in str(error)
    assert "desk-2-drawers-and-more" in str(
        UnknownModel("catalog.unknown_model", given="desk-2-drawers-and-more", edition="", near="")
    )
