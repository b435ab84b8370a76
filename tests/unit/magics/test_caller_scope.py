"""Which variable a name means: the caller's, the notebook's, or the embedding module's."""

from __future__ import annotations

import importlib
import re
import sys
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
        ([f"f = lambda: {CALL}", "f()"], "newt"),
        ([f"f = lambda: [(lambda: {CALL})() for _ in '1']", "f()"], "newt"),
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


IN_COMPREHENSIONS = [
    "[(lambda: {call})() for animal in ['otter']]",
    "{{_: (lambda: {call})() for _, animal in [(1, 'otter')]}}",
    "list((lambda: {call})() for animal in ['otter'])",
    "{{(lambda: {call})() for animal in ['otter']}}",
    "[(lambda: (lambda: {call})())() for animal in ['otter']]",
    "class Zoo:\n    [(lambda: {call})() for animal in ['otter']]",
    "class Zoo:\n    list((lambda: {call})() for animal in ['otter'])",
    "all_of = [lambda: {call} for animal in ['otter']]\nall_of[0]()",
    "[[(lambda: {call})() for _ in '1'] for animal in ['otter']]",
]


@pytest.mark.parametrize("cell", IN_COMPREHENSIONS)
@pytest.mark.parametrize("way", ["{cell}", "exec({cell!r})", "%%time\n{cell}"])
def test_variable_of_a_comprehension_is_no_global(shell, cell, way):
    run(shell, "animal = 'newt'")
    with pytest.raises(OptionMistake, match="comprehension") as refused:
        run(shell, way.format(cell=cell.format(call=CALL)))
    assert NOT_HERE in str(refused.value)
    assert shell.found == []


@pytest.mark.parametrize("cell", IN_COMPREHENSIONS)
def test_variable_of_a_comprehension_is_handed_over(shell, cell):
    given = cell.format(call=CALL).replace(f"lambda: {CALL}", f"lambda animal=animal: {CALL}")
    if "lambda: (" in given:
        given = given.replace("lambda: (", "lambda animal=animal: (")
    assert run(shell, "animal = 'newt'", given) == ["otter"]


DECORATED = """import functools
def decorate(f):
    @functools.wraps(f)
    def call(*args):
        return f(*args)
    return call
@decorate"""
INNER = f"def f(animal):\n    def g():\n        {CALL}\n    return g\n"


@pytest.mark.parametrize(
    "cell",
    [
        INNER,
        f"f = lambda animal: lambda: {CALL}",
        f"class Zoo:\n    @staticmethod\n    def f(animal):\n        return lambda: {CALL}\nf = Zoo.f",
        f"def f(animal):\n    def g():\n        return (lambda: {CALL})()\n    return g",
        f"def f(animal):\n    return lambda: [(lambda: {CALL})() for _ in '1']",
    ],
)
@pytest.mark.parametrize("way", ["%%time\n{cell}", "exec({cell!r})", "exec({cell!r}, globals())"])
def test_closure_without_source_takes_no_global(shell, cell, way):
    run(shell, "animal = 'newt'", way.format(cell=cell))
    with pytest.raises(OptionMistake, match=re.escape("the variable animal of ")):
        run(shell, "f('otter')()")
    with pytest.raises(OptionMistake, match="can't be told whether animal is") as refused:
        run(shell, "g = f('otter')", "del f\nZoo = None", "g()")
    assert NOT_HERE in str(refused.value)
    assert shell.found == []


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        (f"def f(other):\n    return lambda: {CALL}", "newt"),
        (f"def f(other):\n    def g(animal='elk'):\n        {CALL}\n    return g", "elk"),
        (f"def f(other):\n    def g():\n        return [{CALL} for animal in ['yak']]\n    return g", "yak"),
        (f"def f(other):\n    def g():\n        {CALL}\n    return g", "newt"),
        (f"all_of = [animal for animal in 'ab']\ndef f(other):\n    return lambda: {CALL}", "newt"),
        (f"{DECORATED}\ndef f(other):\n    return lambda: {CALL}", "newt"),
    ],
)
@pytest.mark.parametrize("way", ["{cell}", "%%time\n{cell}", "exec({cell!r})"])
def test_closure_takes_what_is_certain(shell, cell, wanted, way):
    assert run(shell, "animal = 'newt'", way.format(cell=cell), "f('otter')()") == [wanted]


@pytest.mark.parametrize("name", ["animal='elk'", "x, animal='elk', *rest"])
def test_closure_without_source_sees_its_own_variables(shell, name):
    cell = f"def f(other):\n    def g({name}):\n        {CALL}\n    return g\ng = f(1)\ndel f"
    assert run(shell, "animal = 'newt'", f"exec({cell!r})", "g(1, 'elk')" if "x" in name else "g()") == ["elk"]


@pytest.mark.parametrize(
    "cell",
    [
        "a = lambda animal: lambda: {call}; b = lambda other: lambda: {call}",
        "b = lambda other: lambda: {call}; a = lambda animal: lambda: {call}",
        "a, b = (lambda animal: lambda: {call}), (lambda x: lambda: {call})",
    ],
)
def test_lambdas_on_one_line_are_told_apart(shell, cell):
    # The outer functions are no variables any more, so that only the source tells.
    run(shell, "animal = 'newt'", cell.format(call=CALL), "a, b = a('otter'), b(1)")
    assert run(shell, "b()") == ["newt"]
    with pytest.raises(OptionMistake, match=re.escape("the variable animal of <lambda>()")):
        run(shell, "a()")


@pytest.mark.parametrize(
    "edited",
    [
        INNER.replace("animal):", "beast):"),
        f"\n\n{INNER}",
        "def other():\n    pass\n",
        INNER.replace("def f(animal)", "def f(beast, x=1)"),
    ],
)
def test_closure_of_an_edited_module_takes_no_global(shell, tmp_path, monkeypatch, edited):
    monkeypatch.delitem(sys.modules, "scope_edited", raising=False)
    file = tmp_path / "scope_edited.py"
    file.write_text(f"animal = 'heron'\n{INNER}")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("scope_edited")
    file.write_text(f"animal = 'heron'\n{edited}")
    module.get_ipython = lambda: shell
    with pytest.raises(OptionMistake, match=re.escape("the variable animal of f()")):
        module.f("otter")()
    g = module.f("otter")
    # Reloaded, it holds the new function alone.
    del module.f
    with pytest.raises(OptionMistake, match=r"the variable animal of|can't be told whether animal is"):
        g()
    assert shell.found == []


def test_source_of_the_caller_warns_only_once(shell, tmp_path, monkeypatch):
    text = f"def f(animal, get_ipython):\n    def g():\n        {CALL}\n    return g, '\\d'\n"
    (tmp_path / "scope_warned.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.warns((DeprecationWarning, SyntaxWarning)):
        module = importlib.import_module("scope_warned")
    filters = list(warnings.filters)
    g, _ = module.f("elk", lambda: shell)
    # Without it the source is compiled again.
    del module.f
    with pytest.raises(OptionMistake, match=re.escape("animal of f()")):
        g()
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
