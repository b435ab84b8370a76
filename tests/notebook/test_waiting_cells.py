"""Wherever a magic may stand: nested, in scripts, under another name, among other libraries' transformers."""

from __future__ import annotations

import json

import pytest

from tests.notebook.kernels import VERSIONS, Kernel, journal_rows

pytestmark = pytest.mark.kernel

LEFT = """
import json, threading
from qwave_jupyter import surroundings
from qwave_jupyter.generation import patience
ip = get_ipython()
print(json.dumps({
    "magics": sorted(name for kind in ip.magics_manager.magics.values() for name in kind if "qwave" in name),
    "transformers": len([one for one in ip.input_transformers_post if "qwave" in type(one).__module__]),
    "matchers": len([one for one in ip.Completer.custom_matchers if "qwave" in getattr(one, "matcher_identifier", "")]),
    "callbacks": len([one for one in ip.events.callbacks["pre_run_cell"] if "qwave" in one.__module__]),
    "formatters": sorted(kind for kind, one in ip.display_formatter.formatters.items()
        if any("qwave_jupyter.catalog" in str(key) for key in (*one.deferred_printers, *one.type_printers))),
    "presenters": len(surroundings._presenter) + len(surroundings._batch_presenter),
    "ways": len(patience._way) + len(patience._leaving),
    "configurables": len([one for one in ip.configurables if type(one).__name__ == "QWave"]),
}))
"""


@pytest.fixture(scope="module")
def kernel(quick_server, tmp_path_factory):
    home = tmp_path_factory.mktemp("cells")
    started = Kernel(VERSIONS[-1], quick_server.environment(home), home)
    started.home = home
    started.run("%load_ext qwave_jupyter")
    (home / "script.py").write_text("get_ipython().run_cell_magic('qwave', '-o scripted', 'a city')\n", "utf-8")
    (home / "script.ipy").write_text("%%qwave -o scripted\na city\n", encoding="utf-8")
    yield started
    started.close()


def said(kernel, cell):
    (sent,) = kernel.queue(cell)
    kernel.wait(sent)
    return kernel.replies[sent], kernel.text(sent)


def left(kernel):
    _, text = said(kernel, LEFT)
    return json.loads(text)


@pytest.mark.parametrize(
    "cell",
    [
        "%%time\n%%qwave -o made\na city",
        "%%capture\n%%qwave -o made\na city",
        "%%capture caught\nimport qwave_jupyter\nmade = qwave_jupyter.generate('a city')",
        "def make():\n    get_ipython().run_cell_magic('qwave', '-o made', 'a city')\nmake()",
        "%run script.py\nmade = scripted",
        "%run script.ipy\nmade = scripted",
        "get_ipython().run_cell('%%qwave -o made\\na city').raise_error()",
        "%alias_magic --cell paint qwave\nget_ipython().run_cell('%%paint -o made\\na city').raise_error()",
        "%%paint -o made\na city",
        "%alias_magic --cell small qwave -p '-r 1:1'\nget_ipython().run_cell('%%small -o made\\na cat').raise_error()",
        "%%small -o made\na city",
        "\n\n%%qwave -o made\na city",
        "%%qwave \\\n  -o made\na city",
    ],
)
def test_a_magic_makes_its_picture_wherever_it_stands(kernel, cell):
    before = len(journal_rows(kernel.home))
    reply, text = said(kernel, cell)
    assert reply["status"] == "ok", text
    _, text = said(kernel, "print(made[0].path.exists()); del made")
    assert "True" in text
    rows = journal_rows(kernel.home)
    assert len(rows) == before + 1
    assert rows[-1]["state"] == "done"
    assert "coroutine" not in text


def test_without_autoawait_a_cell_waits_all_the_same(kernel):
    said(kernel, "%autoawait off")
    try:
        reply, text = said(kernel, "%%qwave -o made\na city")
        assert reply["status"] == "ok"
        assert "coroutine" not in text
    finally:
        said(kernel, "%autoawait on")
    assert "True" in said(kernel, "print(made[0].path.exists())")[1]


