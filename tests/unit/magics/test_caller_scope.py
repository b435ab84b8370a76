"""Which variable a name means: the caller's, the notebook's, or the embedding module's."""

from __future__ import annotations

import importlib
import re
import types
import warnings

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from qwave_jupyter.errors import OptionMistake, RequestRefused
from qwave_jupyter.jobs.request import fill_prompt
from qwave_jupyter.magics.caller_scope import find_caller_variables, find_shell_variables


@pytest.fixture
def shell():
    made = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    found = []

    def probe(line, cell=None):
        found.append(fill_prompt(cell or line, find_caller_variables(made)))

    # As in the package: what calls find_caller_variables() is no caller itself.
    names = {**globals(), "__name__": "qwave_jupyter.x"}
    probe = types.FunctionType(probe.__code__, names, "probe", (None,), probe.__closure__)
    probe._ipython_magic_no_var_expand = True
    made.register_magic_function(probe, "line_cell", "probe")
    made.user_ns["get_ipython"] = lambda: made
    made.found = found
    yield made
    made.reset()


def run(shell, *cells):
    for cell in cells:
        shell.run_cell(cell).raise_error()
    return shell.found


CALL = "get_ipython().run_cell_magic('probe', '', '{{animal}}')"


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["%%probe\n{{animal}}"], "newt"),
        ([f"def f(animal):\n    {CALL}\nf('otter')"], "otter"),
        (["def f(animal):\n    %probe {{animal}}\nf('otter')"], "otter"),
        ([f"def f():\n    animal = 'elk'\n    {CALL}\nf()"], "elk"),
        ([f"def f():\n    {CALL}\nf()"], "newt"),
        ([f"def f(animal):\n    return [{CALL} for _ in '1']\nf('elk')"], "elk"),
        ([f"[{CALL} for animal in ['yak']]"], "yak"),
        ([f"class Zoo:\n    animal = 'yak'\n    {CALL}"], "yak"),
        ([f"f = lambda animal: {CALL}\nf('ibis')"], "ibis"),
        ([f"def f(animal):\n    class Zoo:\n        {CALL}\nf('elk')"], "elk"),
        ([f"def f(animal):\n    list({CALL} for _ in '1')\nf('elk')"], "elk"),
        ([f"def f():\n    list({CALL} for animal in ['ibis'] for _ in '1')\nf()"], "ibis"),
        ([f"def f(animal):\n    {{_: [{CALL} for _ in '1'] for _ in '1'}}\nf('elk')"], "elk"),
        ([f"def f(animal):\n    def g():\n        {CALL}\n        return animal\n    g()\nf('elk')"], "elk"),
        ([f"def f(other):\n    def g():\n        {CALL}\n    g()\nf('elk')"], "newt"),
        ([f"def f():\n    global animal\n    def g():\n        {CALL}\n    g()\nf()"], "newt"),
        ([f"class Zoo:\n    animal = 'yak'\n    def f(self):\n        {CALL}\nZoo().f()"], "newt"),
        ([f"class Zoo:\n    animal = 'yak'\n    del animal\n    {CALL}"], "newt"),
    ],
)
def test_caller_variables_go_first(shell, cells, wanted):
    assert run(shell, "animal = 'newt'", *cells)[-1].strip() == wanted


NOT_HERE = "no other variable of that name is taken instead"


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (f"def f(animal):\n    def g():\n        {CALL}\n    g()", "animal of f()"),
        (f"def f(animal):\n    (lambda: {CALL})()", "animal of f()"),
        (f"def f(animal):\n    class Zoo:\n        def g(self):\n            {CALL}\n    Zoo().g()", "animal of f()"),
        (f"def f(animal):\n    def g():\n        (lambda: {CALL})()\n    g()", "animal of f()"),
        (f"def g(animal):\n    return ({CALL} for _ in '1')\ndef f(x):\n    list(g(x))", "animal of g()"),
        (f"def f(x):\n    {CALL}\n    animal = x", "has no value here"),
        (f"def f(animal):\n    del animal\n    {CALL}", "has no value here"),
        (f"def f(animal):\n    del animal\n    [{CALL} for _ in '1']", "has no value here"),
        (f"def f(animal):\n    del animal\n    class Zoo:\n        {CALL}", "has no value here"),
        (f"def f(animal):\n    def g():\n        {CALL}\n        animal\n    del animal\n    g()", "has no value"),
    ],
)
def test_unreachable_variable_is_no_global(shell, cell, told):
    run(shell, "animal = 'newt'")
    with pytest.raises(OptionMistake, match=re.escape(told)) as refused:
        run(shell, f"{cell}\nf('elk')")
    assert NOT_HERE in str(refused.value)
    assert shell.found == []


def test_source_of_the_caller_warns_only_once(shell, tmp_path, monkeypatch):
    text = f"def f(animal, get_ipython):\n    def g():\n        {CALL}\n    return g, '\\d'\n"
    (tmp_path / "scope_warned.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.warns((DeprecationWarning, SyntaxWarning)):
        module = importlib.import_module("scope_warned")
    filters = list(warnings.filters)
    with pytest.raises(OptionMistake, match=re.escape("animal of f()")):
        module.f("elk", lambda: shell)[0]()
    assert warnings.filters == filters


def test_caller_in_another_module_sees_its_own_globals(shell, tmp_path, monkeypatch):
    text = f"animal = 'heron'\ndef f(get_ipython):\n    {CALL}\n"
    (tmp_path / "scope_helper.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert run(shell, "animal = 'newt'\nimport scope_helper", "scope_helper.f(get_ipython)") == ["heron"]


def test_embedded_shell_sees_its_module():
    embedded = types.SimpleNamespace(user_ns={"place": "a lake", "x": 1}, user_global_ns={"ANIMAL": "heron", "x": 2})
    assert dict(find_shell_variables(embedded)) == {"ANIMAL": "heron", "place": "a lake", "x": 1}
    own = {"a": 1}
    assert find_shell_variables(types.SimpleNamespace(user_ns=own, user_global_ns=own)) is own


@pytest.mark.parametrize("name", ["animal", "wo", "ort_2"])
def test_python_hint_names_variables(name):
    with pytest.raises(RequestRefused) as refused:
        fill_prompt(f"A {{{{{name}}}}}", {})
    assert f'variables={{"{name}": {name}}}' in str(refused.value)
