"""Wherever a magic may stand: nested, in scripts, under another name, among other libraries' transformers."""

from __future__ import annotations

import json

import pytest

from tests.notebook.kernels import Kernel

pytestmark = pytest.mark.kernel

LEFT = """
import json, threading
from qwave_jupyter import frontend
ip = get_ipython()
print(json.dumps({
    "magics": sorted(name for kind in ip.magics_manager.magics.values() for name in kind if "qwave" in name),
    "transformers": len([one for one in ip.input_transformers_post if "qwave" in type(one).__module__]),
    "matchers": len([one for one in ip.Completer.custom_matchers if "qwave" in getattr(one, "matcher_identifier", "")]),
    "callbacks": len([one for one in ip.events.callbacks["pre_run_cell"] if "qwave" in one.__module__]),
    "formatters": sorted(kind for kind, one in ip.display_formatter.formatters.items()
        if any("qwave_jupyter.catalog" in str(key) for key in (*one.deferred_printers, *one.type_printers))),
    "frontend": type(frontend.current()).__name__,
    "configurables": len([one for one in ip.configurables if type(one).__name__ == "QWave"]),
}))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with scripts."""
    folder = tmp_path_factory.mktemp("cells")
    (folder / "script.py").write_text("get_ipython().run_cell_magic('qwave', '-o scripted', 'a city')\n", "utf-8")
    (folder / "script.ipy").write_text("%%qwave -o scripted\na city\n", encoding="utf-8")
    return folder


def left(kernel):
    _, text, _ = kernel.said_by(LEFT)
    return json.loads(text)


PLACES = {
    "time": "%%time\n%%qwave -o made\na city",
    "capture": "%%capture\n%%qwave -o made\na city",
    "api": "%%capture caught\nimport qwave_jupyter\nmade = qwave_jupyter.generate('a city')",
    "function": "def make():\n    get_ipython().run_cell_magic('qwave', '-o made', 'a city')\nmake()",
    "script": "%run script.py\nmade = scripted",
    "ipy": "%run script.ipy\nmade = scripted",
    "run_cell": "get_ipython().run_cell('%%qwave -o made\\na city').raise_error()",
    "alias": "%alias_magic --cell paint qwave\nget_ipython().run_cell('%%paint -o made\\na city').raise_error()",
    "top alias": "get_ipython().run_line_magic('alias_magic', '--cell paint qwave')\n---\n%%paint -o made\na city",
    "alias with options": "%alias_magic --cell small qwave -p '-r 1:1'\n"
    "get_ipython().run_cell('%%small -o made\\na cat').raise_error()",
    "top alias with options": "%alias_magic --cell small qwave -p '-r 1:1'\n---\n%%small -o made\na city",
    "blank lines": "\n\n%%qwave -o made\na city",
    "continued line": "%%qwave \\\n  -o made\na city",
}


@pytest.mark.slow_except("[time", "[script", "[run_cell", "continued")
@pytest.mark.parametrize("cells", PLACES.values(), ids=PLACES.keys())
def test_magic_works_in_place(kernel, cells):
    for cell in cells.split("\n---\n"):
        reply, text, _ = kernel.said_by(cell)
        assert reply["status"] == "ok", text
        assert "coroutine" not in text
    assert "True" in kernel.said_by("print(made[0].path.exists()); del made")[1]
    assert [row["state"] for row in kernel.new_rows()] == ["done"]


CALL = "get_ipython().run_cell_magic('qwave', '', 'a blue dog')"


@pytest.mark.slow_except("False-%%qwave\\na red")
@pytest.mark.parametrize(
    "before", ["%%qwave\na red cat", "%%time\n%%qwave\na red cat", "%%qwave -r 16:9\nan owl\nat night"]
)
@pytest.mark.parametrize("silent", [False, True])
def test_call_of_the_magic_has_its_own_prompt(kernel, before, silent):
    kernel.run(before)
    if silent:
        kernel.wait(kernel.client.execute(CALL, silent=True))
    else:
        kernel.run(CALL)
    assert [row["prompt"] for row in kernel.new_rows()][-1] == "a blue dog"