@pytest.mark.parametrize("body", ["", "\n", "\n\n"])
def test_help_needs_no_body(kernel, body):
    reply, text = said(kernel, "%%qwave --help -m wan2.7-image" + body)
    assert reply["status"] == "ok"
    assert "--color-palette" in text


@pytest.mark.parametrize(
    ("there", "gone"),
    [
        # Lines in front, as timers and linters put them; a line behind; a library that wraps what it finds.
        (
            "front = lambda lines: ['pass\\n', *lines]\nget_ipython().input_transformers_post.insert(0, front)",
            "get_ipython().input_transformers_post.remove(front)",
        ),
        (
            "behind = lambda lines: [*lines, 'seen = True\\n']\nget_ipython().input_transformers_post.append(behind)",
            "get_ipython().input_transformers_post.remove(behind)",
        ),
        (
            "first = lambda all: [one.replace('A', 'B') for one in all]\nip.input_transformers_cleanup.append(first)",
            "get_ipython().input_transformers_cleanup.remove(first)",
        ),
    ],
)
def test_other_libraries_transformers_are_no_obstacle(kernel, there, gone):
    assert said(kernel, f"ip = get_ipython()\n{there}")[0]["status"] == "ok"
    try:
        reply, text = said(kernel, "%%qwave -o made\nA city")
        assert reply["status"] == "ok", text
    finally:
        said(kernel, gone)
    assert "True" in said(kernel, "print(made[0].path.exists()); del made")[1]


def test_loading_twice_is_once_and_unloading_leaves_nothing_behind(kernel):
    said(kernel, "import qwave_jupyter as qwave\nmodel = qwave.model('gpt-image-2').model\nmodel")
    first = left(kernel)
    assert first["formatters"] == ["text/html", "text/plain"]
    assert (first["presenters"], first["ways"]) == (2, 2)
    for cell in ("%load_ext qwave_jupyter", "%reload_ext qwave_jupyter", "qwave.load_ipython_extension(get_ipython())"):
        assert said(kernel, cell)[0]["status"] == "ok"
        assert left(kernel) == first
    assert said(kernel, "%%qwave --dry-run\na cat")[0]["status"] == "ok"
    said(kernel, "%unload_ext qwave_jupyter")
    after = left(kernel)
    assert not any(after.values()), after
    assert said(kernel, "%%qwave --dry-run\na cat")[0]["status"] == "error"
    said(kernel, "%load_ext qwave_jupyter")
    assert left(kernel) == first


def test_a_model_of_the_catalogue_shows_itself_as_a_card(kernel):
    (sent,) = kernel.queue("from qwave_jupyter import settings\nsettings.catalog().model('gpt-image-2')")
    kernel.wait(sent)
    (result,) = [content for kind, content in kernel.outputs[sent] if kind == "execute_result"]
    assert "--output-format" in result["data"]["text/html"] or "output_format" in result["data"]["text/html"]
    assert "gpt-image-2" in result["data"]["text/plain"]
    assert "Parameter(" not in result["data"]["text/plain"]


def test_jobs_that_were_left_open_are_told_of_in_one_line_at_load(kernel, slow_server, tmp_path):
    version = VERSIONS[-1]
    environment = slow_server.environment(tmp_path)
    first = Kernel(version, environment, tmp_path)
    assert said(first, "%load_ext qwave_jupyter")[1] == ""
    first.queue("%%qwave\na lighthouse")
    first.until(lambda: bool(journal_rows(tmp_path) and journal_rows(tmp_path)[-1]["task_id"]))
    first.close()
    second = Kernel(version, environment, tmp_path)
    try:
        _, text = said(second, "import sys; before = set(sys.modules)\n%load_ext qwave_jupyter")
        assert text.strip() == "1 job of an earlier session is still open: %qwave resume fetches its pictures."
        _, text = said(second, "print({'requests', 'PIL', 'ipywidgets'} & (set(sys.modules) - before))")
        assert text.strip() == "set()"
    finally:
        second.close()
