"""A row that can't become a request ends in one line that names it, in whatever form the rows come."""

from __future__ import annotations

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake, QwaveError, RequestRefused, UnknownModel, UserMistake
from tests.fake_session import replace_default

GONE = RuntimeError("gone")

pandas = pytest.importorskip("pandas")


@pytest.fixture(autouse=True)
def ours(clean_environment, bench, monkeypatch):
    replace_default(monkeypatch, bench)


def errors_of(rows, **options):
    batch = qwave.batch(rows, **{"model": "gpt-image-2", **options})
    outcomes = batch.results()
    for one in outcomes:
        assert one.error is None or "\n" not in str(one.error)
    return {one.index: one.error for one in outcomes if one.error is not None}


def as_list(rows):
    return rows


def as_generator(rows):
    yield from rows


def as_frame(rows):
    return pandas.DataFrame(rows)


FORMS = pytest.mark.parametrize("make", [as_list, as_generator, as_frame])


@FORMS
@pytest.mark.parametrize(
    ("row", "kind", "said"),
    [
        ({"prompt": "a", "sead": 3}, RequestRefused, "row 3: gpt-image-2 has no option sead; it has"),
        ({"prompt": "a", "aspect_ratio": "99:1"}, RequestRefused, "row 3: aspect_ratio can be"),
        ({"prompt": "a", "model": "nope"}, UnknownModel, "row 3: there is no model 'nope'"),
        ({"prompt": "{{name}}"}, RequestRefused, "row 3: the prompt asks for {{name}}"),
        ({"prompt": "a", "force": "yes"}, OptionMistake, "row 3: force must be True or False"),
        ({"prompt": "a", "variables": 5}, OptionMistake, "row 3: variables must be"),
    ],
    ids=["key", "value", "model", "variable", "force", "variables"],
)
def test_refused_row_is_named(make, row, kind, said):
    (error,) = (errors := errors_of(make([{"prompt": "one"}, {"prompt": "two"}, row]))).values()
    assert list(errors) == [2]
    assert type(error) is kind
    assert str(error).startswith(said)


@FORMS
@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"promt": "a"}, "has the key promt and no prompt"),
        ({"text": "a", "seed": 1}, "has no prompt; its keys are text, seed."),
        ({"Prompt": "a", "n": 2, "model": "x"}, "has no prompt; its keys are Prompt, n, model."),
    ],
)
def test_row_without_a_prompt_names_its_keys(make, row, said):
    errors = errors_of(make([row]))
    assert list(errors) == [0]
    assert str(errors[0]).startswith("row 1: a row is a prompt, or a dict with prompt and parameters; this one ")
    assert said in str(errors[0])


@pytest.mark.parametrize("row", [5, None, b"x", ["a"], object(), {}, 1.5])
def test_row_of_another_kind_is_named(row):
    errors = errors_of(["a cat", row])
    assert list(errors) == [1]
    assert str(errors[1]).startswith("row 2: a row is a prompt, or a dict with prompt and parameters; this one is a ")


def test_named_row_in_chinese():
    i18n.use("zh")
    try:
        errors = errors_of([{"prompt": "a"}, {"prompt": "a", "sead": 1}, {"promt": "a"}])
        assert str(errors[1]).startswith("第 2 行：gpt-image-2 没有选项 sead")
        assert str(errors[2]).startswith("第 3 行：")
    finally:
        i18n.use(None)


def test_row_may_have_variables(server):
    rows = [{"prompt": "a {{what}}", "variables": {"what": what}} for what in ("cat", "dog", "fox")]
    assert errors_of(rows) == {}
    assert sorted(body["prompt"] for body in server.bodies) == ["a cat", "a dog", "a fox"]
    assert errors_of(["a {{what}}"], variables={"what": "hare"}) == {}
    assert server.bodies[-1]["prompt"] == "a hare"


class Table:
    """Looks like a DataFrame, and fails at some row."""

    columns = ("prompt",)

    def __init__(self, good, problem):
        self.good, self.problem = good, problem

    def to_dict(self):
        raise NotImplementedError

    def itertuples(self, index=True):
        for _ in range(self.good):
            yield ("a cat",)
        raise self.problem


class FailingIter(list):
    def __iter__(self):
        raise GONE


class FailingRow(dict):
    def items(self):
        raise GONE


@pytest.mark.parametrize("good", [0, 1, 3])
@pytest.mark.parametrize("problem", [ValueError("file closed"), KeyError("prompt"), OSError(5, "I/O")], ids=repr)
def test_table_that_raises_names_the_row(server, good, problem):
    said = rf"^row {good + 1} of the Table can't be read \({type(problem).__name__}"
    with pytest.raises(UserMistake, match=said) as no:
        qwave.batch(Table(good, problem))
    assert "Nothing was ordered" in str(no.value)
    assert "\n" not in str(no.value)
    assert no.value.__cause__ is problem
    assert server.seen == []


def test_rows_that_can_not_be_begun_are_refused(server):
    with pytest.raises(UserMistake, match=r"^row 1 of the FailingIter can't be read \(RuntimeError: gone\)"):
        qwave.batch(FailingIter("ab"))
    assert server.seen == []


@pytest.mark.parametrize("place", [0, 1, 2])
def test_frame_whose_value_is_not_compared(place):
    class Cell:
        def __ne__(self, other):
            raise GONE

        __hash__ = None

    rows = [{"prompt": "a", "seed": seed} for seed in range(3)]
    rows[place]["seed"] = Cell()
    errors = errors_of(as_frame(rows))
    assert list(errors) == [place]
    assert str(errors[place]).startswith(f"row {place + 1}: seed must be a whole number (integer); you gave <")
    assert list(errors_of([FailingRow(prompt="a")])) == [0]


@pytest.mark.parametrize("name", ["prompt", "seed", "model"])
def test_frame_with_a_column_twice_is_refused(server, name):
    frame = pandas.DataFrame([["a", "b", "c"]], columns=["prompt", name, "other" if name == "prompt" else name])
    with pytest.raises(OptionMistake, match=rf"two columns called {name}") as refused:
        qwave.batch(frame)
    assert "\n" not in str(refused.value)
    assert server.seen == []


def test_what_the_server_says_of_a_row_is_left_as_it_is(server):
    server.faults["submit"] = [[400, {"error": {"code": "invalid_request", "message": "not today"}}]]
    (error,) = errors_of(["a cat"]).values()
    assert isinstance(error, QwaveError)
    assert "not today" in str(error)
    assert not str(error).startswith("row")