@pytest.mark.slow_except("[>>> a cat")
@pytest.mark.parametrize("prompt", [">>> a cat", "a red\n>>> cat", "In [1]: a cat"])
def test_prompt_keeps_what_ipython_takes_for_a_prompt(kernel, prompt):
    kernel.run(f"%%qwave\n{prompt}")
    assert kernel.new_rows()[-1]["prompt"] == prompt


def test_magic_without_autoawait(kernel):
    kernel.said_by("%autoawait off")
    try:
        reply, text, _ = kernel.said_by("%%qwave -o made\na city")
        assert reply["status"] == "ok"
        assert "coroutine" not in text
    finally:
        kernel.said_by("%autoawait on")
    assert "True" in kernel.said_by("print(made[0].path.exists())")[1]


@pytest.mark.slow_except("behind")
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
def test_magic_beside_other_transformers(kernel, there, gone):
    assert kernel.said_by(f"ip = get_ipython()\n{there}")[0]["status"] == "ok"
    try:
        reply, text, _ = kernel.said_by("%%qwave -o made\nA city")
        assert reply["status"] == "ok", text
    finally:
        kernel.said_by(gone)
    assert "True" in kernel.said_by("print(made[0].path.exists()); del made")[1]


def test_unload_leaves_nothing(kernel):
    kernel.said_by("import qwave_jupyter as qwave\nmodel = qwave.model('gpt-image-2').model\nmodel")
    first = left(kernel)
    assert first["formatters"] == ["text/html", "text/plain"]
    assert first["frontend"] == "_NotebookFrontend"
    for cell in ("%load_ext qwave_jupyter", "%reload_ext qwave_jupyter", "qwave.load_ipython_extension(get_ipython())"):
        assert kernel.said_by(cell)[0]["status"] == "ok"
        assert left(kernel) == first
    assert kernel.said_by("%%qwave --dry-run\na cat")[0]["status"] == "ok"
    kernel.said_by("%unload_ext qwave_jupyter")
    after = left(kernel)
    assert after.pop("frontend") == "PlainFrontend"
    assert not any(after.values()), after
    assert kernel.said_by("%%qwave --dry-run\na cat")[0]["status"] == "error"
    kernel.said_by("%load_ext qwave_jupyter")
    assert left(kernel) == first


def test_model_shows_as_card(kernel):
    (sent,) = kernel.queue("from qwave_jupyter.session import default\ndefault().catalog.model('gpt-image-2')")
    kernel.wait(sent)
    (result,) = [content for kind, content in kernel.outputs[sent] if kind == "execute_result"]
    assert "--output-format" in result["data"]["text/html"] or "output_format" in result["data"]["text/html"]
    assert "gpt-image-2" in result["data"]["text/plain"]
    assert "Parameter(" not in result["data"]["text/plain"]


def test_load_reports_open_jobs(generation, demo, tmp_path):
    environment = demo.server.environment(tmp_path)
    demo.hold()
    first = Kernel(generation, environment, tmp_path, setup="")
    try:
        assert first.said_by("%load_ext qwave_jupyter")[1] == ""
        (cell,) = first.queue("%%qwave\na lighthouse")
        first.until(lambda: first.shows_task(cell))
    finally:
        first.close()
    second = Kernel(generation, environment, tmp_path, setup="")
    try:
        _, text, _ = second.said_by("import sys; before = set(sys.modules)\n%load_ext qwave_jupyter")
        assert text.strip() == "1 job of an earlier session is still open: %qwave resume fetches its images."
        _, text, _ = second.said_by("print({'requests', 'PIL', 'ipywidgets'} & (set(sys.modules) - before))")
        assert text.strip() == "set()"
    finally:
        second.close()
        demo.reset()
